"""What the use cases need of the world."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.scheduling.domain.cadence import Cadence
from services.scheduling.domain.desk import Horizon
from services.scheduling.domain.hours import Availability, Span
from services.scheduling.domain.schedule import Schedule
from shared.kernel.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What scheduling knows of a member (replica of tandem-profile-card). `sequence` counts the card's records."""

    member_id: str
    sequence: int
    active: bool = True
    timezone: str | None = None
    working_hours: tuple[Span, ...] = ()
    away_until: datetime | None = None

    def availability(self) -> Availability:
        """Return when the member can meet."""
        return Availability.of(self.timezone, self.working_hours, self.away_until)

    def same_times(self, other: "Card") -> bool:
        """Tell whether the member can meet at the same times as `other` says."""
        return self.availability() == other.availability()


class Schedules(Protocol):
    """The schedules, one per pairing."""

    async def find(self, pairing_id: str) -> Schedule | None:
        """Return a schedule, or None."""
        ...

    async def of_member(self, member_id: str, *, closed: bool = False) -> list[Schedule]:
        """Return a member's schedules, on demand also closed ones; at most as many as a member can ever have."""
        ...

    async def counts(self, programme_id: str | None) -> dict[str, int]:
        """Return how many schedules there are (`pairings`) and how many sessions in each state."""
        ...

    async def add(self, schedule: Schedule) -> None:
        """Store a new schedule and its facts."""
        ...

    async def save(self, schedule: Schedule) -> None:
        """Store a changed schedule and its facts; StaleVersion when somebody else was faster."""
        ...


class Cards(Protocol):
    """The members' cards."""

    async def find(self, member_id: str) -> Card | None:
        """Return a card, or None."""
        ...

    async def of(self, member_ids: Sequence[str]) -> list[Card]:
        """Return the cards of several members, in their order; a member without one gets the defaults.

        That somebody asked for them is remembered (a card of sequence 0), so that the first real card knows whether
        anything may hang on it.
        """
        ...

    async def put(self, card: Card) -> None:
        """Keep a card; the newest record wins."""
        ...

    async def forget(self, member_id: str) -> None:
        """Delete a card (N18)."""
        ...


class Diaries(Protocol):
    """Who has a session in which quarter hour. One entry per member and quarter hour, never two (C)."""

    async def taken(self, pairing_id: str, member_ids: Sequence[str], first: int, last: int) -> list[int]:
        """Return the quarter hours from `first` to before `last` that other pairings took from any of the members."""
        ...

    async def take(self, pairing_id: str, member_ids: Sequence[str], sessions: Mapping[str, range]) -> None:
        """Reserve the sessions' quarter hours for all members; StaleVersion when one is taken, so that the edge runs again."""
        ...

    async def release(self, session_ids: Sequence[str]) -> None:
        """Free what sessions reserved."""
        ...

    async def forget_before(self, pairing_id: str, quarter: int) -> None:
        """Delete a pairing's entries of the past."""
        ...


class Recurrence(Protocol):
    """Recurrence rules (RFC 5545)."""

    def following(self, cadence: Cadence, anchor_at: datetime, after: datetime, limit: int) -> list[datetime]:
        """Return the next `limit` occurrences after `after` of the series that began at `anchor_at`, by the wall clock.

        Raises:
            RuleNotUnderstood: when the rule cannot be read, or repeats more often than daily.

        """
        ...


class RuleNotUnderstood(Exception):
    """The recurrence rule cannot be followed."""


class TimerBook(Protocol):
    """Durable timers."""

    async def set(self, id: str, due_at: datetime, kind: str, data: dict[str, Any]) -> None:  # noqa: A002 - the word of shared.timers
        """Set a timer; the same id replaces."""
        ...

    async def cancel(self, id: str) -> None:  # noqa: A002 - the word of shared.timers
        """Cancel a timer."""
        ...


class UnitOfWork(Protocol):
    """One transaction and what lives in it. Use cases get it, work with it, and never commit."""

    @property
    def schedules(self) -> Schedules:
        """Return the schedules."""
        ...

    @property
    def cards(self) -> Cards:
        """Return the members' cards."""
        ...

    @property
    def diaries(self) -> Diaries:
        """Return who is booked when."""
        ...

    @property
    def timers(self) -> TimerBook:
        """Return the durable timers."""
        ...

    @property
    def recurrence(self) -> Recurrence:
        """Return the reader of recurrence rules."""
        ...

    @property
    def clock(self) -> Clock:
        """Return business time."""
        ...

    @property
    def ids(self) -> Callable[[], str]:
        """Return the maker of new ids."""
        ...

    @property
    def horizon(self) -> Horizon:
        """Return how far the planner looks."""
        ...
