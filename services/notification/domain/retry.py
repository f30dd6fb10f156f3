"""When to try again, and when to stop: growing, jittered, bounded in age."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notification.domain.delivery import Delivery, Outcome, State
from shared.kernel.randomness import Randomness, jittered

DOUBLINGS_MAX = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Technical time only. A message older than `give_up_after` is given up at its next fault."""

    first: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(minutes=30)
    give_up_after: timedelta = timedelta(days=3)

    def again(self, delivery: Delivery, code: str, now: datetime, randomness: Randomness) -> Outcome:
        """Return a deferral with its time, or the end when the message has become too old."""
        wait = min(self.longest, self.first * 2 ** min(delivery.attempts, DOUBLINGS_MAX))
        next_at = now + timedelta(seconds=jittered(wait.total_seconds(), randomness))
        if next_at - delivery.queued_at > self.give_up_after:
            return Outcome(state=State.FAILED, code=code)
        return Outcome(state=State.PENDING, code=code, next_at=next_at)
