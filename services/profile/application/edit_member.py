"""A member says something about themselves; it belongs to them from then on (field ownership)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.profile.application.ports import UnitOfWork
from services.profile.domain.member import Member
from shared.kernel.errors import PreconditionFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class EditMember:
    """Set these fields of a member, if the stored one is still the one that was read."""

    member_id: str
    values: Mapping[str, Any]
    revision: int | None


async def edit_member(command: EditMember, uow: UnitOfWork) -> Member:
    """Change the member; the card and contact follow where they are touched."""
    member = await uow.members.get(command.member_id)
    if command.revision is not None and command.revision != member.revision:
        raise PreconditionFailed(revision=member.revision)
    member.edit(command.values)
    await uow.members.save(member)
    return member
