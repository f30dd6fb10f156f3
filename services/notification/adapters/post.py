"""One mail as MIME: text and HTML, and for sessions the calendar part inside the alternative plus an attachment (iMIP)."""

import re
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from services.notification.adapters.wording.layouts import Sheets
from services.notification.application.ports import AddressUnusable

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
ATTACHMENT = "session.ics"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A calendar part and its method."""

    content: bytes
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Everything on the outside of a mail."""

    message_id: str
    sender: str
    sender_name: str
    recipient: str
    recipient_name: str
    subject: str
    language: str
    date: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A finished mail; `content` has CRLF and is seven-bit clean, so that any relay passes it unchanged."""

    recipient: str
    content: bytes


def mail(cover: Cover, sheets: Sheets, invitation: Invitation | None) -> Mail:
    """Put a mail together.

    Raises:
        AddressUnusable: when the recipient's address is not one.

    """
    message = EmailMessage(policy=policy.SMTP if cover.recipient.isascii() else policy.SMTPUTF8)
    message["Subject"] = one_line(cover.subject)
    message["From"] = _address(cover.sender_name, cover.sender)
    message["To"] = _address(cover.recipient_name, cover.recipient)
    message["Date"] = format_datetime(cover.date)
    message["Message-ID"] = cover.message_id
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(sheets.text, cte="quoted-printable")
    message.add_alternative(sheets.html, subtype="html", cte="quoted-printable")
    if invitation is not None:
        _invite(message, invitation)
    message["Content-Language"] = cover.language  # last: what builds a multipart moves Content-… headers into its first part
    return Mail(recipient=cover.recipient, content=message.as_bytes())


def _invite(message: EmailMessage, invitation: Invitation) -> None:
    """One alternative of three parts, then the same calendar as a file for programs that look for one."""
    part = EmailMessage(policy=policy.SMTP)
    part.set_content(invitation.content, maintype="text", subtype="calendar", cte="base64")
    part.set_param("method", invitation.method)
    part.set_param("charset", "utf-8")
    del part["MIME-Version"]
    message.attach(part)
    message.add_attachment(invitation.content, maintype="application", subtype="ics", filename=ATTACHMENT)


def one_line(text: str) -> str:
    """Return `text` without line breaks and control characters: a name can never add a header."""
    return " ".join(_CONTROL.sub(" ", text).split())


def _address(name: str, address: str) -> Address:
    try:
        return Address(display_name=one_line(name), addr_spec=address)
    except (ValueError, IndexError, MessageError):
        raise AddressUnusable from None
