"""What members may read: their own pairings' sessions. Administrators read counts only (R13)."""

from dataclasses import dataclass
from datetime import datetime

from services.scheduling.application.bookkeeping import schedule_for
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.domain.schedule import Schedule, Status
from services.scheduling.domain.session import Session, State


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionView:
    """A session as its members see it. `unconfirmed`: it is over and nobody said whether it was held."""

    pairing_id: str
    members: tuple[str, ...]
    timezone: str
    place_kind: str
    session: Session
    unconfirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleView:
    """All sessions of a pairing, soonest first, and why planning cannot go on, if so."""

    pairing_id: str
    status: Status
    problem: str | None
    sessions: tuple[SessionView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many sessions there are by state: all that an administrator sees; None where the group is too small (R13)."""

    pairings: int | None
    sessions: dict[str, int] | None


def view_of(schedule: Schedule, session_id: str, now: datetime) -> SessionView:
    """Return one session as its members see it."""
    return _view(schedule, schedule.session(session_id), now)


async def sessions_of_pairing(pairing_id: str, member_id: str, uow: UnitOfWork) -> ScheduleView:
    """Return a pairing's sessions to one of its members; what waits for a time comes last, with its reason."""
    schedule = await schedule_for(pairing_id, member_id, uow)
    waiting = [each.reason for each in schedule.sessions if each.state is State.UNBOOKED]
    sessions = _views(schedule, uow.clock.now())
    return ScheduleView(
        pairing_id=pairing_id, status=schedule.status, problem=schedule.series_problem or next(iter(waiting), None), sessions=sessions
    )


async def sessions_of_member(member_id: str, begin: datetime | None, end: datetime | None, uow: UnitOfWork) -> tuple[SessionView, ...]:
    """Return a member's sessions of all pairings that start in the window, soonest first."""
    now = uow.clock.now()
    found = [view for schedule in await uow.schedules.of_member(member_id, closed=True) for view in _views(schedule, now)]
    return tuple(sorted((each for each in found if _within(each.session, begin, end)), key=_order))


async def counts(programme_id: str | None, minimum_group_size: int, uow: UnitOfWork) -> Counts:
    """R13, N19: return counts, and none at all when fewer than `minimum_group_size` pairings stand behind them."""
    found = await uow.schedules.counts(programme_id)
    pairings = found.pop("pairings", 0)
    return Counts(pairings=None, sessions=None) if pairings < minimum_group_size else Counts(pairings=pairings, sessions=found)


def _within(session: Session, begin: datetime | None, end: datetime | None) -> bool:
    if session.starts_at is None:
        return begin is None and end is None
    return (begin is None or session.starts_at >= begin) and (end is None or session.starts_at < end)


def _views(schedule: Schedule, now: datetime) -> tuple[SessionView, ...]:
    return tuple(sorted((_view(schedule, session, now) for session in schedule.sessions), key=_order))


def _order(view: SessionView) -> tuple[bool, str, str]:
    return view.session.starts_at is None, str(view.session.starts_at), view.session.id


def _view(schedule: Schedule, session: Session, now: datetime) -> SessionView:
    return SessionView(
        pairing_id=schedule.id,
        members=schedule.members,
        timezone=schedule.cadence.timezone,
        place_kind=schedule.cadence.place_kind,
        session=session,
        unconfirmed=session.is_open and session.ends_at is not None and session.ends_at <= now,
    )
