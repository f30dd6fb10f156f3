"""Facts about messages: that one went out or did not, by codes. Never its words (N9, N17)."""

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.aggregate import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class OfDelivery(DomainEvent):
    """Which message: its own id, whose it is, what it is about, and the event that asked for it."""

    delivery_id: str
    member_id: str
    channel: str
    kind: str
    cause_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySent(OfDelivery):
    """The mail server took it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDeferred(OfDelivery):
    """It could not be sent now and will be tried again."""

    code: str
    attempt: int
    next_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryFailed(OfDelivery):
    """It was given up."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySuppressed(OfDelivery):
    """It was not sent on purpose."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressSuspended(DomainEvent):
    """An address was refused for good; HR should correct it."""

    member_id: str
    code: str
