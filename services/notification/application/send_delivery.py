"""One attempt at one delivery: look whether it is still wanted and true, put it into words, hand it to the mail server."""

from dataclasses import dataclass
from datetime import timedelta

from services.notification.application.ports import AddressUnusable, Composer, Mailer, Sight, WordsUnavailable
from services.notification.domain.delivery import Delivery, Outcome, State
from services.notification.domain.recipient import Contact, Recipient
from services.notification.domain.retry import RetryPolicy
from services.notification.domain.truth import untrue
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness

ADDRESS_UNUSABLE = Outcome(state=State.FAILED, code="address-unusable", suspends_address=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message may be held up before it is checked for having been overtaken, or goes out without private words."""

    overtaken_after: timedelta = timedelta(minutes=2)
    without_words_after: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCounter:
    """The post counter: what an attempt needs. Built once by `main.py`; `mailer` is given per conversation."""

    composer: Composer
    clock: Clock
    wall: Clock
    randomness: Randomness
    retry: RetryPolicy
    patience: Patience

    def again(self, delivery: Delivery, code: str) -> Outcome:
        """Return when to try again, or the end."""
        return self.retry.again(delivery, code, self.wall.now(), self.randomness)


async def send_delivery(delivery: Delivery, counter: PostCounter, sight: Sight, mailer: Mailer) -> Outcome:
    """Return what came of it. Nothing is written here: the outcome is settled in a transaction of its own."""
    recipient = sight.person(delivery.member_id) or Recipient(id=delivery.member_id)
    held_up = counter.wall.now() - delivery.queued_at
    code = recipient.silence(delivery.kind) or untrue(
        delivery, sight.known(delivery), counter.clock.now(), held_up, counter.patience.overtaken_after
    )
    if code is not None:
        return Outcome(state=State.SUPPRESSED, code=code)
    if recipient.contact is None:
        return counter.again(delivery, "contact-unknown")
    without_words = held_up > counter.patience.without_words_after
    try:
        message = await counter.composer.compose(delivery, recipient, _fellows(delivery, sight), without_words=without_words)
    except WordsUnavailable:
        return counter.again(delivery, "words-unavailable")
    except AddressUnusable:
        return ADDRESS_UNUSABLE
    outcome = await mailer.send(message)
    if outcome.state is State.PENDING:
        return counter.again(delivery, outcome.code or "unknown")
    return outcome


def _fellows(delivery: Delivery, sight: Sight) -> dict[str, Contact]:
    people = {member: sight.person(member) for member in delivery.matter.members}
    return {member: person.contact for member, person in people.items() if person is not None and person.contact is not None}
