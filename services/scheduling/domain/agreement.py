"""What members do with their sessions (R7): propose, accept, cancel, book another. Each "no" has its own name."""

from datetime import datetime, timedelta

from services.scheduling.domain import refusals, slots
from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.desk import Desk
from services.scheduling.domain.schedule import Schedule
from services.scheduling.domain.session import CancelReason, Kind, PlacedBy, Session, State

OPEN_SESSIONS_MAX = 20
FARTHEST_AHEAD = timedelta(days=366)


def propose(schedule: Schedule, session_id: str, member_id: str, starts_at: datetime, desk: Desk) -> Session:
    """R7: propose another time, outside working hours too: it counts only when all others accept.

    Raises:
        SessionIsOver, SessionNotBookedYet, SessionAlreadyBegan, NoticePeriodOver: the session cannot move any more.
        NotOnTheQuarterHour, TooSoon, TooFarAhead, TimeNotFree: the new time cannot be.

    """
    session = schedule.session(session_id)
    schedule.require_changeable(session, desk.now)
    schedule.require_notice(session, desk.now)
    _require_possible(starts_at, desk.now + schedule.cadence.notice_period, desk.now)
    _require_free(schedule, session, starts_at, desk.common)
    return schedule.propose(session, member_id, starts_at)


def accept(schedule: Schedule, session_id: str, member_id: str, desk: Desk) -> Session:
    """R7: accept the proposed time; the last acceptance moves the session.

    Raises:
        NothingProposed, OwnProposal: there is nothing for this member to accept.
        SessionAlreadyBegan, TooSoon, TimeNotFree: the session or the proposed time is no longer possible.

    """
    session = schedule.session(session_id)
    schedule.require_changeable(session, desk.now)
    if session.proposal is None:
        raise refusals.NothingProposed(session_id=session_id)
    if session.proposal.proposed_by == member_id:
        raise refusals.OwnProposal(session_id=session_id)
    if session.proposal.starts_at <= desk.now:
        raise refusals.TooSoon(session_id=session_id)
    _require_free(schedule, session, session.proposal.starts_at, desk.common)
    return schedule.agree(session, session.proposal, member_id)


def cancel(schedule: Schedule, session_id: str, reason: CancelReason, now: datetime) -> Session:
    """R7, R31: cancel before the notice period; who is unable to attend may say so until the start.

    Raises:
        SessionIsOver, SessionAlreadyBegan, NoticePeriodOver: it is too late for this.

    """
    session = schedule.session(session_id)
    if session.state is State.UNBOOKED:
        schedule.cancel(session, reason)
        return schedule.session(session_id)
    schedule.require_changeable(session, now)
    if reason is not CancelReason.UNABLE_TO_ATTEND:
        schedule.require_notice(session, now)
    schedule.cancel(session, reason)
    return schedule.session(session_id)


def book_another(schedule: Schedule, kind: Kind, starts_at: datetime | None, desk: Desk) -> Session:
    """R35, R36: book a session beside the series, at a time of one's own choice or at the earliest slot.

    What is urgent (`ad_hoc`, R35) needs no notice; everything else does. It lies in everybody's working hours.

    Raises:
        PairingNotActive, TooManyOpenSessions: nothing can be booked.
        NotOnTheQuarterHour, TooSoon, TooFarAhead, OutsideWorkingHours, TimeNotFree, NoCommonTime: not at that time.

    """
    if not schedule.is_active:
        raise refusals.PairingNotActive(pairing_id=schedule.id, status=schedule.status)
    if len(schedule.upcoming(desk.now)) >= OPEN_SESSIONS_MAX:
        raise refusals.TooManyOpenSessions(pairing_id=schedule.id, limit=OPEN_SESSIONS_MAX)
    earliest = desk.now if kind is Kind.AD_HOC else desk.now + schedule.cadence.notice_period
    if starts_at is None:
        found = desk.common.earliest(earliest, earliest + desk.horizon.search, schedule.cadence.length)
        if found is None:
            raise refusals.NoCommonTime(pairing_id=schedule.id, days=desk.horizon.search.days)
        return schedule.book(desk.new_id(), kind, found, nominal_at=None, placed_by=PlacedBy.PLANNER)
    _require_possible(starts_at, earliest, desk.now)
    quarters = slots.quarters_of(starts_at, starts_at + schedule.cadence.length)
    if not desk.common.covers(quarters):
        raise refusals.OutsideWorkingHours(pairing_id=schedule.id)
    if not desk.common.is_free(quarters):
        raise refusals.TimeNotFree(pairing_id=schedule.id)
    return schedule.book(desk.new_id(), kind, starts_at, nominal_at=None, placed_by=PlacedBy.MEMBERS)


def _require_possible(starts_at: datetime, earliest: datetime, now: datetime) -> None:
    if not slots.on_the_grid(starts_at):
        raise refusals.NotOnTheQuarterHour(field="starts_at")
    if starts_at < earliest or starts_at <= now:
        raise refusals.TooSoon(field="starts_at")
    if starts_at > now + FARTHEST_AHEAD:
        raise refusals.TooFarAhead(field="starts_at")


def _require_free(schedule: Schedule, session: Session, starts_at: datetime, common: CommonTime) -> None:
    common.give_back(session.quarters)
    if not common.is_free(slots.quarters_of(starts_at, starts_at + schedule.cadence.length)):
        raise refusals.TimeNotFree(session_id=session.id)
