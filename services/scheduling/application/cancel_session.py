"""A member cancels a session (R7, R31)."""

from dataclasses import dataclass

from services.scheduling.application.bookkeeping import keep, schedule_for
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.application.queries import SessionView, view_of
from services.scheduling.domain import agreement
from services.scheduling.domain.session import CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelSession:
    """One session will not take place; the series goes on."""

    pairing_id: str
    session_id: str
    member_id: str
    reason: CancelReason = CancelReason.CANCELLED_BY_MEMBER


async def cancel_session(command: CancelSession, uow: UnitOfWork) -> SessionView:
    """R31: cancel in time, or say that one is unable to attend; the quarter hours are free again at once."""
    schedule = await schedule_for(command.pairing_id, command.member_id, uow)
    before, now = schedule.reservations(), uow.clock.now()
    agreement.cancel(schedule, command.session_id, command.reason, now)
    await keep(schedule, before, uow)
    return view_of(schedule, command.session_id, now)
