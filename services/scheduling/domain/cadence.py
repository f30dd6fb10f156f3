"""How often and how long a pairing meets, as its charter says."""

from dataclasses import dataclass
from datetime import timedelta

from services.scheduling.domain.hours import known_zone

LENGTH_MIN, LENGTH_MAX = timedelta(minutes=15), timedelta(hours=8)
NOTICE_MAX = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cadence:
    """R30: recurrence rule in the pairing's zone, length, kind of place and notice period.

    Values out of range are brought into it: a charter is signed elsewhere, and a pairing must not get stuck over it.
    """

    rrule: str
    timezone: str
    length: timedelta
    place_kind: str
    notice_period: timedelta

    def __post_init__(self) -> None:
        """Bring each value into its range."""
        object.__setattr__(self, "timezone", known_zone(self.timezone))
        object.__setattr__(self, "length", min(max(self.length, LENGTH_MIN), LENGTH_MAX))
        object.__setattr__(self, "notice_period", min(max(self.notice_period, timedelta()), NOTICE_MAX))

    def same_times(self, other: "Cadence") -> bool:
        """Tell whether both place sessions at the same times (the notice period and the place do not matter)."""
        return (self.rrule, self.timezone, self.length) == (other.rrule, other.timezone, other.length)
