"""The planner: first session, series, and what has to give way when somebody's hours change (R30, N16)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.schedule import Schedule
from services.scheduling.domain.session import REPLACEABLE, CancelReason, Kind, PlacedBy, Problem, Session, State

NewId = Callable[[], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How far the planner looks: occurrences booked ahead, search for a slot, and how far an occurrence may give way."""

    sessions_ahead: int = 4
    search: timedelta = timedelta(days=28)
    give_way: timedelta = timedelta(days=7)


def book_first(schedule: Schedule, common: CommonTime, now: datetime, horizon: Horizon, new_id: NewId) -> None:
    """R30, N8: book the first session at the earliest slot in all members' working hours, after the notice period.

    Nothing happens when there is a first session already. One that waits for a time is tried again. The slot found
    becomes the anchor of the series, unless a series is running.
    """
    waiting = next((each for each in schedule.sessions if each.kind is Kind.FIRST and each.state is State.UNBOOKED), None)
    if waiting is None and any(each.kind is Kind.FIRST and not _replaceable(each) for each in schedule.sessions):
        return
    session_id = waiting.id if waiting else new_id()
    earliest = now + schedule.cadence.notice_period
    start = common.earliest(earliest, earliest + horizon.search, schedule.cadence.length)
    if start is None:
        schedule.leave_unbooked(session_id, Kind.FIRST, nominal_at=None, problem=Problem.NO_COMMON_TIME)
        return
    common.take(schedule.book(session_id, Kind.FIRST, start, nominal_at=None, placed_by=PlacedBy.PLANNER).quarters)
    if schedule.anchor_at is None or not any(each.kind is Kind.REGULAR for each in schedule.upcoming(now)):
        schedule.anchor_at = start


def extend_series(
    schedule: Schedule, occurrences: Sequence[datetime], common: CommonTime, now: datetime, horizon: Horizon, new_id: NewId
) -> None:
    """R30: book each of the next occurrences at its own time, or at the next slot before the occurrence after it.

    An occurrence that has a session already is left alone: also when members moved or cancelled it.
    """
    earliest = now + schedule.cadence.notice_period
    for nominal_at, until in _windows(occurrences[: horizon.sessions_ahead + 1], horizon):
        known = _session_of(schedule, nominal_at)
        if known is not None and known.state is not State.UNBOOKED:
            continue
        session_id = known.id if known else new_id()
        start = common.earliest(max(nominal_at, earliest), until, schedule.cadence.length)
        if start is None:
            schedule.leave_unbooked(session_id, Kind.REGULAR, nominal_at=nominal_at, problem=Problem.NO_COMMON_TIME)
        else:
            booked = schedule.book(session_id, Kind.REGULAR, start, nominal_at=nominal_at, placed_by=PlacedBy.PLANNER)
            common.take(booked.quarters)


def name_problem(schedule: Schedule, problem: Problem, new_id: NewId) -> None:
    """C: never silence: tell once that the series cannot be planned, and show it until the cadence is revised."""
    if schedule.series_problem is not problem:
        schedule.series_problem = problem
        schedule.leave_unbooked(new_id(), Kind.REGULAR, nominal_at=None, problem=problem)


def give_way(schedule: Schedule, common: CommonTime, now: datetime, horizon: Horizon) -> None:
    """N16: move what the planner placed and what no longer lies in all members' working hours; the past stays.

    A session within the notice period, or whose time members chose or are choosing, stays where it is.
    """
    earliest = now + schedule.cadence.notice_period
    for session in schedule.upcoming(earliest):
        if session.placed_by is not PlacedBy.PLANNER or session.proposal is not None or common.covers(session.quarters):
            continue
        common.give_back(session.quarters)
        begin = max(session.nominal_at or earliest, earliest)
        reach = horizon.search if session.nominal_at is None else horizon.give_way
        start = common.earliest(begin, begin + reach, schedule.cadence.length)
        if start is None:
            schedule.cancel(session, CancelReason.NO_COMMON_TIME)
        else:
            common.take(schedule.move(session, start, PlacedBy.PLANNER).quarters)


def _replaceable(session: Session) -> bool:
    return session.state is State.CANCELLED and session.reason in REPLACEABLE


def _session_of(schedule: Schedule, nominal_at: datetime) -> Session | None:
    for session in schedule.sessions:
        if session.nominal_at == nominal_at and not _replaceable(session):
            return session
    return None


def _windows(occurrences: Sequence[datetime], horizon: Horizon) -> Iterator[tuple[datetime, datetime]]:
    """Yield each occurrence with the instant by which its session must be over: at the latest the next one's start."""
    for nominal_at, following in pairwise(occurrences):
        yield nominal_at, min(following, nominal_at + horizon.give_way)
    if 0 < len(occurrences) <= horizon.sessions_ahead:
        yield occurrences[-1], occurrences[-1] + horizon.give_way
