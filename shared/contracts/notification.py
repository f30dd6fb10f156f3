"""What notification tells: that a message went out or did not. Channel, kind and cause; never its words."""

from shared.contracts import topics
from shared.contracts.base import Contract, Instant
from shared.contracts.profile import MEMBER

_BASE = {
    "delivery_id": "0c9f6a1e-77aa-4a53-8c11-2b8e6a0d4f01",
    "member_id": MEMBER,
    "channel": "mail",
    "kind": "session-booked",
    "cause_id": "e7b1",
}


class _OfDelivery(Contract):
    """`kind` is what the message is about, `cause_id` the id of the event that asked for it."""

    TOPIC = topics.NOTIFICATION_DELIVERY
    delivery_id: str
    member_id: str
    channel: str
    kind: str
    cause_id: str


class DeliverySent(_OfDelivery):
    """The mail server took the message."""

    TYPE = "tandem.notification.delivery.sent.v1"
    EXAMPLE = _BASE


class DeliveryDeferred(_OfDelivery):
    """It could not be sent now and will be tried again."""

    TYPE = "tandem.notification.delivery.deferred.v1"
    EXAMPLE = _BASE | {"code": "smtp-451", "attempt": 1, "next_at": "2027-01-20T08:05:00.000Z"}
    code: str
    attempt: int
    next_at: Instant


class DeliveryFailed(_OfDelivery):
    """It was given up, for a reason in a code."""

    TYPE = "tandem.notification.delivery.failed.v1"
    EXAMPLE = _BASE | {"code": "smtp-550"}
    code: str


class DeliverySuppressed(_OfDelivery):
    """It was not sent on purpose (member left, address suspended, preference, no longer true)."""

    TYPE = "tandem.notification.delivery.suppressed.v1"
    EXAMPLE = _BASE | {"code": "member-left"}
    code: str


class AddressSuspended(Contract):
    """An address was refused for good; HR should correct it."""

    TYPE = "tandem.notification.delivery.address-suspended.v1"
    TOPIC = topics.NOTIFICATION_DELIVERY
    EXAMPLE = {"member_id": MEMBER, "code": "smtp-550"}
    member_id: str
    code: str
