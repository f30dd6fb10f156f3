"""Write down what came of some attempts, with their facts, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork
from services.notification.domain.delivery import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDeliveries:
    """This came of attempts that `claim` made, by delivery id."""

    claim: str
    outcomes: Mapping[str, Outcome]


async def settle_deliveries(command: SettleDeliveries, uow: UnitOfWork) -> None:
    """N2: only the holder of the claim may settle; where it was lost meanwhile, nothing changes and nothing is told."""
    deliveries = await uow.deliveries.claimed(list(command.outcomes), command.claim)
    recipients = await uow.recipients.of_all([delivery.member_id for delivery in deliveries.values()])
    now = uow.wall.now()
    for delivery_id, delivery in deliveries.items():
        delivery.settle(command.outcomes[delivery_id], recipients[delivery.member_id], now)
    await uow.deliveries.save(*deliveries.values())
    await uow.recipients.save(*recipients.values())
    for recipient in recipients.values():
        if recipient.erased:
            await uow.deliveries.forget(recipient.id)
