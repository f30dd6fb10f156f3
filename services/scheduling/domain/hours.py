"""When a member can meet: working hours in their own zone, right over summer time (N16)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.scheduling.domain.slots import QUARTER, start_of

DEFAULT_ZONE = "UTC"
_MINUTES_PER_DAY = 24 * 60
_QUARTER_MINUTES = QUARTER // timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Working time on one weekday (0 = Monday), in minutes after local midnight. It may end after midnight."""

    weekday: int
    start_minute: int
    end_minute: int


DEFAULT_SPANS = tuple(Span(weekday=day, start_minute=9 * 60, end_minute=17 * 60) for day in range(5))
"""Monday to Friday, nine to five: what holds for a member whose hours nobody told us."""


def known_zone(name: str | None) -> str:
    """Return `name` if the zone data knows it, else `DEFAULT_ZONE`: a bad name must not stop a pairing."""
    if not name:
        return DEFAULT_ZONE
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return DEFAULT_ZONE


@dataclass(frozen=True, slots=True)
class Availability:
    """N16: the quarter hours in which one member can meet: their working hours, and not before they are back."""

    zone: ZoneInfo
    spans: tuple[tuple[tuple[int, int], ...], ...]
    away_until: datetime | None

    @classmethod
    def of(cls, timezone: str | None, working_hours: tuple[Span, ...], away_until: datetime | None = None) -> Self:
        """Build it from what a card says; what the card leaves open gets the documented defaults."""
        spans = _merged(working_hours or DEFAULT_SPANS)
        return cls(ZoneInfo(known_zone(timezone)), tuple(spans[day] for day in range(7)), away_until)

    def works(self, quarter: int) -> bool:
        """Tell whether the whole quarter hour lies in working time, by the wall clock of the member's zone."""
        start = start_of(quarter)
        if self.away_until is not None and start < self.away_until:
            return False
        local = start.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        return any(begin <= minute and minute + _QUARTER_MINUTES <= end for begin, end in self.spans[local.weekday()])

    def covers(self, quarters: range) -> bool:
        """Tell whether all `quarters` lie in working time."""
        return all(self.works(quarter) for quarter in quarters)


def _merged(spans: tuple[Span, ...]) -> dict[int, tuple[tuple[int, int], ...]]:
    """Return the spans per weekday in order: those that touch become one, what lies after midnight goes to the next day."""
    per_day: dict[int, list[tuple[int, int]]] = {day: [] for day in range(7)}
    for span in spans:
        per_day[span.weekday].append((span.start_minute, min(span.end_minute, _MINUTES_PER_DAY)))
        if span.end_minute > _MINUTES_PER_DAY:
            per_day[(span.weekday + 1) % 7].append((0, span.end_minute - _MINUTES_PER_DAY))
    return {day: _joined(sorted(found)) for day, found in per_day.items()}


def _joined(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    joined: list[tuple[int, int]] = []
    for begin, end in spans:
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    # Midnight ends a day but not a working time: a quarter that ends there is inside, so days need no joining.
    return tuple(joined)


def local_wall_clock(moment: datetime, zone: str) -> datetime:
    """Return what the clock on the wall shows in `zone` at `moment` (naive)."""
    return moment.astimezone(ZoneInfo(known_zone(zone))).replace(tzinfo=None, fold=0)


def instant_of(wall_clock: datetime, zone: str) -> datetime:
    """Return the instant at which the wall clock in `zone` shows `wall_clock` (naive).

    As RFC 5545 has it: a time that does not exist (spring) is read with the offset before the gap, a time that
    exists twice (autumn) is the first of the two.
    """
    return wall_clock.replace(tzinfo=ZoneInfo(known_zone(zone)), fold=0).astimezone(UTC)
