"""One mail as MIME: text and HTML, and for sessions the calendar part inside the alternative plus an attachment (iMIP).

Built with the library's older, five times faster classes: the newer ones parse every header that is set.
"""

import quopri
import re
from dataclasses import dataclass
from datetime import datetime
from email.encoders import encode_base64
from email.header import Header
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr

from services.notification.adapters.wording.layouts import Sheets
from services.notification.application.ports import AddressUnusable

ATTACHMENT = "session.ics"
_POLICY = compat32.clone(linesep="\r\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_ADDRESS_LENGTH_MAX = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """A calendar part and its method."""

    content: bytes
    method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cover:
    """Everything on the outside of a mail. `id` never changes for a message; the Message-ID and the boundaries are made of it."""

    id: str
    domain: str
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
        AddressUnusable: when the recipient's address is not one (only plain ASCII addresses are written to).

    """
    recipient = usable(cover.recipient)
    body = MIMEMultipart("alternative", f"=_{cover.id}", policy=_POLICY)
    body.attach(_written(sheets.text, "plain"))
    body.attach(_written(sheets.html, "html"))
    message = body if invitation is None else _inviting(body, invitation, cover.id)
    subject = one_line(cover.subject)
    message["Subject"] = Header(subject, "us-ascii" if subject.isascii() else "utf-8", header_name="Subject").encode()
    message["From"] = formataddr((one_line(cover.sender_name), cover.sender))
    message["To"] = formataddr((one_line(cover.recipient_name), recipient))
    message["Date"] = format_datetime(cover.date)
    message["Message-ID"] = f"<{cover.id}@{cover.domain}>"
    message["Content-Language"] = cover.language
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"
    return Mail(recipient=recipient, content=message.as_bytes(policy=_POLICY))


def _written(text: str, subtype: str) -> MIMENonMultipart:
    part = MIMENonMultipart("text", subtype, charset="utf-8", policy=_POLICY)
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(quopri.encodestring(text.encode()).decode("ascii"))
    return part


def _inviting(body: MIMEMultipart, invitation: Invitation, message_id: str) -> MIMEMultipart:
    """One alternative of three parts, then the same calendar as a file for programs that look for one."""
    body.attach(_carrying(invitation.content, MIMEBase("text", "calendar", method=invitation.method, charset="utf-8", policy=_POLICY)))
    attached = _carrying(invitation.content, MIMEBase("application", "ics", name=ATTACHMENT, policy=_POLICY))
    attached.add_header("Content-Disposition", "attachment", filename=ATTACHMENT)
    whole = MIMEMultipart("mixed", f"=_{message_id}_whole", policy=_POLICY)
    whole.attach(body)
    whole.attach(attached)
    return whole


def _carrying(content: bytes, part: MIMEBase) -> MIMEBase:
    part.set_payload(content)
    encode_base64(part)
    return part


def usable(address: str) -> str:
    """Return `address` if it is one that any mail server takes.

    Raises:
        AddressUnusable: when it is not; nothing of it is told.

    """
    if len(address) > _ADDRESS_LENGTH_MAX or _ADDRESS.fullmatch(address) is None:
        raise AddressUnusable
    return address


def one_line(text: str) -> str:
    """Return `text` without line breaks and control characters: a name can never add a header."""
    return " ".join(_CONTROL.sub(" ", text).split())
