"""A member left the company, or was erased."""

from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWithMember:
    """Stop telling this member things; with `erase`, forget them."""

    member_id: str
    erase: bool = False


async def part_with_member(command: PartWithMember, uow: UnitOfWork) -> None:
    """N3, N18: a leaver gets the kind closing words and nothing else; of an erased member nothing personal is left."""
    recipient = await uow.recipients.of(command.member_id)
    if command.erase:
        recipient.erase()
        await uow.deliveries.forget(command.member_id)
    else:
        recipient.leave()
    await uow.recipients.save(recipient)
