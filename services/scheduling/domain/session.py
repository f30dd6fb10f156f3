"""One session of a pairing: what it is, where it stands. It changes only through its `Schedule`."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.scheduling.domain import slots


class Kind(StrEnum):
    """What a session is for."""

    FIRST = "first"
    REGULAR = "regular"
    ROLE_PLAY = "role_play"
    AD_HOC = "ad_hoc"


class State(StrEnum):
    """Where a session stands. What nobody confirmed stays as it was booked: nothing is ever guessed."""

    UNBOOKED = "unbooked"
    """No time suits all members; it is tried again when somebody's hours change."""
    BOOKED = "booked"
    RESCHEDULED = "rescheduled"
    PROPOSED = "proposed"
    """Another time was proposed; the session keeps its time until all others accept."""
    CANCELLED = "cancelled"
    HELD = "held"
    MISSED = "missed"


OPEN = (State.BOOKED, State.RESCHEDULED, State.PROPOSED)
"""The states in which a session has a time and may still take place."""


class PlacedBy(StrEnum):
    """Who chose the time. What members agreed on themselves is never moved by the planner."""

    PLANNER = "planner"
    MEMBERS = "members"


class CancelReason(StrEnum):
    """Why a session will not take place (codes; never a person's own words, never their health)."""

    CANCELLED_BY_MEMBER = "cancelled-by-member"
    UNABLE_TO_ATTEND = "unable-to-attend"
    PAIRING_PAUSED = "pairing-paused"
    PAIRING_CLOSED = "pairing-closed"
    MEMBER_LEFT = "member-left"
    CADENCE_CHANGED = "cadence-changed"
    NO_COMMON_TIME = "no-common-time"


REPLACEABLE = (CancelReason.PAIRING_PAUSED, CancelReason.CADENCE_CHANGED, CancelReason.NO_COMMON_TIME)
"""Reasons after which the planner may book the same occurrence anew."""


class Problem(StrEnum):
    """Why the planner could not book."""

    NO_COMMON_TIME = "no-common-time"
    CADENCE_NOT_UNDERSTOOD = "cadence-not-understood"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """R7: another time that a member proposed, and who agreed so far (the proposer does)."""

    proposed_by: str
    starts_at: datetime
    ends_at: datetime
    agreed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session. `nominal_at` is its place in the series; `starts_at` may differ when it had to give way."""

    id: str
    kind: Kind
    state: State = State.UNBOOKED
    nominal_at: datetime | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    calendar_uid: str
    calendar_sequence: int = 0
    placed_by: PlacedBy = PlacedBy.PLANNER
    proposal: Proposal | None = None
    reason: str | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it has a time and may still take place, or be said to have taken place."""
        return self.state in OPEN

    def begins_after(self, moment: datetime) -> bool:
        """Tell whether it is open and begins after `moment`."""
        return self.is_open and self.starts_at is not None and self.starts_at > moment

    @property
    def quarters(self) -> range:
        """Return the quarter hours it occupies; none when it is not open."""
        if not self.is_open or self.starts_at is None or self.ends_at is None:
            return range(0)
        return slots.quarters_of(self.starts_at, self.ends_at)


def calendar_uid_of(session_id: str) -> str:
    """Return the UID that the session keeps in every calendar for its whole life."""
    return f"{session_id}@tandem"
