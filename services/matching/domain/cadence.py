"""How often, how long and where a pairing meets (R30, R31): a recurrence rule that every calendar can keep."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.matching.domain.refusals import CadenceInvalid

LENGTH_MIN, LENGTH_MAX = timedelta(minutes=15), timedelta(hours=8)
NOTICE_MAX = timedelta(days=14)
RULE_CHARACTERS_MAX = 200
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{0,63}")
_UNTIL = re.compile("[0-9]{8}(?:T[0-9]{6}Z)?")
_DAY = r"(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)"
_MONTH_DAY = r"(?:[1-9]|[12][0-9]|3[01]|-1)"


class PlaceKind(StrEnum):
    """Where sessions take place: a kind, never an address or a room in words (N9)."""

    VIDEO = "video"
    PHONE = "phone"
    IN_PERSON = "in_person"
    CHAT = "chat"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """Recurrence rule in the pairing's own zone, length of a session, kind of place, notice period for changes."""

    rrule: str
    timezone: str
    length: timedelta
    place_kind: PlaceKind
    notice_period: timedelta


def _matches(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None


def _is_instant(text: str) -> bool:
    """Return whether it is a day that exists, or an instant in UTC on one."""
    try:
        datetime.strptime(text, "%Y%m%dT%H%M%SZ" if "T" in text else "%Y%m%d")  # noqa: DTZ007 - only whether it can be read
    except ValueError:
        return False
    return _UNTIL.fullmatch(text) is not None


_PARTS: dict[str, Callable[[str], bool]] = {
    "FREQ": _matches("DAILY|WEEKLY|MONTHLY"),
    "INTERVAL": _matches("[1-9]|[1-4][0-9]|5[0-2]"),
    "COUNT": _matches("[1-9][0-9]{0,2}"),
    "UNTIL": _is_instant,
    "BYDAY": _matches(f"{_DAY}(?:,{_DAY}){{0,6}}"),
    "BYMONTHDAY": _matches(f"{_MONTH_DAY}(?:,{_MONTH_DAY}){{0,4}}"),
    "BYSETPOS": _matches("-?[1-5]"),
    "BYHOUR": _matches("[0-9]|1[0-9]|2[0-3]"),
    "BYMINUTE": _matches("[0-9]|[1-5][0-9]"),
    "WKST": _matches("MO|TU|WE|TH|FR|SA|SU"),
}


def checked_cadence(*, rrule: str, timezone: str, length: timedelta, place_kind: str, notice_period: timedelta) -> Cadence:
    """Return a cadence that scheduling can keep.

    Raises:
        CadenceInvalid: names the field and the rule it breaks; R31.

    """
    _demand(LENGTH_MIN <= length <= LENGTH_MAX, "length", "15 minutes to 8 hours")
    _demand(timedelta(0) <= notice_period <= NOTICE_MAX, "notice_period", "0 to 14 days")
    _demand(place_kind in list(PlaceKind), "place_kind", "one of " + ", ".join(PlaceKind))
    _demand(_is_zone(timezone), "timezone", "an IANA time zone such as Europe/Berlin")
    return Cadence(
        rrule=_checked_rule(rrule), timezone=timezone, length=length, place_kind=PlaceKind(place_kind), notice_period=notice_period
    )


def _checked_rule(text: str) -> str:
    """Return the rule in upper case without its optional prefix, or refuse it with what is wrong."""
    _demand(len(text) <= RULE_CHARACTERS_MAX, "rrule", f"at most {RULE_CHARACTERS_MAX} characters")
    rule = text.strip().upper().removeprefix("RRULE:")
    parts: dict[str, str] = {}
    for part in rule.split(";"):
        name, _, value = part.partition("=")
        _demand(name in _PARTS, "rrule", "parts " + ", ".join(_PARTS))
        _demand(name not in parts, "rrule", "each part once")
        _demand(_PARTS[name](value), "rrule", f"{name} has a value that calendars do not share")
        parts[name] = value
    _demand("FREQ" in parts, "rrule", "FREQ is required")
    _demand(not {"COUNT", "UNTIL"} <= parts.keys(), "rrule", "COUNT or UNTIL, not both")
    numbered = any(character.isdigit() for character in parts.get("BYDAY", ""))
    _demand(not numbered or parts["FREQ"] == "MONTHLY", "rrule", "a numbered BYDAY belongs to FREQ=MONTHLY")
    _demand("BYMONTHDAY" not in parts or parts["FREQ"] == "MONTHLY", "rrule", "BYMONTHDAY belongs to FREQ=MONTHLY")
    _demand_positions(parts, numbered=numbered)
    sparse = parts["FREQ"] == "DAILY" and parts.get("INTERVAL", "1") != "1"
    _demand(not sparse or "BYDAY" not in parts, "rrule", "every n days, or on weekdays, not both")
    return rule


def _demand_positions(parts: dict[str, str], *, numbered: bool) -> None:
    """BYSETPOS chooses among the plain weekdays of a month or week; beyond them it would never come true."""
    if "BYSETPOS" not in parts:
        return
    plain = "BYDAY" in parts and "BYMONTHDAY" not in parts and not numbered
    _demand(plain and parts["FREQ"] != "DAILY", "rrule", "BYSETPOS chooses among plain weekdays of a week or month")
    reach = abs(int(parts["BYSETPOS"]))
    days = len(parts["BYDAY"].split(","))
    _demand(parts["FREQ"] == "MONTHLY" or reach <= days, "rrule", "BYSETPOS reaches beyond the named weekdays")


def _is_zone(name: str) -> bool:
    if _ZONE.fullmatch(name) is None:
        return False
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _demand(holds: bool, field: str, rule: str) -> None:
    if not holds:
        raise CadenceInvalid(field=field, rule=rule)
