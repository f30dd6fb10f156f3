"""Recurrence rules by python-dateutil, on the wall clock of the pairing's zone, and only such that end in finite time."""

from datetime import UTC, datetime
from itertools import islice
from typing import Final

from dateutil.rrule import rrulestr

from services.scheduling.application.ports import RuleNotUnderstood
from services.scheduling.domain.cadence import Cadence
from services.scheduling.domain.hours import instant_of, local_wall_clock

FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY")
PARTS: Final = ("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYSETPOS", "BYHOUR", "BYMINUTE")
TEXT_MAX, INTERVAL_MAX, POSITION_MAX = 200, 366, 5
_INSTANT, _DATE = "%Y%m%dT%H%M%SZ", "%Y%m%dT%H%M%S"


class DateutilRecurrence:
    """R30: `Recurrence` by dateutil. 10:00 stays 10:00 on the wall over summer time; UTC is worked out per occurrence."""

    def following(self, cadence: Cadence, anchor_at: datetime, after: datetime, limit: int) -> list[datetime]:
        """Return the next occurrences after `after`, in UTC.

        Raises:
            RuleNotUnderstood: when the rule cannot be read, may never occur, or repeats more often than daily.

        """
        zone = cadence.timezone
        text = _checked(cadence.rrule, zone)
        try:
            rule = rrulestr(text, dtstart=local_wall_clock(anchor_at, zone))
            instants = (instant_of(each, zone) for each in rule.xafter(local_wall_clock(after, zone), inc=True))
            return list(islice((each for each in instants if each > after), limit))
        except (ValueError, TypeError, OverflowError):
            raise RuleNotUnderstood from None


def _checked(text: str, zone: str) -> str:
    """Return the rule with a local UNTIL, if it is one that is sure to come to an end of its search."""
    if len(text) > TEXT_MAX:
        raise RuleNotUnderstood
    pairs = [part.partition("=") for part in text.upper().removeprefix("RRULE:").strip(";").split(";")]
    parts = {name.strip(): value.strip() for name, _, value in pairs}
    if len(parts) != len(pairs) or any(name not in PARTS or not value for name, value in parts.items()):
        raise RuleNotUnderstood
    if parts.get("FREQ") not in FREQUENCIES or not _bounded(parts) or _may_never_occur(parts):
        raise RuleNotUnderstood
    if parts.get("UNTIL", "").endswith("Z"):
        parts["UNTIL"] = _local_until(parts["UNTIL"], zone)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _bounded(parts: dict[str, str]) -> bool:
    """Tell whether the figures are in range, and one occurrence a day is the most."""
    interval = parts.get("INTERVAL", "1")
    once_a_day = "," not in parts.get("BYHOUR", "") + parts.get("BYMINUTE", "")
    return once_a_day and interval.isascii() and interval.isdigit() and 1 <= int(interval) <= INTERVAL_MAX


def _may_never_occur(parts: dict[str, str]) -> bool:
    """Tell whether filters could exclude every date: dateutil would search until the year 9999 with the loop blocked."""
    if parts["FREQ"] == "DAILY" and parts.get("INTERVAL", "1") != "1" and ("BYDAY" in parts or "BYMONTHDAY" in parts):
        return True
    position = parts.get("BYSETPOS")
    if position is None:
        return False
    weekdays = parts.get("BYDAY", "")
    plain_weekdays = bool(weekdays) and not any(sign.isdigit() for sign in weekdays)
    most = {"MONTHLY": POSITION_MAX, "WEEKLY": len(weekdays.split(","))}.get(parts["FREQ"], 0)
    in_range = position.lstrip("+-").isdigit() and 1 <= int(position.lstrip("+-")) <= most
    return "BYMONTHDAY" in parts or not plain_weekdays or not in_range


def _local_until(until: str, zone: str) -> str:
    try:
        return local_wall_clock(datetime.strptime(until, _INSTANT).replace(tzinfo=UTC), zone).strftime(_DATE)
    except ValueError:
        raise RuleNotUnderstood from None
