"""Write down what came of an attempt, with its fact, in one transaction."""

from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork
from services.notification.domain.delivery import Outcome, State


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDelivery:
    """This came of the attempt that `claim` made."""

    delivery_id: str
    member_id: str
    claim: str
    outcome: Outcome


async def settle_delivery(command: SettleDelivery, uow: UnitOfWork) -> bool:
    """N2: only the holder of the claim may settle; a claim that was lost meanwhile changes nothing. Say whether it held."""
    delivery = await uow.deliveries.claimed(command.delivery_id, command.claim)
    if delivery is None:
        return False
    recipient = await uow.recipients.of(command.member_id)
    delivery.settle(command.outcome, recipient, uow.wall.now())
    await uow.deliveries.save(delivery)
    await uow.recipients.save(recipient)
    if recipient.erased and delivery.state is not State.PENDING:
        await uow.deliveries.forget(command.member_id)
    return True
