"""The time that all members of a pairing have in common: worked by all, taken by nobody (R30, N16)."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from services.scheduling.domain import slots
from services.scheduling.domain.hours import Availability


class CommonTime:
    """The members' joint calendar. `taken` are the quarter hours in which any of them has a session."""

    def __init__(self, members: Sequence[Availability], taken: Iterable[int]) -> None:
        """Put the members' working hours and sessions together."""
        self._members = tuple(members)
        self._taken = dict.fromkeys(taken)

    def works(self, quarter: int) -> bool:
        """Tell whether all members work in this quarter hour."""
        return all(member.works(quarter) for member in self._members)

    def covers(self, quarters: range) -> bool:
        """Tell whether all `quarters` lie in everybody's working hours."""
        return all(member.covers(quarters) for member in self._members)

    def is_free(self, quarters: range) -> bool:
        """Tell whether nobody has a session in `quarters`."""
        return not any(quarter in self._taken for quarter in quarters)

    def take(self, quarters: range) -> None:
        """Note that a session occupies `quarters`."""
        self._taken.update(dict.fromkeys(quarters))

    def give_back(self, quarters: range) -> None:
        """Note that a session no longer occupies `quarters`."""
        for quarter in quarters:
            self._taken.pop(quarter, None)

    def earliest(self, earliest: datetime, until: datetime, length: timedelta) -> datetime | None:
        """Return the earliest start of a session of `length` in common time that is free, or None (R30)."""
        return slots.earliest_slot(self.works, self._taken, earliest=earliest, until=until, length=length)
