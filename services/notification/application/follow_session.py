"""Follow a session: remember its newest state, move or cancel its reminder, tell its members."""

from dataclasses import dataclass, replace

from services.notification.application.ports import UnitOfWork
from services.notification.application.tell_members import TellMembers, tell_members
from services.notification.domain.kinds import INVITATIONS
from services.notification.domain.matter import News
from services.notification.domain.replicas import SessionSeen, first_seen
from shared.kernel.cause import Cause

REMINDER = "session-reminder"


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowSession:
    """This happened to a session."""

    news: News


async def follow_session(command: FollowSession, uow: UnitOfWork) -> None:
    """N15, N16: the replica first, since a cancellation brings no times; then the reminder; then the mails."""
    news, meeting = command.news, command.news.matter.meeting
    if meeting is None:
        return
    seen = await uow.replicas.session(meeting.session_id)
    after = seen.after(news) if seen is not None else first_seen(news)
    if after is not None and after != seen:
        await uow.replicas.put_session(after)
        await _plan_reminder(after, command, uow)
    await tell_members(TellMembers(news=_with_times(news, after)), uow)


async def _plan_reminder(session: SessionSeen, command: FollowSession, uow: UnitOfWork) -> None:
    """Remind before the start; nobody needs a reminder of what they heard of a moment ago, or of the past."""
    starts_at = session.meeting.starts_at
    if session.cancelled or starts_at is None:
        await uow.timers.cancel(reminder_id(session.id))
        return
    remind_at = starts_at - uow.remind_before
    if remind_at <= command.news.at:
        await uow.timers.cancel(reminder_id(session.id))
        return
    cause = Cause(correlation_id=command.news.correlation_id, causation_id=command.news.cause_id)
    await uow.timers.set(
        reminder_id(session.id), remind_at, REMINDER, {"session_id": session.id, "sequence": session.meeting.calendar_sequence}, cause
    )


def reminder_id(session_id: str) -> str:
    """One reminder a session: a moved session moves it."""
    return f"{REMINDER}/{session_id}"


def _with_times(news: News, session: SessionSeen | None) -> News:
    """Add the time that a cancellation frees: its event does not bring it."""
    meeting = news.matter.meeting
    if news.kind in INVITATIONS or meeting is None or meeting.starts_at is not None or session is None:
        return news
    known = session.meeting
    full = replace(meeting, starts_at=known.starts_at, ends_at=known.ends_at, timezone=known.timezone, place_kind=known.place_kind)
    return replace(news, matter=replace(news.matter, meeting=full))
