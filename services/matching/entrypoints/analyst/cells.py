"""Reading one cell of a people file, tolerantly: what cannot be read counts as missing and is noted."""

import re
import unicodedata
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_DAYS = {"mo": 0, "tu": 1, "di": 1, "we": 2, "mi": 2, "th": 3, "do": 3, "fr": 4, "sa": 5, "su": 6, "so": 6}
_HOURS = re.compile(r"([a-z]{2})(?:\s*-\s*([a-z]{2}))?\s+(\d{1,2}):(\d{2})\s*[-\u2013]\s*(\d{1,2}):(\d{2})")
_DAY_MINUTES, _HOUR, _WEEK_DAYS = 24 * 60, 60, 7
_LEVEL_MAX, _YEARS_MAX, CAPACITY_MAX = 99, 70, 20
_LABEL_LENGTH_MAX = 300
FORMULA_FAULTS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
"""What a spreadsheet leaves where a formula failed."""
_REFERENCE = datetime(2026, 1, 15, 12, tzinfo=UTC)
"""The day whose offsets stand for each zone: a file has no date of its own, and the same file must give the same bytes."""


class Unreadable(ValueError):
    """The cell says something that is no value of its column."""

    def __init__(self, code: str) -> None:
        """Keep the code of what is wrong."""
        super().__init__(code)
        self.code = code


def folded(text: str) -> str:
    """Return a label with case, width and blanks made equal, and nothing else: `Matlab` meets `MATLAB`, `C` not `C++`."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().replace("\ufeff", "").split())


def whole(cell: str, low: int, high: int) -> int:
    """Return a whole number; Excel's `4.0` is 4, `senior` is not."""
    value = number(cell, float(high))
    if value != int(value) or value < low:
        raise Unreadable("not-a-whole-number")
    return int(value)


def number(cell: str, high: float) -> float:
    """Return a number, decimal point or comma."""
    text = unicodedata.normalize("NFKC", cell).strip()
    if not _NUMBER.fullmatch(text) or float(text.replace(",", ".")) > high:
        raise Unreadable("not-a-number")
    return float(text.replace(",", "."))


def level(cell: str) -> int:
    """Return a level."""
    return whole(cell, 0, _LEVEL_MAX)


def years(cell: str) -> float:
    """Return years of experience."""
    return number(cell, _YEARS_MAX)


def capacity(cell: str) -> int:
    """Return how many partners somebody has room for."""
    return whole(cell, 0, CAPACITY_MAX)


def pieces(cell: str) -> list[str]:
    """Return a list's items as they are written, divided by `;` only: a label with a comma or slash stays whole."""
    return cell.replace("\uff1b", ";").split(";")


def items(cell: str) -> list[str]:
    """Return the items of a list, folded, each once."""
    return list(dict.fromkeys(item for item in map(folded, pieces(cell)) if item))


def is_label(item: str) -> bool:
    """Return whether an item is short enough to be a label and not a letter."""
    return len(item) <= _LABEL_LENGTH_MAX


def language(item: str) -> str:
    """Return the language of a tag: people with en-GB and en-US have one in common."""
    if not _LANGUAGE.fullmatch(item):
        raise Unreadable("not-a-language")
    return re.split("[-_]", item)[0]


def spans(cell: str) -> tuple[tuple[int, int], ...]:
    """Return working hours as minutes since Monday 00:00 in the person's own time."""
    found: list[tuple[int, int]] = []
    text, at = folded(cell), 0
    while at < len(text):
        match = _HOURS.match(text, at)
        if match is None or match[1] not in _DAYS or (match[2] or match[1]) not in _DAYS:
            raise Unreadable("not-working-hours")
        start, end = int(match[3]) * _HOUR + int(match[4]), int(match[5]) * _HOUR + int(match[6])
        if max(int(match[4]), int(match[6])) >= _HOUR or max(start, end) > _DAY_MINUTES or start == end:
            raise Unreadable("not-working-hours")
        first, last = _DAYS[match[1]], _DAYS[match[2] or match[1]]
        for offset in range((last - first) % _WEEK_DAYS + 1):
            day = (first + offset) % _WEEK_DAYS * _DAY_MINUTES
            found.append((day + start, day + end + (_DAY_MINUTES if end < start else 0)))
        at = match.end()
        while at < len(text) and text[at] in " ;,":
            at += 1
    return tuple(found)


def offset_minutes(zone: str) -> int:
    """Return how far a zone is ahead of UTC."""
    try:
        offset = _REFERENCE.astimezone(ZoneInfo(zone.strip())).utcoffset()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Unreadable("unknown-timezone") from None
    return 0 if offset is None else int(offset.total_seconds()) // _HOUR
