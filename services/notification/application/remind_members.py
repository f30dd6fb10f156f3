"""A session's reminder is due."""

from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork
from services.notification.application.tell_members import TellMembers, tell_members
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import Matter, News


@dataclass(frozen=True, slots=True, kw_only=True)
class RemindMembers:
    """Remind of this session, if it is still the one that was planned."""

    session_id: str
    sequence: int
    correlation_id: str


async def remind_members(command: RemindMembers, uow: UnitOfWork) -> None:
    """N16: remind of what is still ahead and still planned so; nothing for past, moved or cancelled sessions."""
    session = await uow.replicas.session(command.session_id)
    now = uow.clock.now()
    if session is None or session.meeting.calendar_sequence != command.sequence or not session.takes_place_after(now):
        return
    news = News(
        kind=Kind.SESSION_REMINDER,
        cause_id=f"reminder/{command.session_id}/{command.sequence}",
        correlation_id=command.correlation_id,
        at=now,
        matter=Matter(members=session.members, pairing_id=session.pairing_id, meeting=session.meeting),
    )
    await tell_members(TellMembers(news=news), uow)
