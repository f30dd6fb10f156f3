"""Members agree on another time (R7)."""

from dataclasses import dataclass
from datetime import datetime

from services.scheduling.application.bookkeeping import desk_for, keep, schedule_for
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.application.queries import SessionView, view_of
from services.scheduling.domain import agreement


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeTime:
    """A member would rather meet at another time."""

    pairing_id: str
    session_id: str
    member_id: str
    starts_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptTime:
    """A member accepts the time that another one proposed."""

    pairing_id: str
    session_id: str
    member_id: str


async def propose_time(command: ProposeTime, uow: UnitOfWork) -> SessionView:
    """R7: the session keeps its time until all others have accepted."""
    schedule = await schedule_for(command.pairing_id, command.member_id, uow)
    before, desk = schedule.reservations(), await desk_for(schedule, uow)
    agreement.propose(schedule, command.session_id, command.member_id, command.starts_at, desk)
    await keep(schedule, before, uow)
    return view_of(schedule, command.session_id, desk.now)


async def accept_time(command: AcceptTime, uow: UnitOfWork) -> SessionView:
    """R7: the last acceptance moves the session; who was faster elsewhere makes it a clear refusal."""
    schedule = await schedule_for(command.pairing_id, command.member_id, uow)
    before, desk = schedule.reservations(), await desk_for(schedule, uow)
    agreement.accept(schedule, command.session_id, command.member_id, desk)
    await keep(schedule, before, uow)
    return view_of(schedule, command.session_id, desk.now)
