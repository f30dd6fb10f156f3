"""A cadence is a rule that every calendar can keep (R30, R31)."""

from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from services.matching.domain.refusals import CadenceInvalid
from tests.unit.matching.builders import cadence

GOOD = [
    "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH",
    "FREQ=MONTHLY;BYDAY=1MO",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=15",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=DAILY;COUNT=10",
    "FREQ=WEEKLY;UNTIL=20271231T235959Z;WKST=MO",
]
BAD = [
    "",
    "INTERVAL=2",
    "FREQ=SECONDLY",
    "FREQ=YEARLY",
    "FREQ=WEEKLY;INTERVAL=0",
    "FREQ=WEEKLY;INTERVAL=99",
    "FREQ=WEEKLY;BYDAY=XX",
    "FREQ=WEEKLY;BYDAY=1MO",
    "FREQ=WEEKLY;BYMONTHDAY=3",
    "FREQ=WEEKLY;BYSETPOS=1",
    "FREQ=WEEKLY;COUNT=3;UNTIL=20271231",
    "FREQ=WEEKLY;FREQ=DAILY",
    "FREQ=WEEKLY;X-NOTE=lunch with Ada",
    "FREQ=WEEKLY;UNTIL=20271399",
    "FREQ=WEEKLY;UNTIL=20270231",
    "FREQ=WEEKLY;UNTIL=20271231T250000Z",
    "FREQ=WEEKLY;COUNT=1000",
    "FREQ=DAILY;INTERVAL=2;BYDAY=MO",
    "FREQ=DAILY;BYDAY=MO,TU;BYSETPOS=2",
    "FREQ=MONTHLY;BYMONTHDAY=31;BYSETPOS=2",
    "FREQ=MONTHLY;BYDAY=5MO;BYSETPOS=2",
    "FREQ=WEEKLY;BYDAY=MO,TU;BYSETPOS=3",
    "every second Tuesday",
    "FREQ=WEEKLY;" + "INTERVAL=1;" * 40,
]


class TestRule:
    """R31: the recurrence rule is checked before anybody signs it."""

    @pytest.mark.parametrize("rule", GOOD)
    def test_a_good_rule_is_read_by_the_calendar_library(self, rule: str) -> None:
        """What we accept, python-dateutil expands."""
        accepted = cadence(rrule=rule).rrule
        aware = "UNTIL" in rule
        begin = datetime.fromisoformat("2027-03-01T09:00:00" + ("+00:00" if aware else ""))
        assert rrulestr(accepted, dtstart=begin)[0] is not None

    @pytest.mark.parametrize("rule", BAD)
    def test_a_bad_rule_is_refused_and_not_quoted(self, rule: str) -> None:
        """N9: the refusal says the rule that is broken, never the text."""
        with pytest.raises(CadenceInvalid) as refused:
            cadence(rrule=rule)
        assert refused.value.facts["field"] == "rrule"
        assert "lunch" not in str(refused.value.facts)

    def test_case_and_prefix_do_not_matter(self) -> None:
        """`RRULE:` in front is what calendars write."""
        assert cadence(rrule="rrule:freq=weekly").rrule == "FREQ=WEEKLY"

    @given(st.text(alphabet="FREQWKLYDAIMONTHINTERVAL=;,BY-0123456789SU", max_size=60))
    def test_no_text_crashes_the_check(self, text: str) -> None:
        """It is accepted or refused, and what is accepted can be expanded."""
        try:
            accepted = cadence(rrule=text).rrule
        except CadenceInvalid:
            return
        rrulestr(accepted, dtstart=datetime.fromisoformat("2027-03-01T09:00:00" + ("+00:00" if "Z" in accepted else "")))


class TestFrame:
    """Length, notice, place and zone are bounded."""

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("length", timedelta(minutes=14)),
            ("length", timedelta(hours=9)),
            ("notice_period", timedelta(days=15)),
            ("notice_period", timedelta(minutes=-1)),
            ("place_kind", "room 4.12, behind Ada's desk"),
            ("timezone", "Mars/Olympus"),
            ("timezone", "../../etc/passwd"),
            ("timezone", ""),
        ],
    )
    def test_what_scheduling_could_not_keep_is_refused(self, field: str, value: object) -> None:
        """R31: the field is named."""
        with pytest.raises(CadenceInvalid) as refused:
            cadence(**{field: value})
        assert refused.value.facts["field"] == field
