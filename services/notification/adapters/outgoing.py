"""The only door through which facts leave: domain event to contract. Codes and ids, never words (N9)."""

from services.notification.domain import events
from services.notification.domain.recipient import Recipient
from shared.contracts import notification as contracts
from shared.contracts.base import Contract
from shared.kernel.aggregate import DomainEvent


def outgoing(_recipient: Recipient, event: DomainEvent) -> Contract:
    """Return the contract of a fact."""
    match event:
        case events.AddressSuspended():
            return contracts.AddressSuspended(member_id=event.member_id, code=event.code)
        case events.DeliverySent():
            return contracts.DeliverySent(**_about(event))
        case events.DeliveryDeferred():
            return contracts.DeliveryDeferred(**_about(event), code=event.code, attempt=event.attempt, next_at=event.next_at)
        case events.DeliveryFailed():
            return contracts.DeliveryFailed(**_about(event), code=event.code)
        case events.DeliverySuppressed():
            return contracts.DeliverySuppressed(**_about(event), code=event.code)
        case _:
            raise TypeError(f"{type(event).__name__} has no contract")


def _about(event: events.OfDelivery) -> dict[str, str]:
    return {
        "delivery_id": event.delivery_id,
        "member_id": event.member_id,
        "channel": event.channel,
        "kind": event.kind,
        "cause_id": event.cause_id,
    }
