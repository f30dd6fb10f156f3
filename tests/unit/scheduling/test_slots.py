"""The earliest slot: in everybody's working hours, where nobody has another session."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.scheduling.domain import slots
from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.hours import Availability, Span
from tests.unit.scheduling.builders import DAY, HOUR, MONDAY, at, common, works

MINUTE = timedelta(minutes=1)


class TestQuarters:
    """Time is booked in quarter hours."""

    def test_session_occupies_every_quarter_it_touches(self) -> None:
        """C: fifty minutes take four quarters, so that nobody is booked into the last ten."""
        begin = at("2027-03-01 09:00")
        assert len(slots.quarters_of(begin, begin + 50 * MINUTE)) == slots.needed(50 * MINUTE) == 4
        assert slots.needed(timedelta()) == 1

    def test_grid_is_the_full_quarter_hour(self) -> None:
        """C: in every zone of today a full quarter hour is one in UTC, too."""
        assert slots.on_the_grid(at("2027-03-01 09:45"))
        assert not slots.on_the_grid(at("2027-03-01 09:07"))
        assert not slots.on_the_grid(at("2027-03-01 09:45") + timedelta(milliseconds=1))

    def test_first_from_rounds_up(self) -> None:
        """R30: the earliest slot never begins before the instant asked for."""
        assert slots.start_of(slots.first_from(at("2027-03-01 09:01"))) == at("2027-03-01 09:15")
        assert slots.start_of(slots.first_from(at("2027-03-01 09:15"))) == at("2027-03-01 09:15")


class TestEarliestSlot:
    """R30: as early as it suits everybody."""

    def test_first_common_hour(self) -> None:
        """R30: Berlin ends at 16:00Z, New York begins at 14:00Z in winter."""
        found = common(works("Europe/Berlin"), works("America/New_York")).earliest(MONDAY, MONDAY + 7 * DAY, HOUR)
        assert found == at("2027-03-01 14:00")

    def test_weeks_between_the_two_changes_have_one_hour_more(self) -> None:
        """R30: from 14 to 28 March 2027 New York has summer time and Berlin has not: common time begins an hour earlier."""
        found = common(works("Europe/Berlin"), works("America/New_York")).earliest(at("2027-03-15 00:00"), at("2027-03-20 00:00"), HOUR)
        assert found == at("2027-03-15 13:00")

    def test_what_is_taken_is_skipped(self) -> None:
        """C: a session from 09:30 to 10:00 leaves no hour before 10:00."""
        taken = slots.quarters_of(at("2027-03-01 09:30"), at("2027-03-01 10:00"))
        assert common(taken=(taken,)).earliest(MONDAY, MONDAY + DAY, HOUR) == at("2027-03-01 10:00")

    def test_must_end_in_the_window(self) -> None:
        """R30: an hour does not fit between 09:00 and 09:45."""
        assert common().earliest(at("2027-03-01 09:00"), at("2027-03-01 09:45"), HOUR) is None

    def test_no_overlap_at_all(self) -> None:
        """C: Berlin and Auckland are twelve hours apart in January: there is no slot, and the answer says so."""
        far = common(works("Europe/Berlin"), works("Pacific/Auckland"))
        assert far.earliest(at("2027-01-11 00:00"), at("2027-02-08 00:00"), HOUR) is None

    def test_a_day_apart_on_the_calendar(self) -> None:
        """N16: UTC+12 and UTC-11 share hours but not the date: Monday's for one are Sunday's for the other."""
        far = common(works("Etc/GMT-12"), works("Pacific/Pago_Pago"))
        assert far.earliest(at("2027-02-28 00:00"), MONDAY + 7 * DAY, HOUR) == at("2027-03-01 21:00")

    def test_shared_hours_on_other_weekdays_are_none(self) -> None:
        """N16: who works on Mondays only at UTC+12 never meets who works on Mondays only at UTC-11."""
        monday = (Span(weekday=0, start_minute=540, end_minute=1020),)
        far = common(Availability.of("Etc/GMT-12", monday), Availability.of("Pacific/Pago_Pago", monday))
        assert far.earliest(MONDAY, MONDAY + 28 * DAY, HOUR) is None

    def test_six_members(self) -> None:
        """R43: a circle meets where all six overlap."""
        circle = [works("UTC", begin, begin + 8) for begin in (6, 7, 8, 9, 10, 11)]
        assert common(*circle).earliest(MONDAY, MONDAY + DAY, HOUR) == at("2027-03-01 11:00")
        assert common(*circle).earliest(MONDAY, MONDAY + DAY, 4 * HOUR) is None

    def test_midnight_is_no_wall(self) -> None:
        """N16: who works around the clock can meet over midnight."""
        always = Availability.of("UTC", tuple(Span(weekday=day, start_minute=0, end_minute=1440) for day in range(7)))
        assert common(always, always).earliest(at("2027-03-01 23:30"), at("2027-03-02 02:00"), HOUR) == at("2027-03-01 23:30")


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Auckland"]
CHANGES = ["2027-03-14", "2027-03-28", "2027-04-04", "2027-10-03", "2027-10-31", "2027-11-07"]
people = st.tuples(st.sampled_from(ZONES), st.integers(0, 20), st.integers(1, 12), st.integers(0, 59))


def by_brute_force(
    members: list[tuple[str, int, int, int]], taken: list[int], begin: datetime, until: datetime, length: timedelta
) -> object:
    """Try every start, minute by minute, by nothing but the wall clock."""
    start = begin
    while start + length <= until:
        minutes = [start + n * MINUTE for n in range(-(-length // (15 * MINUTE)) * 15)]
        free = not any(int(minute.timestamp()) // 900 in taken for minute in minutes)
        if free and slots.on_the_grid(start) and minutes[-1] < until and all(_fits(member, minutes) for member in members):
            return start
        start += 15 * MINUTE
    return None


def _fits(member: tuple[str, int, int, int], minutes: list[datetime]) -> bool:
    zone, first, span, offset = member
    begin, end = first * 60 + offset, min((first + span) * 60 + offset, 1440)
    walls = [minute.astimezone(ZoneInfo(zone)) for minute in minutes]
    return all(begin <= wall.hour * 60 + wall.minute < end for wall in walls)


class TestAgainstBruteForce:
    """R30: the search finds what trying every minute finds, over the changes of summer time."""

    @settings(max_examples=60, deadline=None)
    @given(
        members=st.lists(people, min_size=1, max_size=3),
        day=st.sampled_from(CHANGES),
        taken=st.lists(st.integers(0, 191), max_size=12),
        length=st.sampled_from([15, 30, 50, 60, 90]),
    )
    def test_same_answer(self, members: list[tuple[str, int, int, int]], day: str, taken: list[int], length: int) -> None:
        """R30: earliest slot equals brute force."""
        begin = at(day) - 12 * HOUR
        first = slots.first_from(begin)
        quarters = [first + each for each in taken]
        availabilities = [
            Availability.of(
                zone,
                tuple(
                    Span(weekday=n, start_minute=hour * 60 + offset, end_minute=min((hour + span) * 60 + offset, 1440)) for n in range(7)
                ),
            )
            for zone, hour, span, offset in members
        ]
        found = CommonTime(availabilities, quarters).earliest(begin, begin + 48 * HOUR, length * MINUTE)
        assert found == by_brute_force(members, quarters, begin, begin + 48 * HOUR, length * MINUTE)


@pytest.mark.parametrize("zone", ZONES)
def test_no_zone_of_today_breaks_the_grid(zone: str) -> None:
    """C: offsets are whole quarter hours, so a quarter in UTC is one on every wall."""
    for month in range(1, 13):
        offset = datetime(2027, month, 15, tzinfo=ZoneInfo(zone)).utcoffset()
        assert offset is not None
        assert offset % (15 * MINUTE) == timedelta()
