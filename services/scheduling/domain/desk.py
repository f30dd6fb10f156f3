"""What a decision about times looks at: the instant, the members' common time, and how far to look."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.scheduling.domain.common_time import CommonTime


@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """How far the planner looks: occurrences booked ahead, search for a slot, and how far an occurrence may give way."""

    sessions_ahead: int = 3
    search: timedelta = timedelta(days=28)
    give_way: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Everything on the planner's desk for one pairing at one instant."""

    now: datetime
    common: CommonTime
    horizon: Horizon
    new_id: Callable[[], str]
