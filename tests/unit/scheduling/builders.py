"""Short words for the tests of scheduling: moments, members, schedules."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from services.scheduling.domain.cadence import Cadence
from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.desk import Desk, Horizon
from services.scheduling.domain.hours import Availability, Span
from services.scheduling.domain.schedule import Schedule

ADA, BEN, CLEO = "ada", "ben", "cleo"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(text: str) -> datetime:
    """Return an instant: `at("2027-03-01 09:00")` in UTC, or with an offset written out."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


MONDAY = at("2027-03-01 00:00")


def hours(begin: float = 9, end: float = 17, days: tuple[int, ...] = (0, 1, 2, 3, 4)) -> tuple[Span, ...]:
    """Return working hours."""
    return tuple(Span(weekday=day, start_minute=int(begin * 60), end_minute=int(end * 60)) for day in days)


def works(zone: str = "UTC", begin: float = 9, end: float = 17, *, away_until: datetime | None = None) -> Availability:
    """Return when somebody can meet: Monday to Friday from `begin` to `end` in `zone`."""
    return Availability.of(zone, hours(begin, end), away_until)


def common(*members: Availability, taken: tuple[range, ...] = ()) -> CommonTime:
    """Return the members' common time; by default of two who work nine to five in UTC."""
    return CommonTime(members or (works(), works()), [quarter for quarters in taken for quarter in quarters])


def cadence(
    rrule: str = "FREQ=WEEKLY", *, zone: str = "UTC", length: timedelta = HOUR, notice: timedelta = DAY, place: str = "video"
) -> Cadence:
    """Return a cadence."""
    return Cadence(rrule=rrule, timezone=zone, length=length, place_kind=place, notice_period=notice)


def schedule(*members: str, plan: Cadence | None = None) -> Schedule:
    """Return a new schedule, by default of two members who meet weekly for an hour."""
    return Schedule.open(pairing_id="pairing-1", programme_id="peers", members=members or (ADA, BEN), cadence=plan or cadence())


def desk(members: CommonTime | None = None, now: datetime = MONDAY, new_id: Callable[[], str] | None = None) -> Desk:
    """Return the planner's desk, by default of two who work nine to five in UTC, on Monday at midnight."""
    return Desk(now=now, common=members or common(), horizon=Horizon(sessions_ahead=4), new_id=new_id or Ids("r"))


class Ids:
    """Ids that can be read: s1, s2 and so on."""

    def __init__(self, prefix: str = "s") -> None:
        """Begin at one."""
        self._prefix = prefix
        self._numbers = count(1)

    def __call__(self) -> str:
        """Return the next id."""
        return f"{self._prefix}{next(self._numbers)}"
