"""Delivery: one message to one member on one channel, a durable row from the event to the mail server's yes or no."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.notification.domain import events
from services.notification.domain.kinds import Channel, Kind
from services.notification.domain.matter import Matter, News
from services.notification.domain.recipient import Recipient
from shared.kernel.cause import Cause

NAMESPACE = uuid.UUID("6b8f1d0a-3a0e-5d57-9a53-7c2b5e0f4d01")


class State(StrEnum):
    """Where a delivery stands. Everything but `pending` is final."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SUPPRESSED = "suppressed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one attempt. `code` is stable and public; `next_at` is set when it will be tried again."""

    state: State
    code: str | None = None
    next_at: datetime | None = None
    suspends_address: bool = False


SENT = Outcome(state=State.SENT)


@dataclass(kw_only=True)
class Delivery:
    """`at` is business time; `queued_at` and `due_at` are technical time (retries never run fast).

    `lane`: the messages about one pairing to one member go out one after the other, in the order of `at`.
    """

    id: str
    member_id: str
    channel: Channel
    kind: Kind
    cause_id: str
    correlation_id: str
    lane: str
    at: datetime
    matter: Matter
    queued_at: datetime
    due_at: datetime | None
    state: State = State.PENDING
    attempts: int = 0
    code: str | None = None
    done_at: datetime | None = None
    traceparent: str | None = None
    """The span of the work that asked for it, where telemetry is on (N17)."""

    @property
    def cause(self) -> Cause:
        """Return why it is sent: what its log lines, spans and facts carry."""
        return Cause(correlation_id=self.correlation_id, causation_id=self.cause_id, traceparent=self.traceparent)

    def settle(self, outcome: Outcome, recipient: Recipient, now: datetime) -> None:
        """Take the outcome of an attempt and record it as a fact of the recipient. A settled delivery stays settled."""
        if self.state is not State.PENDING:
            return
        self.state, self.code = outcome.state, outcome.code
        self.attempts += outcome.state is not State.SUPPRESSED
        self.due_at = outcome.next_at
        if outcome.state is not State.PENDING:
            self.done_at = now
        recipient.record(self._fact(outcome))
        if outcome.suspends_address and outcome.code is not None:
            recipient.suspend(outcome.code)

    def _fact(self, outcome: Outcome) -> events.OfDelivery:
        about = {
            "delivery_id": self.id,
            "member_id": self.member_id,
            "channel": self.channel.value,
            "kind": self.kind.value,
            "cause_id": self.cause_id,
        }
        code = outcome.code or "unknown"
        if outcome.state is State.SENT:
            return events.DeliverySent(**about)
        if outcome.state is State.SUPPRESSED:
            return events.DeliverySuppressed(**about, code=code)
        if outcome.next_at is None:
            return events.DeliveryFailed(**about, code=code)
        return events.DeliveryDeferred(**about, code=code, attempt=self.attempts, next_at=outcome.next_at)


def delivery_id(cause_id: str, member_id: str, channel: Channel, kind: Kind) -> str:
    """Return the one id that this message ever has: a repeated event changes nothing (N2), a repeated mail is recognised."""
    return str(uuid.uuid5(NAMESPACE, f"{cause_id}\n{member_id}\n{channel.value}\n{kind.value}"))


def deliveries_of(news: News, members: tuple[str, ...], now: datetime) -> list[Delivery]:
    """Return one pending delivery per member. `now` is technical time: they are due at once."""
    topic = news.matter.pairing_id or news.cause_id
    return [
        Delivery(
            id=delivery_id(news.cause_id, member, Channel.MAIL, news.kind),
            member_id=member,
            channel=Channel.MAIL,
            kind=news.kind,
            cause_id=news.cause_id,
            correlation_id=news.correlation_id,
            lane=f"{member}/{topic}",
            at=news.at,
            matter=news.matter,
            queued_at=now,
            due_at=now,
        )
        for member in members
    ]
