"""Not to be paired for a while: until a date, or until the member says so (a durable timer ends it)."""

from dataclasses import dataclass
from datetime import datetime

from services.profile.application.ports import UnitOfWork
from services.profile.domain.member import Member
from services.profile.domain.values import PauseReason

TIMER = "pause-ends"


def timer_id(member_id: str) -> str:
    """Return the name of the timer that ends a member's pause."""
    return f"{TIMER}:{member_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseMember:
    """Pause until an instant, by wish or because of absence."""

    member_id: str
    until: datetime
    reason: PauseReason


async def pause_member(command: PauseMember, uow: UnitOfWork) -> Member:
    """Pause; a later pause replaces an earlier one."""
    member = await uow.members.get(command.member_id)
    member.pause_until(command.until, command.reason, now=uow.clock.now())
    await uow.timers.set(timer_id(member.id), command.until, TIMER, {"member_id": member.id})
    await uow.members.save(member)
    return member


async def resume_member(member_id: str, uow: UnitOfWork) -> Member:
    """Be paired again before the date."""
    member = await uow.members.get(member_id)
    member.resume()
    await uow.timers.cancel(timer_id(member_id))
    await uow.members.save(member)
    return member


async def end_pause(member_id: str, at: datetime, uow: UnitOfWork) -> None:
    """End a pause whose date has come by `at` (timer); one that was replaced or ended meanwhile is left alone."""
    member = await uow.members.get(member_id)
    if member.pause_is_over(now=at):
        member.resume()
        await uow.members.save(member)
