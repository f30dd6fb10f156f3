"""The planner: first session, series, and what has to give way when somebody's hours change (R30, N16)."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise

from services.scheduling.domain.desk import Desk, Horizon
from services.scheduling.domain.schedule import Schedule
from services.scheduling.domain.session import REPLACEABLE, CancelReason, Kind, PlacedBy, Problem, Session, State


def book_first(schedule: Schedule, desk: Desk) -> None:
    """R30, N8: book the first session at the earliest slot in all members' working hours, after the notice period.

    Nothing happens when there is a first session already. One that waits for a time is tried again. The slot found
    becomes the anchor of the series, unless a series is running.
    """
    waiting = next((each for each in schedule.sessions if each.kind is Kind.FIRST and each.state is State.UNBOOKED), None)
    if waiting is None and any(each.kind is Kind.FIRST and not _replaceable(each) for each in schedule.sessions):
        return
    session_id = waiting.id if waiting else desk.new_id()
    earliest = desk.now + schedule.cadence.notice_period
    start = desk.common.earliest(earliest, earliest + desk.horizon.search, schedule.cadence.length)
    if start is None:
        schedule.leave_unbooked(session_id, Kind.FIRST, nominal_at=None, problem=Problem.NO_COMMON_TIME)
        return
    desk.common.take(schedule.book(session_id, Kind.FIRST, start, nominal_at=None, placed_by=PlacedBy.PLANNER).quarters)
    if schedule.anchor_at is None or not any(each.kind is Kind.REGULAR for each in schedule.upcoming(desk.now)):
        schedule.anchor_at = start


def extend_series(schedule: Schedule, occurrences: Sequence[datetime], desk: Desk) -> None:
    """R30: book each of the next occurrences at its own time, or at the next slot before the occurrence after it.

    An occurrence that has a session already is left alone: also when members moved or cancelled it.
    """
    earliest = desk.now + schedule.cadence.notice_period
    for nominal_at, until in _windows(occurrences[: desk.horizon.sessions_ahead + 1], desk.horizon):
        known = _session_of(schedule, nominal_at)
        if known is not None and known.state is not State.UNBOOKED:
            continue
        session_id = known.id if known else desk.new_id()
        start = desk.common.earliest(max(nominal_at, earliest), until, schedule.cadence.length)
        if start is None:
            schedule.leave_unbooked(session_id, Kind.REGULAR, nominal_at=nominal_at, problem=Problem.NO_COMMON_TIME)
        else:
            booked = schedule.book(session_id, Kind.REGULAR, start, nominal_at=nominal_at, placed_by=PlacedBy.PLANNER)
            desk.common.take(booked.quarters)


def name_problem(schedule: Schedule, problem: Problem, desk: Desk) -> None:
    """C: never silence: tell once that the series cannot be planned, and show it until the cadence is revised."""
    if schedule.series_problem is not problem:
        schedule.series_problem = problem
        schedule.leave_unbooked(desk.new_id(), Kind.REGULAR, nominal_at=None, problem=problem)


def give_way(schedule: Schedule, desk: Desk) -> None:
    """N16: move what the planner placed and what no longer lies in all members' working hours; the past stays.

    A session within the notice period, or whose time members chose or are choosing, stays where it is.
    """
    earliest = desk.now + schedule.cadence.notice_period
    for session in schedule.upcoming(earliest):
        if session.placed_by is not PlacedBy.PLANNER or session.proposal is not None or desk.common.covers(session.quarters):
            continue
        desk.common.give_back(session.quarters)
        begin = max(session.nominal_at or earliest, earliest)
        reach = desk.horizon.search if session.nominal_at is None else desk.horizon.give_way
        start = desk.common.earliest(begin, begin + reach, schedule.cadence.length)
        if start is None:
            schedule.cancel(session, CancelReason.NO_COMMON_TIME)
        else:
            desk.common.take(schedule.move(session, start, PlacedBy.PLANNER).quarters)


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
