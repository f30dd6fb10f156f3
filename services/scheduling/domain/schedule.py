"""The schedule of one pairing: all its sessions, and what members may do with them (R7, R30, R31)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from services.scheduling.domain import events, refusals
from services.scheduling.domain.cadence import Cadence
from services.scheduling.domain.session import CancelReason, Kind, PlacedBy, Problem, Proposal, Session, State, calendar_uid_of
from shared.kernel.aggregate import Aggregate
from shared.kernel.errors import NotFound

MEMBERS_MIN = 2
KEPT_PAST_SESSIONS = 200
"""How many finished sessions a schedule remembers; older ones live on in the event stream (N1)."""


class Status(StrEnum):
    """Whether sessions are planned."""

    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


@dataclass(kw_only=True)
class Schedule(Aggregate):
    """The sessions of one pairing; `id` is the pairing's. `anchor_at` is the start from which the series counts."""

    programme_id: str
    members: tuple[str, ...]
    cadence: Cadence
    status: Status = Status.ACTIVE
    closed_reason: str | None = None
    paused_until: datetime | None = None
    anchor_at: datetime | None = None
    series_problem: Problem | None = None
    sessions: tuple[Session, ...] = ()

    # --- what there is -----------------------------------------------------------------------------------------

    @property
    def is_active(self) -> bool:
        """Tell whether sessions may be booked (N8)."""
        return self.status is Status.ACTIVE

    def session(self, session_id: str) -> Session:
        """Return a session.

        Raises:
            NotFound: when this pairing has no such session.

        """
        for session in self.sessions:
            if session.id == session_id:
                return session
        raise NotFound(session_id=session_id)

    def upcoming(self, now: datetime) -> list[Session]:
        """Return the open sessions that begin after `now`, soonest first."""
        return sorted((each for each in self.sessions if each.begins_after(now)), key=lambda each: (str(each.starts_at), each.id))

    def reservations(self) -> dict[str, range]:
        """Return the quarter hours that each open session occupies in every member's diary."""
        return {session.id: session.quarters for session in self.sessions if session.is_open}

    # --- what the planner and members do -----------------------------------------------------------------------

    def book(self, session_id: str, kind: Kind, starts_at: datetime, *, nominal_at: datetime | None, placed_by: PlacedBy) -> Session:
        """Give a new or a waiting session its time (R30)."""
        session = self._known_or_new(session_id, kind, nominal_at)
        booked = replace(
            session, state=State.BOOKED, starts_at=starts_at, ends_at=starts_at + self.cadence.length, placed_by=placed_by, reason=None
        )
        self._put(booked)
        self.record(events.SessionBooked(**self._planned(booked)))
        return booked

    def leave_unbooked(self, session_id: str, kind: Kind, *, nominal_at: datetime | None, problem: Problem) -> None:
        """Name a session that no time was found for; told once, shown until it is booked (C: never silence)."""
        session = self._known_or_new(session_id, kind, nominal_at)
        if session.reason == problem:
            return
        self._put(replace(session, reason=problem))
        self.record(events.SessionNotBooked(**self._facts(self.session(session_id))))

    def move(self, session: Session, starts_at: datetime, placed_by: PlacedBy) -> Session:
        """Give a session another time: same UID, higher sequence."""
        ends_at = starts_at + self.cadence.length
        return self._republish(replace(session, state=State.RESCHEDULED, starts_at=starts_at, ends_at=ends_at, placed_by=placed_by))

    def cancel(self, session: Session, reason: CancelReason) -> None:
        """End a session before it took place; calendars hear of it only if they knew it."""
        if session.state is State.UNBOOKED:
            self._put(replace(session, state=State.CANCELLED, reason=reason))
            return
        sequence = session.calendar_sequence + 1
        cancelled = replace(session, state=State.CANCELLED, reason=reason, calendar_sequence=sequence, proposal=None)
        self._put(cancelled)
        self.record(events.SessionCancelled(**self._facts(cancelled)))

    def propose(self, session: Session, member_id: str, starts_at: datetime) -> Session:
        """R7: any member may propose another time; a newer proposal takes the place of an older one."""
        proposal = Proposal(proposed_by=member_id, starts_at=starts_at, ends_at=starts_at + self.cadence.length, agreed=(member_id,))
        if session.proposal == proposal:
            return session
        proposed = replace(session, state=State.PROPOSED, proposal=proposal)
        self._put(proposed)
        self.record(events.SessionProposed(**self._facts(proposed)))
        return proposed

    def agree(self, session: Session, proposal: Proposal, member_id: str) -> Session:
        """R7: the session moves when the last of the others agreed."""
        agreed = (*proposal.agreed, member_id) if member_id not in proposal.agreed else proposal.agreed
        if all(member in agreed for member in self.members):
            return self.move(replace(session, proposal=None), proposal.starts_at, PlacedBy.MEMBERS)
        waiting = replace(session, proposal=replace(proposal, agreed=agreed))
        self._put(waiting)
        return waiting

    def mark(self, session_id: str, outcome: State, now: datetime) -> Session:
        """Note that a session was held or missed, as a member says; only once it began, and never guessed.

        Raises:
            SessionIsOver: when it was cancelled, or the other outcome was noted before.
            SessionNotBegunYet: when it is still to come.

        """
        session = self.session(session_id)
        if session.state is outcome:
            return session
        self.require_open(session)
        if session.begins_after(now):
            raise refusals.SessionNotBegunYet(session_id=session_id)
        marked = replace(session, state=outcome, proposal=None)
        self._put(marked)
        fact = events.SessionHeld if outcome is State.HELD else events.SessionMissed
        self.record(fact(**self._facts(marked)))
        return marked

    # --- the pairing's life ------------------------------------------------------------------------------------

    @classmethod
    def open(cls, *, pairing_id: str, programme_id: str, members: tuple[str, ...], cadence: Cadence) -> Self:
        """Begin the schedule of an activated pairing (N8); a member who is named twice is one.

        Raises:
            TooFewMembers: when nobody would meet anybody.

        """
        different = tuple(dict.fromkeys(members))
        if len(different) < MEMBERS_MIN:
            raise refusals.TooFewMembers(pairing_id=pairing_id, members=len(different))
        return cls(id=pairing_id, programme_id=programme_id, members=different, cadence=cadence)

    def pause(self, until: datetime, now: datetime) -> None:
        """Let the pairing rest: its future sessions are cancelled."""
        if self.status is Status.CLOSED:
            return
        self.status, self.paused_until = Status.PAUSED, until
        self._cancel_future(now, CancelReason.PAIRING_PAUSED)

    def resume(self) -> None:
        """End a rest: the planner books again."""
        if self.status is Status.PAUSED:
            self.status, self.paused_until = Status.ACTIVE, None

    def close(self, reason: CancelReason, now: datetime) -> None:
        """End the schedule: future sessions are cancelled; what began may still be marked held or missed."""
        if self.status is Status.CLOSED:
            return
        self.status, self.closed_reason, self.paused_until = Status.CLOSED, reason, None
        self._cancel_future(now, reason)

    def adopt(self, cadence: Cadence, now: datetime) -> None:
        """R31: a revised charter's cadence is in force: the series is planned anew, a new place is told."""
        before, self.cadence = self.cadence, cadence
        if not cadence.same_times(before):
            self.series_problem = None
            for session in self._future(now):
                if session.kind is Kind.REGULAR:
                    self.cancel(session, CancelReason.CADENCE_CHANGED)
        if cadence.place_kind != before.place_kind or cadence.timezone != before.timezone:
            for session in self.upcoming(now):
                self._republish(session)

    # --- guards ------------------------------------------------------------------------------------------------

    def require_open(self, session: Session) -> None:
        """Refuse what has no time (yet) or is over."""
        if session.state is State.UNBOOKED:
            raise refusals.SessionNotBookedYet(session_id=session.id)
        if not session.is_open:
            raise refusals.SessionIsOver(session_id=session.id, state=session.state)

    def require_changeable(self, session: Session, now: datetime) -> None:
        """Refuse what is over or has begun."""
        self.require_open(session)
        if not session.begins_after(now):
            raise refusals.SessionAlreadyBegan(session_id=session.id)

    def require_notice(self, session: Session, now: datetime) -> None:
        """R31: refuse what comes later than the agreed notice before the session's start."""
        if session.starts_at is not None and session.starts_at < now + self.cadence.notice_period:
            raise refusals.NoticePeriodOver(session_id=session.id, notice_seconds=int(self.cadence.notice_period.total_seconds()))

    # --- inside ------------------------------------------------------------------------------------------------

    def _future(self, now: datetime) -> Iterator[Session]:
        """Yield what is still to come: open sessions that have not begun, and those that wait for a time."""
        for session in self.sessions:
            if session.state is State.UNBOOKED or session.begins_after(now):
                yield session

    def _cancel_future(self, now: datetime, reason: CancelReason) -> None:
        for session in list(self._future(now)):
            self.cancel(session, reason)

    def _known_or_new(self, session_id: str, kind: Kind, nominal_at: datetime | None) -> Session:
        for session in self.sessions:
            if session.id == session_id:
                return session
        return Session(id=session_id, kind=kind, nominal_at=nominal_at, calendar_uid=calendar_uid_of(session_id))

    def _put(self, session: Session) -> None:
        kept = [session if each.id == session.id else each for each in self.sessions]
        if session not in kept:
            kept.append(session)
        finished = [each for each in kept if not each.is_open and each.state is not State.UNBOOKED]
        dropped = finished[: max(0, len(finished) - KEPT_PAST_SESSIONS)]
        self.sessions = tuple(each for each in kept if each not in dropped)

    def _republish(self, session: Session) -> Session:
        changed = replace(session, calendar_sequence=session.calendar_sequence + 1)
        self._put(changed)
        self.record(events.SessionRescheduled(**self._planned(changed)))
        return changed

    def _facts(self, session: Session) -> dict[str, Any]:
        return {"pairing_id": self.id, "members": self.members, "session": session}

    def _planned(self, session: Session) -> dict[str, Any]:
        return self._facts(session) | {"timezone": self.cadence.timezone, "place_kind": self.cadence.place_kind}
