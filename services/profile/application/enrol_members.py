"""Let members take part in a programme, or no longer."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.profile.application.ports import UnitOfWork
from services.profile.domain.member import Member
from services.profile.domain.values import Status
from shared.kernel.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolMembers:
    """Enrol members with so many seats (None: as many as each of them said)."""

    member_ids: Sequence[str]
    programme_id: str
    capacity: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawMember:
    """End a member's part in a programme; pairings that exist go on."""

    member_id: str
    programme_id: str


async def enrol_members(command: EnrolMembers, uow: UnitOfWork) -> int:
    """Enrol those who are here; return how many of them are newly enrolled or have other seats now."""
    members = await uow.members.find_many(command.member_ids)
    changed = [member for member in members if member.status is Status.ACTIVE and member.enrol(command.programme_id, command.capacity)]
    await uow.members.save_many(changed)
    return len(changed)


async def enrol_member(command: EnrolMembers, uow: UnitOfWork) -> Member:
    """Enrol one member, or refuse: nobody who left takes part."""
    members = await uow.members.find_many(command.member_ids)
    if not members:
        raise NotFound
    if members[0].enrol(command.programme_id, command.capacity):
        await uow.members.save(members[0])
    return members[0]


async def withdraw_member(command: WithdrawMember, uow: UnitOfWork) -> Member:
    """End a member's part in a programme."""
    member = await uow.members.get(command.member_id)
    member.withdraw(command.programme_id)
    await uow.members.save(member)
    return member
