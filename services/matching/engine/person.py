"""What the engine may know of a person: codes and numbers. No name, no demographics: the type has no place for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One member in a frozen snapshot (N7). Only `id` is required; whatever is missing is neutral, never a penalty.

    `availability` holds weekly spans of minutes since Monday 00:00 UTC, end exclusive; see `weekly_spans` for how
    working hours in a time zone become such spans. `experience` holds journey codes; offered skills count as
    experience by themselves.
    """

    id: str
    offers: Mapping[str, int | None] = field(default_factory=dict)
    """Skill code to strength 1..5, None when not said (R6)."""
    wants: Mapping[str, int | None] = field(default_factory=dict)
    """Skill code to priority 1..3, None when not said; wants of *now* only (N10)."""
    goals: tuple[str, ...] = ()
    vision_themes: tuple[str, ...] = ()
    """Goals of the next years (R24, N10): they meet goals and themes of others in the score, and are named to nobody."""
    challenges: tuple[str, ...] = ()
    challenges_long: tuple[str, ...] = ()
    experience: tuple[str, ...] = ()
    level: int | None = None
    years: float | None = None
    job_family: str | None = None
    department: str | None = None
    site: str | None = None
    languages: tuple[str, ...] = ()
    availability: tuple[tuple[int, int], ...] = ()
    communication: str | None = None
    manager_chain: tuple[str, ...] = ()
    """Ids from the direct manager up to the top, also of managers who take no part (R5)."""
    recruiter_of: tuple[str, ...] = ()
    """Ids of candidates this person recruits (R5)."""
    seats: int = 1
    """Free seats: wished capacity less live pairings; 0 when paused, away or leaving. In kind `mentor`: seats for mentees."""
    mentee_seats: int | None = None
    """Kind `mentor` (R43): how many mentors they may still get; None = as many as the rules give to who has a seat."""
    do_not_pair: tuple[str, ...] = ()
    past_partners: tuple[str, ...] = ()
    """Partners from within the programme's no-repeat window."""
    live_partners: tuple[str, ...] = ()
    left_out: bool = False
    """Nobody was found for them in the last round (N4)."""
