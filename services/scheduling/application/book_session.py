"""A member books a session beside the series (R35, R36)."""

from dataclasses import dataclass
from datetime import datetime

from services.scheduling.application.bookkeeping import desk_for, keep, schedule_for
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.application.queries import SessionView, view_of
from services.scheduling.domain import agreement
from services.scheduling.domain.session import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSession:
    """Another session: at `starts_at`, or at the earliest slot."""

    pairing_id: str
    member_id: str
    kind: Kind
    starts_at: datetime | None = None


async def book_session(command: BookSession, uow: UnitOfWork) -> SessionView:
    """R35, R36: book it in everybody's working hours, where nobody has another session."""
    schedule = await schedule_for(command.pairing_id, command.member_id, uow)
    before, desk = schedule.reservations(), await desk_for(schedule, uow)
    booked = agreement.book_another(schedule, command.kind, command.starts_at, desk)
    await keep(schedule, before, uow)
    return view_of(schedule, booked.id, desk.now)
