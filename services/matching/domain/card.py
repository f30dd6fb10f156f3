"""What matching knows of a member: codes, never words (R9: challenges are used, never shown)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

ACTIVE, LEFT = "active", "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A skill a member can help with; strength 1..5, None when not said."""

    code: str
    strength: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """A skill a member wants; priority 1..3, now or later (N10: matching uses *now*)."""

    code: str
    priority: int | None = None
    when: str = "now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """Taking part in a programme with so many seats."""

    programme_id: str
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingSpan:
    """Working time on a weekday (0 = Monday), in minutes after local midnight."""

    weekday: int
    start_minute: int
    end_minute: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The newest record of one member, as profile published it."""

    member_id: str
    status: str = ACTIVE
    department: str | None = None
    site: str | None = None
    country: str | None = None
    job_family: str | None = None
    level: int | None = None
    years: float | None = None
    manager_chain: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    wants: tuple[Want, ...] = ()
    goals: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    challenges_long: tuple[str, ...] = ()
    vision_themes: tuple[str, ...] = ()
    journey: tuple[str, ...] = ()
    timezone: str | None = None
    languages: tuple[str, ...] = ()
    working_hours: tuple[WorkingSpan, ...] = ()
    communication: str | None = None
    enrolments: tuple[Enrolment, ...] = ()
    paused_until: datetime | None = None
    paused_reason: str | None = None

    def rests(self, at: datetime) -> bool:
        """C: return whether this member has paused or is away at that instant."""
        return self.paused_until is not None and at < self.paused_until


def in_one_line(one: Card, other: Card) -> bool:
    """R5, R48: return whether one stands above the other in the chain of managers, at any distance."""
    return one.member_id in other.manager_chain or other.member_id in one.manager_chain


def lines_within(cards: Sequence[Card]) -> bool:
    """R5: return whether any two of these members stand in one reporting line."""
    return any(in_one_line(one, other) for place, one in enumerate(cards) for other in cards[place + 1 :])
