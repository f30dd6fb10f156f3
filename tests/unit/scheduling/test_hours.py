"""When a member can meet: the wall clock of their own zone decides, in summer and winter."""

from zoneinfo import ZoneInfo

import pytest

from services.scheduling.domain import slots
from services.scheduling.domain.hours import Availability, Span, instant_of, known_zone, local_wall_clock
from tests.unit.scheduling.builders import at, hours, works


def can_meet(who: Availability, text: str) -> bool:
    """Tell whether somebody works in the quarter hour that begins then."""
    return who.works(slots.first_from(at(text)))


class TestWorkingHours:
    """A quarter hour counts when all of it lies in working time."""

    def test_first_and_last_quarter_belong_to_the_day(self) -> None:
        """N16: nine to five begins at 09:00 and ends with the quarter that begins at 16:45."""
        who = works()
        seen = [can_meet(who, f"2027-03-01 {time}") for time in ("08:45", "09:00", "16:45", "17:00")]
        assert seen == [False, True, True, False]

    def test_weekend_is_free(self) -> None:
        """N16: nobody meets on a day without working hours."""
        assert not can_meet(works(), "2027-03-06 10:00")

    def test_quarter_that_is_only_partly_worked_does_not_count(self) -> None:
        """N16: from 09:10 on, the first whole quarter is 09:15."""
        who = Availability.of("UTC", (Span(weekday=0, start_minute=550, end_minute=1020),))
        assert [can_meet(who, "2027-03-01 09:00"), can_meet(who, "2027-03-01 09:15")] == [False, True]

    def test_day_that_ends_within_a_quarter(self) -> None:
        """N16: until 10:10, the last whole quarter is 09:45."""
        who = Availability.of("UTC", (Span(weekday=0, start_minute=540, end_minute=610),))
        assert [can_meet(who, "2027-03-01 09:45"), can_meet(who, "2027-03-01 10:00")] == [True, False]

    def test_spans_that_touch_are_one(self) -> None:
        """N16: a break of no length is none."""
        who = Availability.of("UTC", (Span(weekday=0, start_minute=540, end_minute=610), Span(weekday=0, start_minute=610, end_minute=700)))
        assert can_meet(who, "2027-03-01 10:00")

    def test_span_may_end_after_midnight(self) -> None:
        """N16: a night shift of Monday reaches into Tuesday, and Sunday's into Monday."""
        monday = Availability.of("UTC", (Span(weekday=0, start_minute=22 * 60, end_minute=30 * 60),))
        sunday = Availability.of("UTC", (Span(weekday=6, start_minute=22 * 60, end_minute=30 * 60),))
        assert can_meet(monday, "2027-03-01 23:45")
        assert can_meet(monday, "2027-03-02 05:45")
        assert not can_meet(monday, "2027-03-02 06:00")
        assert can_meet(sunday, "2027-03-01 01:00")

    def test_who_is_away_is_back_at_the_instant_said(self) -> None:
        """C: nobody is booked while away."""
        who = works(away_until=at("2027-03-03 12:00"))
        assert [can_meet(who, "2027-03-03 11:45"), can_meet(who, "2027-03-03 12:00")] == [False, True]

    def test_unknown_hours_and_zone_have_documented_defaults(self) -> None:
        """N16: Monday to Friday, nine to five, UTC."""
        who = Availability.of(None, ())
        assert who == works("UTC", 9, 17)

    @pytest.mark.parametrize("name", ["Mars/Olympus", "", "../etc/passwd", "Europe/Berlin\x00", None])
    def test_zone_that_does_not_exist_becomes_utc(self, name: str | None) -> None:
        """N16: a bad zone name must not stop a pairing."""
        assert known_zone(name) == "UTC"


class TestSummerTime:
    """The wall clock stays, UTC moves."""

    @pytest.mark.parametrize(
        ("zone", "before", "after"),
        [
            ("Europe/Berlin", "2027-03-26 08:00", "2027-03-29 07:00"),  # forward on Sunday 28 March 2027
            ("America/New_York", "2027-03-12 14:00", "2027-03-15 13:00"),  # forward on Sunday 14 March 2027
            ("America/New_York", "2027-11-05 13:00", "2027-11-08 14:00"),  # back on Sunday 7 November 2027
            ("Australia/Sydney", "2027-04-01 22:00", "2027-04-04 23:00"),  # back on Sunday 4 April 2027, 09:00 is the day before in UTC
            ("Australia/Lord_Howe", "2027-04-01 22:00", "2027-04-04 22:30"),  # back by half an hour
            ("Asia/Kathmandu", "2027-03-26 03:15", "2027-03-29 03:15"),  # no summer time, quarter-hour offset
        ],
    )
    def test_nine_o_clock_is_nine_o_clock(self, zone: str, before: str, after: str) -> None:
        """N16: the first quarter of the day is 09:00 on the wall before and after the change."""
        who = works(zone)
        for text in (before, after):
            quarter = slots.first_from(at(text))
            assert who.works(quarter)
            assert not who.works(quarter - 1)
            local = at(text).astimezone(ZoneInfo(zone))
            assert (local.hour, local.minute) == (9, 0)

    def test_hour_that_does_not_exist_is_worked_by_nobody(self) -> None:
        """N16: who works from 02:00 to 03:00 has no working time in Berlin on 28 March 2027."""
        who = Availability.of("Europe/Berlin", hours(2, 3, days=(6,)))
        around = range(slots.first_from(at("2027-03-27 22:00")), slots.first_from(at("2027-03-28 12:00")))
        assert not any(who.works(quarter) for quarter in around)

    def test_hour_that_comes_twice_is_worked_twice(self) -> None:
        """N16: who works from 02:00 to 03:00 has two hours in Berlin on 31 October 2027."""
        who = Availability.of("Europe/Berlin", hours(2, 3, days=(6,)))
        around = range(slots.first_from(at("2027-10-30 22:00")), slots.first_from(at("2027-10-31 12:00")))
        assert sum(who.works(quarter) for quarter in around) == 8


class TestWallClock:
    """From the wall to UTC and back, as RFC 5545 reads it."""

    def test_missing_time_is_read_with_the_offset_before_the_gap(self) -> None:
        """R30: 02:30 in Berlin on 28 March 2027 is 01:30Z, which the wall calls 03:30."""
        assert instant_of(at("2027-03-28 02:30").replace(tzinfo=None), "Europe/Berlin") == at("2027-03-28 01:30")

    def test_doubled_time_is_the_first_of_the_two(self) -> None:
        """R30: 02:30 in Berlin on 31 October 2027 is 00:30Z."""
        assert instant_of(at("2027-10-31 02:30").replace(tzinfo=None), "Europe/Berlin") == at("2027-10-31 00:30")

    def test_both_ways_agree(self) -> None:
        """R30: the instant of what the wall shows is the instant."""
        moment = at("2027-07-01 12:00")
        assert instant_of(local_wall_clock(moment, "Australia/Lord_Howe"), "Australia/Lord_Howe") == moment
