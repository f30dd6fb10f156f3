"""Somebody leaves the company (N3); somebody is erased (N18)."""

from dataclasses import dataclass

from services.profile.application.pause_member import timer_id
from services.profile.application.ports import UnitOfWork
from services.profile.domain.member import Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure did: the proof that HR files."""

    member_id: str
    places: dict[str, int]


async def let_member_leave(member_id: str, uow: UnitOfWork) -> Member:
    """Close the member's enrolments and tell everybody; asking twice changes nothing."""
    member = await uow.members.get(member_id)
    if member.leave(now=uow.clock.now()):
        await uow.timers.cancel(timer_id(member_id))
        await uow.members.save(member)
    return member


async def erase_member(member_id: str, uow: UnitOfWork) -> Erasure:
    """Forget a person: profile, import reports, and by tombstones the card and contact that other services keep."""
    member = await uow.members.get(member_id)
    erased = member.erase(now=uow.clock.now())
    if erased:
        await uow.timers.cancel(timer_id(member_id))
        await uow.members.save(member)
    reports = await uow.imports.forget_member(member_id)
    return Erasure(member_id=member_id, places={"members": int(erased), "import_reports": reports})
