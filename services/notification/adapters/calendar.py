"""Calendar parts of session mails (iMIP, N15): one UID for life, SEQUENCE from scheduling, single events in UTC."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from icalendar import Calendar, Event, vCalAddress

from services.notification.domain.kinds import INVITATIONS, Kind
from services.notification.domain.matter import Meeting


class Method(StrEnum):
    """What a calendar should do."""

    REQUEST = "REQUEST"
    CANCEL = "CANCEL"


METHODS = dict.fromkeys(INVITATIONS, Method.REQUEST) | {Kind.SESSION_CANCELLED: Method.CANCEL}
"""Which kinds carry a calendar part."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attendee:
    """A member of the session. Peers know each other's name and address; nobody else gets the mail."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What stands in the calendar of one recipient, in their language."""

    method: Method
    meeting: Meeting
    stamp: datetime
    title: str
    description: str
    place: str
    url: str
    organizer: str
    attendees: Sequence[Attendee]


def calendar_part(entry: Entry) -> bytes:
    """Return the text/calendar part. Times are in UTC (a single event needs no VTIMEZONE), so every reader finds the same instant."""
    calendar = Calendar()
    calendar.add("prodid", "-//Tandem//Peer mentoring//EN")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", entry.method.value)
    calendar.add_component(_event(entry))
    part: bytes = calendar.to_ical()
    return part


def _event(entry: Entry) -> Event:
    meeting, event = entry.meeting, Event()
    event.add("uid", meeting.calendar_uid)
    event.add("sequence", meeting.calendar_sequence)
    event.add("dtstamp", entry.stamp.replace(microsecond=0))
    if meeting.starts_at is not None and meeting.ends_at is not None:
        event.add("dtstart", meeting.starts_at)
        event.add("dtend", meeting.ends_at)
    event.add("summary", entry.title)
    event.add("description", entry.description)
    event.add("location", entry.place)
    event.add("url", entry.url)
    event.add("status", "CANCELLED" if entry.method is Method.CANCEL else "CONFIRMED")
    event.add("transp", "OPAQUE")
    event.add("class", "PRIVATE")
    event.add("organizer", _address(entry.organizer, "Tandem"))
    for attendee in entry.attendees:
        address = _address(attendee.email, attendee.name)
        address.params.update({"CUTYPE": "INDIVIDUAL", "ROLE": "REQ-PARTICIPANT", "PARTSTAT": "NEEDS-ACTION", "RSVP": "FALSE"})
        event.add("attendee", address, encode=False)
    return event


def _address(email: str, name: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{email}")
    address.params["CN"] = name
    return address
