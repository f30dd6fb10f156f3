"""Reads mails as their recipients do."""

from typing import Any

from icalendar import Calendar, Event

from deploy.local.mail import ReceivedMail


def text_of(mail: ReceivedMail) -> str:
    """Return the plain text, its lines joined."""
    body = mail.message.get_body(("plain",))
    assert body is not None
    return " ".join(str(body.get_content()).split())


def html_of(mail: ReceivedMail) -> str:
    """Return the HTML."""
    body = mail.message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def invitation_of(mail: ReceivedMail) -> tuple[str, Any]:
    """Return the method and the event of the calendar part, as `icalendar` reads it."""
    parts = [part for part in mail.message.walk() if part.get_content_type() == "text/calendar"]
    assert len(parts) == 1
    calendar = Calendar.from_ical(bytes(parts[0].get_payload(decode=True)))
    assert isinstance(calendar, Calendar)
    assert str(calendar["METHOD"]) == parts[0].get_param("method")
    (event,) = calendar.walk("VEVENT")
    assert isinstance(event, Event)
    return str(calendar["METHOD"]), event
