"""A pairing ended, or a member of it left the company (N3)."""

from dataclasses import dataclass

from services.scheduling.application.bookkeeping import keep
from services.scheduling.application.plan_sessions import plan_no_more
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.domain.schedule import Schedule
from services.scheduling.domain.session import CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePairing:
    """The pairing is over; `member_left` when that is the reason."""

    pairing_id: str
    member_left: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseMember:
    """A member left the company or was erased."""

    member_id: str


async def close_pairing(command: ClosePairing, uow: UnitOfWork) -> None:
    """Cancel the future sessions. A pairing that was never active has none."""
    schedule = await uow.schedules.find(command.pairing_id)
    if schedule is not None:
        await _close(schedule, CancelReason.MEMBER_LEFT if command.member_left else CancelReason.PAIRING_CLOSED, uow)


async def release_member(command: ReleaseMember, uow: UnitOfWork) -> None:
    """N3: cancel a leaver's future sessions at once; matching closes the pairings, too, and nothing happens twice."""
    for schedule in await uow.schedules.of_member(command.member_id):
        await _close(schedule, CancelReason.MEMBER_LEFT, uow)


async def _close(schedule: Schedule, reason: CancelReason, uow: UnitOfWork) -> None:
    before = schedule.reservations()
    schedule.close(reason, uow.clock.now())
    await plan_no_more(schedule, uow)
    await keep(schedule, before, uow)
