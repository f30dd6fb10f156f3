"""Quarter hours, counted from the Unix epoch: the grain in which time is booked, so that two bookings can collide."""

from collections.abc import Callable, Container
from datetime import UTC, datetime, timedelta

QUARTER = timedelta(minutes=15)
_SECONDS = 15 * 60
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def start_of(quarter: int) -> datetime:
    """Return the instant at which a quarter hour begins."""
    return datetime.fromtimestamp(quarter * _SECONDS, UTC)


def on_the_grid(moment: datetime) -> bool:
    """Tell whether a session may start at `moment`: on a full quarter hour."""
    return (moment - _EPOCH) % QUARTER == timedelta()


def first_from(moment: datetime) -> int:
    """Return the first quarter hour that begins at `moment` or after it."""
    return -(-(moment - _EPOCH) // QUARTER)


def quarters_of(starts_at: datetime, ends_at: datetime) -> range:
    """Return every quarter hour that a session touches; the last one may be only begun."""
    return range((starts_at - _EPOCH) // QUARTER, first_from(ends_at))


def needed(length: timedelta) -> int:
    """Return how many quarter hours a session of `length` occupies, at least one."""
    return max(1, -(-length // QUARTER))


def earliest_slot(
    works: Callable[[int], bool], taken: Container[int], *, earliest: datetime, until: datetime, length: timedelta
) -> datetime | None:
    """Return the earliest start for which every quarter hour is worked by all and taken by nobody, or None.

    The session begins at `earliest` or later and its quarter hours end by `until`.
    """
    run, wanted = 0, needed(length)
    for quarter in range(first_from(earliest), (until - _EPOCH) // QUARTER):
        run = run + 1 if quarter not in taken and works(quarter) else 0
        if run == wanted:
            return start_of(quarter - wanted + 1)
    return None
