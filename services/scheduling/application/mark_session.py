"""A member says that a session was held or missed (N19: sessions held)."""

from dataclasses import dataclass

from services.scheduling.application.bookkeeping import keep, schedule_for
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.application.queries import SessionView, view_of
from services.scheduling.domain.session import State


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkSession:
    """What became of a session."""

    pairing_id: str
    session_id: str
    member_id: str
    held: bool


async def mark_session(command: MarkSession, uow: UnitOfWork) -> SessionView:
    """N19: note the outcome once the session began. The same word twice changes nothing; another word is refused."""
    schedule = await schedule_for(command.pairing_id, command.member_id, uow)
    before, now = schedule.reservations(), uow.clock.now()
    schedule.mark(command.session_id, State.HELD if command.held else State.MISSED, now)
    await keep(schedule, before, uow)
    return view_of(schedule, command.session_id, now)
