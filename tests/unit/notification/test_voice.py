"""Times in each person's zone with the zone named; the recipient's language decides (N16)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notification.adapters.wording.voice import Catalogues, plain

CATALOGUES = Catalogues()
ZONES = sorted(available_timezones())
MOMENTS = st.integers(0, 12 * 365 * 24 * 60).map(lambda minute: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minute))


class TestZones:
    """No time without its zone, and the right one of summer and winter."""

    @settings(max_examples=300, deadline=None)
    @given(MOMENTS, st.sampled_from(ZONES), st.sampled_from(["en", "de"]))
    def test_any_moment_in_any_zone_is_told_as_the_wall_clock_there_shows_it(self, moment: datetime, zone: str, language: str) -> None:
        """Hour, minute, day, zone and offset are those of the zone at that instant."""
        local = moment.astimezone(ZoneInfo(zone))
        told = CATALOGUES.voice(language, zone).moment(moment)
        assert f"{local:%H:%M}" in told
        assert str(local.day) in told
        assert str(local.year) in told
        offset = local.strftime("%z")
        assert ("UTC" if offset == "+0000" else f"UTC{offset[:3]}:{offset[3:5]}") in told
        assert zone in told
        assert told.isprintable()

    @pytest.mark.parametrize(
        ("zone", "winter", "summer"),
        [
            ("Europe/Berlin", "UTC+01:00", "UTC+02:00"),
            ("Australia/Lord_Howe", "UTC+11:00", "UTC+10:30"),
            ("America/New_York", "UTC-05:00", "UTC-04:00"),
            ("Asia/Kathmandu", "UTC+05:45", "UTC+05:45"),
        ],
    )
    def test_summer_time_is_that_of_the_day(self, zone: str, winter: str, summer: str) -> None:
        """The offset belongs to the moment, not to today."""
        voice = CATALOGUES.voice("en", zone)
        assert winter in voice.zone_at(datetime(2027, 1, 15, tzinfo=UTC))
        assert summer in voice.zone_at(datetime(2027, 7, 15, tzinfo=UTC))

    def test_a_zone_that_the_language_has_no_name_for_is_named_by_its_place(self) -> None:
        """N16: "GMT+05:30 (Asia/Kolkata, UTC+05:30)" says one thing twice and names nothing."""
        assert CATALOGUES.voice("en", "Asia/Kolkata").zone_at(datetime(2027, 1, 15, tzinfo=UTC)) == "Asia/Kolkata (UTC+05:30)"

    @pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../etc/passwd", "Europe/", "\x00"])
    def test_a_zone_that_does_not_exist_is_utc_and_says_so(self, zone: str) -> None:
        """A wrong record never stops a mail and never shows a wrong time."""
        assert CATALOGUES.voice("en", zone).moment(datetime(2027, 1, 15, 8, tzinfo=UTC)).endswith("08:00, Coordinated Universal Time (UTC)")

    def test_a_span_over_midnight_names_both_days(self) -> None:
        """Nobody comes a day late."""
        start = datetime(2027, 1, 15, 22, 30, tzinfo=UTC)
        told = CATALOGUES.voice("en", "Europe/Berlin").span(start, start + timedelta(hours=1))
        assert told.startswith("Friday, 15 January 2027, 23:30 to Saturday, 16 January 2027, 00:30, ")


class TestLanguages:
    """The nearest language that is spoken, else the default."""

    @pytest.mark.parametrize(
        ("tag", "language"),
        [
            ("de", "de"),
            ("de-AT", "de"),
            ("de_CH", "de"),
            ("DE", "de"),
            ("en-US", "en"),
            ("fr", "en"),
            ("", "en"),
            ("x-klingon", "en"),
            ("zh-Hant-TW", "en"),
        ],
    )
    def test_negotiation(self, tag: str, language: str) -> None:
        """A tag that nobody knows never stops a mail."""
        assert CATALOGUES.voice(tag, "UTC").language == language

    def test_region_decides_how_dates_are_written(self) -> None:
        """Words by language, dates by region; English alone has the day first and 24 hours."""
        moment = datetime(2027, 1, 15, 15, tzinfo=UTC)
        assert CATALOGUES.voice("en", "UTC").moment(moment).startswith("Friday, 15 January 2027, 15:00")
        assert CATALOGUES.voice("en-US", "UTC").moment(moment).startswith("Friday, January 15, 2027, 3:00 PM")

    def test_the_default_language_is_a_setting(self) -> None:
        """A German company writes German to those whose language is not spoken."""
        assert Catalogues("de").voice("fr", "UTC").language == "de"

    def test_languages_are_named_in_the_recipients_words(self) -> None:
        """`pt-BR` is never shown as a code; an unknown one is shown as it is."""
        assert CATALOGUES.voice("de", "UTC").language_name("fr") == "Französisch"
        assert CATALOGUES.voice("en", "UTC").language_name("xx-yy") == "xx-yy"

    def test_invisible_marks_are_taken_out(self) -> None:
        """They spoil subjects and searches."""
        assert plain("a\u202fb\u2068c\u2069\u200e") == "a bc"
