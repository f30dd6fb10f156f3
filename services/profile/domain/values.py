"""Small values that a member's profile is made of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Status(StrEnum):
    """Whether a person is here."""

    ACTIVE = "active"
    LEFT = "left"
    ERASED = "erased"


class When(StrEnum):
    """A want is a gap of now or of later; matching uses now (R25, N10)."""

    NOW = "now"
    LATER = "later"


class PauseReason(StrEnum):
    """Why a member is not to be paired for a while."""

    PAUSED = "paused"
    AWAY = "away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """Words with the code they were normalised to; no code when they are too long to be a tag (they stay private)."""

    code: str | None
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a member can help with (R6); `strength` 1..5 when said."""

    tag: Tag
    strength: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What a member would like to learn (R6); `priority` 1..3 when said."""

    tag: Tag
    priority: int | None = None
    when: When = When.NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingSpan:
    """Working time on one weekday (0 = Monday), in minutes after local midnight."""

    weekday: int
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CareerStep:
    """One role of a member's journey (R25); months as `YYYY-MM`, the current one without end."""

    title: str
    code: str
    begun: str
    ended: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vision:
    """Where a member wants to be in three to five years (R24); private but for its themes."""

    text: str
    horizon_years: int
    themes: tuple[Tag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Taking part in one programme with so many seats."""

    programme_id: str
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Not to be paired until an instant."""

    until: datetime
    reason: PauseReason
