"""The JSON that HTTP callers send and get: snake_case, ids as strings, times in UTC with `Z`."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from services.scheduling.application.queries import Counts, ScheduleView, SessionView
from shared.contracts.base import Instant


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ProposeBody(_Body):
    """Another time: a full quarter hour."""

    starts_at: Instant


class CancelBody(_Body):
    """Why: in time (the default), or unable to attend, which is possible until the start."""

    reason: Literal["cancelled-by-member", "unable-to-attend"] = "cancelled-by-member"


class BookBody(_Body):
    """Another session beside the series: at a time, or at the earliest slot."""

    kind: Literal["regular", "role_play", "ad_hoc"]
    starts_at: Instant | None = None


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProposalOut(_Out):
    """Another time that waits for the others' answer."""

    proposed_by: str
    starts_at: Instant
    ends_at: Instant
    agreed: list[str]


class SessionOut(_Out):
    """A session. `unconfirmed`: it is over, and nobody said yet whether it was held or missed."""

    session_id: str
    pairing_id: str
    members: list[str]
    kind: str
    state: str
    starts_at: Instant | None
    ends_at: Instant | None
    timezone: str
    place_kind: str
    calendar_uid: str
    calendar_sequence: int
    proposal: ProposalOut | None
    reason: str | None
    unconfirmed: bool

    @classmethod
    def of(cls, view: SessionView) -> Self:
        """Return what its members see of a session."""
        session, proposal = view.session, view.session.proposal
        return cls(
            session_id=session.id,
            pairing_id=view.pairing_id,
            members=list(view.members),
            kind=session.kind,
            state=session.state,
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            timezone=view.timezone,
            place_kind=view.place_kind,
            calendar_uid=session.calendar_uid,
            calendar_sequence=session.calendar_sequence,
            proposal=None
            if proposal is None
            else ProposalOut(
                proposed_by=proposal.proposed_by, starts_at=proposal.starts_at, ends_at=proposal.ends_at, agreed=list(proposal.agreed)
            ),
            reason=session.reason,
            unconfirmed=view.unconfirmed,
        )


class SessionsOut(_Out):
    """A pairing's sessions, soonest first. `problem` says why the planner cannot book, if so."""

    pairing_id: str
    status: str
    problem: str | None
    items: list[SessionOut]
    next: str | None = None

    @classmethod
    def of(cls, view: ScheduleView) -> Self:
        """Return what its members see of a pairing's schedule."""
        items = [SessionOut.of(each) for each in view.sessions]
        return cls(pairing_id=view.pairing_id, status=view.status, problem=view.problem, items=items)


class CountsOut(_Out):
    """Counts by state; null below the minimum group size."""

    pairings: int | None
    sessions: dict[str, int] | None

    @classmethod
    def of(cls, counts: Counts) -> Self:
        """Return what administrators see."""
        return cls(pairings=counts.pairings, sessions=counts.sessions)
