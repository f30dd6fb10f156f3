"""The words of a pairing's life: origins, states, phases, reasons (architecture section 6)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Origin(StrEnum):
    """R10, N14: how a pairing began; kept for ever."""

    NATURAL = "natural"
    ASKED = "asked"
    APPROACHED = "approached"
    ASSIGNED = "assigned"


class State(StrEnum):
    """Where a pairing stands; the last three are ends."""

    PROPOSED = "proposed"
    FORMED = "formed"
    ACTIVE = "active"
    DECLINED = "declined"
    EXPIRED = "expired"
    CLOSED = "closed"


LIVE = (State.PROPOSED, State.FORMED, State.ACTIVE)


class Phase(StrEnum):
    """R14: find (until formed), balance (until the charter is signed), support (active)."""

    FIND = "find"
    BALANCE = "balance"
    SUPPORT = "support"


class CloseReason(StrEnum):
    """Why a pairing ends, in a code. The first six may be given by members."""

    GOALS_REACHED = "goals-reached"
    NO_TIME = "no-time"
    NO_FIT = "no-fit"
    MOVED_ON = "moved-on"
    BY_AGREEMENT = "by-agreement"
    OTHER = "other"
    WITHDRAWN = "withdrawn"
    MEMBER_LEFT = "member-left"
    REPORTING_LINE = "reporting-line"


BY_MEMBERS = tuple(CloseReason)[:6]


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """N3: the question whether to go on, until when it may be answered, and who said yes. Silence keeps the pairing."""

    reason: str
    until: datetime
    kept_by: tuple[str, ...] = ()
