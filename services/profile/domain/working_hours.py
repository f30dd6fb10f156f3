"""`mo-fr 09:00-17:00`: working hours as people write them, English or German days (N16)."""

import re
from itertools import pairwise

from services.profile.domain.values import WorkingSpan

_DAYS = {"mo": 0, "tu": 1, "di": 1, "we": 2, "mi": 2, "th": 3, "do": 3, "fr": 4, "sa": 5, "su": 6, "so": 6}
_NAMES = ("mo", "tu", "we", "th", "fr", "sa", "su")
_DAY = "|".join(_DAYS)
_RULE = re.compile(
    rf"((?:{_DAY})(?:\s*-\s*(?:{_DAY}))?(?:\s*,\s*(?:{_DAY})(?:\s*-\s*(?:{_DAY}))?)*)\s+"
    r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})",  # noqa: RUF001  people's keyboards write the long dash
)
_MIDNIGHT = 24 * 60
_HOUR = 60
_WEEK = 7


class UnreadableHours(ValueError):
    """Not working hours. Carries no input."""


def parse_hours(text: str) -> tuple[WorkingSpan, ...]:
    """Return the spans that `text` means: one or more `days from-to`, divided by `,` or `;` (`mo-th 9:00-17:00, fr 9:00-13:00`).

    Hours over midnight are split into two days.

    Raises:
        UnreadableHours: when a part cannot be read, is empty, or two spans overlap.

    """
    rest = text.strip().casefold()
    spans: list[WorkingSpan] = []
    while rest:
        match = _RULE.match(rest)
        if match is None:
            raise UnreadableHours
        start, end = _minutes(match[2], match[3]), _minutes(match[4], match[5])
        for day in _days(match[1]):
            spans.extend(_on(day, start, end))
        rest = rest[match.end() :].lstrip(" ;,")
    spans.sort(key=lambda span: (span.weekday, span.start_minute))
    if any(a.weekday == b.weekday and a.end_minute > b.start_minute for a, b in pairwise(spans)):
        raise UnreadableHours
    return tuple(spans)


def hours_text(spans: tuple[WorkingSpan, ...]) -> str:
    """Return spans in the form of a people file."""
    return "; ".join(f"{_NAMES[span.weekday]} {_clock(span.start_minute)}-{_clock(span.end_minute)}" for span in spans)


def _clock(minutes: int) -> str:
    return f"{minutes // _HOUR:02d}:{minutes % _HOUR:02d}"


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * _HOUR + int(minutes)
    if int(minutes) >= _HOUR or total > _MIDNIGHT:
        raise UnreadableHours
    return total


def _days(text: str) -> list[int]:
    days: list[int] = []
    for part in text.split(","):
        first, _, last = (name.strip() for name in part.partition("-"))
        begin, end = _DAYS[first], _DAYS[last or first]
        days.extend((begin + offset) % _WEEK for offset in range((end - begin) % _WEEK + 1))
    return days


def _on(day: int, start: int, end: int) -> list[WorkingSpan]:
    if start in (end, _MIDNIGHT):
        raise UnreadableHours
    if start < end:
        return [WorkingSpan(weekday=day, start_minute=start, end_minute=end)]
    spans = [WorkingSpan(weekday=day, start_minute=start, end_minute=_MIDNIGHT)]
    return [*spans, WorkingSpan(weekday=(day + 1) % _WEEK, start_minute=0, end_minute=end)] if end else spans
