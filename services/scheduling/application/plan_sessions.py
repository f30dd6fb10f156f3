"""Plan a pairing's sessions: the first one, the series ahead, and what waits for a time (R30)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.scheduling.application.bookkeeping import desk_for, keep
from services.scheduling.application.ports import RuleNotUnderstood, UnitOfWork
from services.scheduling.domain import planning, slots
from services.scheduling.domain.desk import Desk
from services.scheduling.domain.schedule import Schedule
from services.scheduling.domain.session import Problem, State

TIMER = "plan"
RETRY = timedelta(days=7)
"""How often a session without a time is tried again when nobody's hours change: diaries may have become free."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSessions:
    """Look at a pairing's schedule again."""

    pairing_id: str


async def plan_sessions(command: PlanSessions, uow: UnitOfWork) -> None:
    """R30: book what is to be booked by now. May run at any time and again: what stands is left alone."""
    schedule = await uow.schedules.find(command.pairing_id)
    if schedule is None or not schedule.is_active:
        return
    before = schedule.reservations()
    await plan(schedule, uow)
    await keep(schedule, before, uow)


async def plan(schedule: Schedule, uow: UnitOfWork) -> None:
    """Plan an active schedule and set the timer for the next look."""
    desk = await desk_for(schedule, uow)
    planning.give_way(schedule, desk)
    planning.book_first(schedule, desk)
    occurrences = _next_occurrences(schedule, desk, uow)
    planning.extend_series(schedule, occurrences, desk)
    if schedule.revision:  # a new one has no past
        await uow.diaries.forget_before(schedule.id, slots.first_from(desk.now) - 1)
    await _look_again(schedule, occurrences, desk.now, uow)


async def plan_soon(schedule: Schedule, uow: UnitOfWork) -> None:
    """Ask for a look at the schedule in a transaction of its own, as soon as possible."""
    await uow.timers.set(_timer_id(schedule), uow.clock.now(), TIMER, {"pairing_id": schedule.id})


async def plan_no_more(schedule: Schedule, uow: UnitOfWork) -> None:
    """Take back the timer of a schedule that rests or is over."""
    await uow.timers.cancel(_timer_id(schedule))


def _next_occurrences(schedule: Schedule, desk: Desk, uow: UnitOfWork) -> list[datetime]:
    if schedule.anchor_at is None:
        return []
    try:
        after = max(desk.now, schedule.anchor_at)
        return uow.recurrence.following(schedule.cadence, schedule.anchor_at, after, desk.horizon.sessions_ahead + 1)
    except RuleNotUnderstood:
        planning.name_problem(schedule, Problem.CADENCE_NOT_UNDERSTOOD, desk)
        return []


async def _look_again(schedule: Schedule, occurrences: list[datetime], now: datetime, uow: UnitOfWork) -> None:
    dates = occurrences[:1]
    if any(each.state is State.UNBOOKED for each in schedule.sessions):
        dates.append(now + RETRY)
    if dates:
        await uow.timers.set(_timer_id(schedule), min(dates), TIMER, {"pairing_id": schedule.id})


def _timer_id(schedule: Schedule) -> str:
    return f"{TIMER}:{schedule.id}"
