"""Keep the replica of profile's contacts (state topic): the newest record wins, a tombstone forgets."""

from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork
from services.notification.domain.recipient import Contact


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepContact:
    """A member is reached like this."""

    member_id: str
    contact: Contact
    sequence: int


async def keep_contact(command: KeepContact, uow: UnitOfWork) -> None:
    """N18: personal data is held once, by profile; this is its replica, in the order of profile's sequence."""
    recipient = await uow.recipients.of(command.member_id)
    recipient.learn_contact(command.contact, command.sequence)
    await uow.recipients.save(recipient)


async def forget_contact(member_id: str, uow: UnitOfWork) -> None:
    """N18: the tombstone of an erased member."""
    recipient = await uow.recipients.of(member_id)
    recipient.forget_contact()
    await uow.recipients.save(recipient)
