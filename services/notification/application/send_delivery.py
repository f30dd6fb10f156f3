"""One attempt at one delivery: look whether it is still wanted and true, put it into words, hand it to the mail server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from services.notification.application.ports import Composer, Directory, Mailer, WordsUnavailable
from services.notification.domain.delivery import Delivery, Outcome, State
from services.notification.domain.kinds import OPENINGS
from services.notification.domain.recipient import Contact, Recipient
from services.notification.domain.retry import RetryPolicy
from services.notification.domain.truth import Known, untrue
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a message may be held up before it is checked for having been overtaken, or goes out without private words."""

    overtaken_after: timedelta = timedelta(minutes=2)
    without_words_after: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """The post counter: what an attempt needs. Built once by `main.py`; `mailer` is given per conversation."""

    directory: Directory
    composer: Composer
    clock: Clock
    wall: Clock
    randomness: Randomness
    retry: RetryPolicy
    patience: Patience


async def send_delivery(delivery: Delivery, counter: Counter, mailer: Mailer) -> Outcome:
    """Return what came of it. Nothing is written here: the outcome is settled in a transaction of its own."""
    people = await counter.directory.recipients((delivery.member_id, *delivery.matter.members))
    recipient = people.get(delivery.member_id) or Recipient(id=delivery.member_id)
    code = recipient.silence(delivery.kind) or await _untrue(delivery, counter)
    if code is not None:
        return Outcome(state=State.SUPPRESSED, code=code)
    if recipient.contact is None:
        return _again(delivery, "contact-unknown", counter)
    late = counter.wall.now() - delivery.queued_at > counter.patience.without_words_after
    try:
        message = await counter.composer.compose(delivery, recipient, _contacts(people), without_words=late)
    except WordsUnavailable:
        return _again(delivery, "words-unavailable", counter)
    outcome = await mailer.send(message)
    if outcome.state is State.PENDING:
        return _again(delivery, outcome.code or "unknown", counter)
    return outcome


async def _untrue(delivery: Delivery, counter: Counter) -> str | None:
    matter, directory = delivery.matter, counter.directory
    openings = OPENINGS.get(delivery.kind, ())
    known = Known(
        pairing=await directory.pairing(matter.pairing_id) if matter.pairing_id else None,
        session=await directory.session(matter.meeting.session_id) if matter.meeting else None,
        opening_dropped=bool(openings) and await directory.opening_dropped(delivery, openings),
    )
    held_up = counter.wall.now() - delivery.queued_at
    return untrue(delivery, known, counter.clock.now(), held_up, counter.patience.overtaken_after)


def _again(delivery: Delivery, code: str, counter: Counter) -> Outcome:
    return counter.retry.again(delivery, code, counter.wall.now(), counter.randomness)


def _contacts(people: Mapping[str, Recipient]) -> dict[str, Contact]:
    return {member: person.contact for member, person in people.items() if person.contact is not None}
