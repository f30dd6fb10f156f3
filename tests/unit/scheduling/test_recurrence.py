"""Recurrence rules: the wall clock is kept over summer time, and no rule can keep the process busy."""

import time
from datetime import datetime

import pytest

from services.scheduling.adapters.recurrence import DateutilRecurrence
from services.scheduling.application.ports import RuleNotUnderstood
from tests.unit.scheduling.builders import DAY, at, cadence


def following(rrule: str, anchor: str, *, zone: str = "UTC", after: str | None = None, limit: int = 3) -> list[datetime]:
    """Return the occurrences after `after` (by default the anchor)."""
    return DateutilRecurrence().following(cadence(rrule, zone=zone), at(anchor), at(after or anchor), limit)


class TestSummerTime:
    """R30: ten o'clock stays ten o'clock."""

    def test_berlin_fortnight_over_28_march_2027(self) -> None:
        """R30: 10:00 in Berlin is 09:00Z until 28 March 2027 and 08:00Z from then on."""
        found = following("FREQ=WEEKLY;INTERVAL=2", "2027-03-15 09:00", zone="Europe/Berlin", limit=2)
        assert found == [at("2027-03-29 08:00"), at("2027-04-12 08:00")]

    def test_new_york_over_both_changes(self) -> None:
        """R30: 09:00 in New York moves by an hour on 14 March and back on 7 November 2027."""
        spring = following("FREQ=WEEKLY", "2027-03-09 14:00", zone="America/New_York", limit=1)
        autumn = following("FREQ=WEEKLY", "2027-03-09 14:00", zone="America/New_York", after="2027-11-02 13:00", limit=1)
        assert (spring, autumn) == ([at("2027-03-16 13:00")], [at("2027-11-09 14:00")])

    def test_southern_zone(self) -> None:
        """R30: 09:00 in Sydney moves the other way, on 4 April 2027."""
        found = following("FREQ=WEEKLY", "2027-03-29 22:00", zone="Australia/Sydney", limit=1)
        assert found == [at("2027-04-05 23:00")]

    def test_half_an_hour_on_lord_howe(self) -> None:
        """R30: summer time of thirty minutes."""
        found = following("FREQ=WEEKLY", "2027-03-29 22:00", zone="Australia/Lord_Howe", limit=1)
        assert found == [at("2027-04-05 22:30")]

    def test_time_that_does_not_exist_once(self) -> None:
        """R30: 02:30 daily in Berlin is 03:30 on the day without it, and 02:30 again after."""
        found = following("FREQ=DAILY", "2027-03-27 01:30", zone="Europe/Berlin", limit=2)
        assert found == [at("2027-03-28 01:30"), at("2027-03-29 00:30")]

    def test_time_that_comes_twice_is_one_occurrence(self) -> None:
        """R30: one session on the day with two 02:30."""
        found = following("FREQ=DAILY", "2027-10-30 00:30", zone="Europe/Berlin", limit=2)
        assert found == [at("2027-10-31 00:30"), at("2027-11-01 01:30")]

    def test_asking_between_two_equal_wall_clocks(self) -> None:
        """R30: after the second 02:30 the next occurrence is tomorrow's, none is given twice."""
        found = following("FREQ=DAILY", "2027-10-30 00:30", zone="Europe/Berlin", after="2027-10-31 01:30", limit=1)
        assert found == [at("2027-11-01 01:30")]


class TestRules:
    """R30: what a cadence may say."""

    @pytest.mark.parametrize(
        ("rrule", "expected"),
        [
            ("FREQ=WEEKLY", ["2027-03-09 09:00", "2027-03-16 09:00", "2027-03-23 09:00"]),
            ("RRULE:FREQ=WEEKLY;INTERVAL=2;", ["2027-03-16 09:00", "2027-03-30 09:00", "2027-04-13 09:00"]),
            ("freq=weekly;byday=mo,we", ["2027-03-03 09:00", "2027-03-08 09:00", "2027-03-10 09:00"]),
            ("FREQ=WEEKLY;BYDAY=TU;BYHOUR=14;BYMINUTE=30", ["2027-03-02 14:30", "2027-03-09 14:30", "2027-03-16 14:30"]),
            ("FREQ=MONTHLY;BYDAY=1TU", ["2027-04-06 09:00", "2027-05-04 09:00", "2027-06-01 09:00"]),
            ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2027-03-31 09:00", "2027-04-30 09:00", "2027-05-31 09:00"]),
            ("FREQ=WEEKLY;BYDAY=MO,TH;BYSETPOS=-1", ["2027-03-04 09:00", "2027-03-11 09:00", "2027-03-18 09:00"]),
            ("FREQ=MONTHLY;BYMONTHDAY=31", ["2027-03-31 09:00", "2027-05-31 09:00", "2027-07-31 09:00"]),
            ("FREQ=WEEKLY;COUNT=3", ["2027-03-09 09:00", "2027-03-16 09:00"]),
            ("FREQ=WEEKLY;UNTIL=20270316T090000Z", ["2027-03-09 09:00", "2027-03-16 09:00"]),
            ("FREQ=WEEKLY;UNTIL=20270309", []),
            ("FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", ["2027-03-03 09:00", "2027-03-04 09:00", "2027-03-05 09:00"]),
        ],
    )
    def test_occurrences(self, rrule: str, expected: list[str]) -> None:
        """R30: RFC 5545 as dateutil reads it, from Tuesday 2 March 2027, 09:00."""
        assert following(rrule, "2027-03-02 09:00") == [at(each) for each in expected]

    def test_until_in_utc_is_read_in_the_pairings_zone(self) -> None:
        """R30: 08:00Z on 29 March is 10:00 in Berlin: the occurrence at that instant is the last."""
        found = following("FREQ=WEEKLY;UNTIL=20270329T080000Z", "2027-03-15 09:00", zone="Europe/Berlin")
        assert found == [at("2027-03-22 09:00"), at("2027-03-29 08:00")]

    @pytest.mark.parametrize(
        "rrule",
        [
            "",
            "every second Tuesday",
            "FREQ=SECONDLY",
            "FREQ=HOURLY;INTERVAL=2",
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            "FREQ=WEEKLY;INTERVAL=0",
            "FREQ=WEEKLY;INTERVAL=-1",
            "FREQ=WEEKLY;INTERVAL=²",
            "FREQ=WEEKLY;FREQ=DAILY",
            "FREQ=WEEKLY;BYHOUR=8,9,10",
            "FREQ=WEEKLY;BYDAY=XX",
            "FREQ=WEEKLY;BYHOUR=25",
            "FREQ=WEEKLY;UNTIL=soonZ",
            "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
            "FREQ=WEEKLY;BYDAY=MO,TH;BYSETPOS=3",
            "FREQ=MONTHLY;BYDAY=1MO;BYSETPOS=5",
            "FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=2",
            "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=400",
            "FREQ=WEEKLY;X=" + "1" * 300,
            "FREQ=WEEKLY\nEXRULE:FREQ=DAILY",
            "FREQ=WEEKLY;COUNT=many",
        ],
    )
    def test_rule_that_cannot_be_followed(self, rrule: str) -> None:
        """R30: it is named as such, quickly; nothing searches until the year 9999."""
        began = time.process_time()
        with pytest.raises(RuleNotUnderstood):
            following(rrule, "2027-03-02 09:00")
        assert time.process_time() - began < 0.5

    def test_years_later_it_is_still_quick(self) -> None:
        """R53: a pairing that lasts ten years does not slow the planner."""
        began = time.process_time()
        after = at("2027-03-02 09:00") + 3650 * DAY
        found = DateutilRecurrence().following(cadence("FREQ=DAILY"), at("2027-03-02 09:00"), after, 5)
        assert len(found) == 5
        assert time.process_time() - began < 0.5
