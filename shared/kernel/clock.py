"""Time as an argument: business time may run fast (demo, simulation), technical time never does."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where time comes from. `now()` is aware, in UTC, cut to milliseconds (what the database keeps)."""

    def now(self) -> datetime:
        """Return the current instant in UTC."""
        ...

    def real_seconds(self, span: timedelta) -> float:
        """Return how many seconds of the wall pass while `span` passes on this clock."""
        ...


def to_milliseconds(moment: datetime) -> datetime:
    """Cut `moment` to whole milliseconds in UTC, so that a stored time equals the one in memory."""
    utc = moment.astimezone(UTC)
    return utc.replace(microsecond=utc.microsecond // 1000 * 1000)


class WallClock:
    """The machine's own time: leases, retry delays, token and idempotency lifetimes (technical time)."""

    def now(self) -> datetime:
        """Return the machine's time."""
        return to_milliseconds(datetime.now(UTC))

    def real_seconds(self, span: timedelta) -> float:
        """One second is one second."""
        return span.total_seconds()


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Business time that begins at `start` when the wall shows `epoch`, then runs `rate` times as fast, and ends at `until`.

    Before `epoch` and from `until` on it stands still. All processes of one deployment share these values, so they agree
    on business time.
    """

    start: datetime
    epoch: datetime
    rate: float
    wall: Clock
    until: datetime | None = None

    def now(self) -> datetime:
        """Return business time now."""
        reached = self.start + max(timedelta(0), self.wall.now() - self.epoch) * self.rate
        return to_milliseconds(reached if self.until is None else min(reached, self.until))

    def real_seconds(self, span: timedelta) -> float:
        """Return the wall seconds that `span` of business time takes."""
        return span.total_seconds() / self.rate
