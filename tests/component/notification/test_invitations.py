"""Sessions as iMIP (N15): one UID for life, SEQUENCE rising, the same instant for every reader, the truth in order."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from deploy.local.mail import MailSink
from services.notification.adapters.calendar import Attendee, Entry, Method, calendar_part
from services.notification.domain.matter import Meeting
from shared.contracts.base import Contract
from tests.component.notification import facts
from tests.component.notification.office import ADA, BEN, Office
from tests.component.notification.reading import invitation_of, text_of

LATER = facts.STARTS + timedelta(days=1, hours=2)
SUNDAY = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
"""Half an hour before Berlin's clocks go forward."""


class TestShape:
    """What calendars look for."""

    async def test_three_alternatives_in_one_part_and_an_attachment(self, office: Office, mail_sink: MailSink) -> None:
        """Text, HTML and calendar in one multipart/alternative; the same calendar once more as a file."""
        await office.hear(facts.booked())
        await office.dispatch()
        message = mail_sink.received[0].message
        assert message.get_content_type() == "multipart/mixed"
        alternative, attachment = message.iter_parts()
        assert alternative.get_content_type() == "multipart/alternative"
        assert [part.get_content_type() for part in alternative.iter_parts()] == ["text/plain", "text/html", "text/calendar"]
        calendar = list(alternative.iter_parts())[2]
        assert calendar["Content-Type"].params["method"] == "REQUEST"
        assert attachment.get_content_disposition() == "attachment"
        assert attachment.get_filename() == "session.ics"
        assert attachment.get_content() == calendar.get_payload(decode=True)

    async def test_headers_for_machines(self, office: Office, mail_sink: MailSink) -> None:
        """Auto-Submitted keeps holiday answers away; the date is that of the business clock; the language is named."""
        await office.hear(facts.booked())
        await office.dispatch()
        message = mail_sink.for_recipient("ada@corp.example")[0].message
        assert message["Auto-Submitted"] == "auto-generated"
        assert message["Date"].datetime == office.clock.now()
        assert message["Content-Language"] == "de"
        assert message["From"].addresses[0].addr_spec == "tandem@corp.example"
        assert message["List-Unsubscribe"] is None

    async def test_the_event_names_both_members_and_says_private(self, office: Office, mail_sink: MailSink) -> None:
        """ORGANIZER is a mailbox that nobody reads, so nobody is asked to reply; a shared calendar shows no details."""
        await office.hear(facts.booked())
        await office.dispatch()
        _, event = invitation_of(mail_sink.for_recipient("ada@corp.example")[0])
        assert str(event["ORGANIZER"]) == "mailto:tandem@corp.example"
        assert sorted(str(each) for each in event["ATTENDEE"]) == ["mailto:ada@corp.example", "mailto:ben@corp.example"]
        assert {each.params["RSVP"] for each in event["ATTENDEE"]} == {"FALSE"}
        assert str(event["CLASS"]) == "PRIVATE"
        assert str(event["SUMMARY"]) == "Erstes Tandem-Treffen mit Ben O'Neill <boss>"


class TestLife:
    """Booked, moved, cancelled."""

    async def test_one_uid_rising_sequence_then_cancel(self, office: Office, mail_sink: MailSink) -> None:
        """The calendar entry moves and ends, it is never doubled."""
        await office.hear(facts.booked(), facts.moved(LATER), facts.cancelled(sequence=2))
        await office.dispatch()
        read = [invitation_of(mail) for mail in mail_sink.for_recipient("ben@corp.example")]
        assert [method for method, _ in read] == ["REQUEST", "REQUEST", "CANCEL"]
        assert {str(event["UID"]) for _, event in read} == {facts.UID}
        assert [event["SEQUENCE"] for _, event in read] == [0, 1, 2]
        assert [event.start for _, event in read] == [facts.STARTS, LATER, LATER]
        assert str(read[2][1]["STATUS"]) == "CANCELLED"

    async def test_times_are_told_in_each_zone_with_its_name(self, office: Office, mail_sink: MailSink) -> None:
        """Each reads their own time; summer time is that of the day of the session, not of today."""
        await office.hear(facts.booked(SUNDAY + timedelta(hours=8)))
        await office.dispatch()
        assert "Sonntag, 28. März 2027, 10:30 bis 11:30 Uhr, Mitteleuropäische Sommerzeit (Europe/Berlin, UTC+02:00)" in text_of(
            mail_sink.for_recipient("ada@corp.example")[0]
        )
        assert "Sunday, 28 March 2027, 04:30 to 05:30, Eastern Daylight Time (America/New_York, UTC-04:00)" in text_of(
            mail_sink.for_recipient("ben@corp.example")[0]
        )

    async def test_a_session_over_the_change_of_clocks_keeps_its_instants(self, office: Office, mail_sink: MailSink) -> None:
        """01:30 to 03:30 on the wall is one hour."""
        await office.hear(facts.booked(SUNDAY, ends_at=SUNDAY + timedelta(hours=1)))
        await office.dispatch()
        mail = mail_sink.for_recipient("ada@corp.example")[0]
        assert "01:30 bis 03:30 Uhr" in text_of(mail)
        assert invitation_of(mail)[1].duration == timedelta(hours=1)

    async def test_another_time_proposed_is_no_invitation(self, office: Office, mail_sink: MailSink) -> None:
        """R7: nothing moves in a calendar before all agree."""
        await office.hear(facts.booked())
        await office.dispatch()
        await office.hear(facts.time_proposed(ADA, LATER))
        await office.dispatch()
        mail = mail_sink.for_recipient("ben@corp.example")[-1]
        assert not [part for part in mail.message.walk() if part.get_content_type() == "text/calendar"]
        assert "Tuesday, 19 January 2027" in text_of(mail)


class TestTruth:
    """A held-up announcement that was overtaken is dropped with a fact; its ending is then dropped, too."""

    @pytest.mark.parametrize(
        ("before", "after", "told"),
        [
            (facts.booked(), facts.cancelled(), ["session-booked suppressed overtaken", "session-cancelled suppressed never-announced"]),
            (facts.booked(), facts.moved(LATER), ["session-booked suppressed overtaken", "session-moved sent"]),
            (facts.proposed(), facts.declined(ADA), ["proposal suppressed overtaken", "proposal-declined suppressed never-announced"]),
        ],
        ids=["booked-cancelled", "booked-moved", "proposed-declined"],
    )
    async def test_after_an_outage(self, office: Office, mail_sink: MailSink, before: Contract, after: Contract, told: list[str]) -> None:
        """A REQUEST older than the newest known SEQUENCE is suppressed; nobody hears that something unheard of is off."""
        await office.hear(before)
        office.pass_wall(600)
        await office.hear(after)
        await office.dispatch()
        assert await office.outcomes(BEN) == told

    async def test_fresh_messages_go_out_in_order(self, office: Office, mail_sink: MailSink) -> None:
        """Within minutes the next message of the lane puts it right: nobody gets a `moved` without a `booked`."""
        await office.hear(facts.booked(), facts.moved(LATER))
        await office.dispatch()
        assert await office.outcomes(BEN) == ["session-booked sent", "session-moved sent"]

    async def test_a_deferred_invitation_holds_back_what_follows(self, office: Office, mail_sink: MailSink) -> None:
        """Order within a lane: the cancellation never overtakes the invitation."""
        mail_sink.refuse("ben@corp.example", "451 later")
        await office.hear(facts.booked(), facts.cancelled())
        await office.dispatch()
        assert mail_sink.for_recipient("ben@corp.example") == []
        for _ in range(3):
            office.pass_wall(20)
            await office.dispatch()
        assert [invitation_of(mail)[0] for mail in mail_sink.for_recipient("ben@corp.example")] == ["REQUEST", "CANCEL"]

    async def test_a_signature_that_was_given_meanwhile_is_not_asked_for(self, office: Office, mail_sink: MailSink) -> None:
        """N8: what is moot is not asked."""
        await office.hear(facts.signed(ADA), facts.signed(BEN))
        await office.dispatch()
        assert await office.outcomes(BEN) == ["charter-to-sign suppressed moot"]


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """Draw whole minutes of ten years."""
    return datetime(2025, 1, 1, tzinfo=UTC) + timedelta(minutes=draw(st.integers(0, 10 * 365 * 24 * 60)))


class TestReadBack:
    """N15: an independent reader finds the same instant, whatever zone it was thought in."""

    @settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        instants(),
        st.integers(15, 480),
        st.integers(0, 99),
        st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=80),
        st.sampled_from(
            ["Europe/Berlin", "Australia/Lord_Howe", "America/New_York", "Pacific/Kiritimati", "Asia/Kathmandu", "Africa/Cairo"]
        ),
    )
    def test_any_time_title_and_sequence(self, starts_at: datetime, minutes: int, sequence: int, title: str, zone: str) -> None:
        """`icalendar` reads the same start, end, sequence and title."""
        meeting = Meeting(
            session_id="s",
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=minutes),
            calendar_uid="s@tandem",
            calendar_sequence=sequence,
        )
        entry = Entry(
            method=Method.REQUEST,
            meeting=meeting,
            stamp=starts_at,
            title=title,
            description=title,
            place=title,
            url="https://tandem.corp.example/",
            organizer="tandem@corp.example",
            attendees=[Attendee(name=title, email="ada@corp.example")],
        )
        calendar: Any = Calendar.from_ical(calendar_part(entry))
        (event,) = calendar.walk("VEVENT")
        assert event["DTSTART"].dt == starts_at
        assert event["DTEND"].dt.astimezone(ZoneInfo(zone)) == (starts_at + timedelta(minutes=minutes)).astimezone(ZoneInfo(zone))
        assert event["SEQUENCE"] == sequence
        assert str(event["SUMMARY"]) == title
        assert b"TZID" not in calendar_part(entry)
