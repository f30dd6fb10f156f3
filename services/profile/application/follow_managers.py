"""When somebody's manager changes, the line of managers of everybody below them changes too (R5, N3)."""

from collections.abc import Sequence

from services.profile.application.ports import UnitOfWork
from services.profile.domain.census import Census
from services.profile.domain.values import Status

DEPTH_MAX = 64


async def find_below(moved: Sequence[str], census: Census, uow: UnitOfWork) -> list[str]:
    """Return the members below the moved ones who are not in the file themselves, each once."""
    seen, level = dict.fromkeys(moved), list(moved)
    for _ in range(DEPTH_MAX):
        below = [member_id for member_id in await uow.members.reports_of(level) if member_id not in seen] if level else []
        seen |= dict.fromkeys(below)
        level = below
        if not below:
            break
    return [member_id for member_id in seen if not census.holds(member_id)]


async def follow_managers(ids: Sequence[str], census: Census, uow: UnitOfWork) -> None:
    """Give these members the line of managers that is right now."""
    changed = []
    for member in await uow.members.find_many(ids):
        chain = census.management.chain_below(member.id, member.manager_chain)
        if member.status is not Status.ERASED and chain != member.manager_chain:
            member.follow_chain(chain)
            changed.append(member)
    await uow.members.save_many(changed)
