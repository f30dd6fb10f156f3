"""One conversation with the mail server: kept open while there is work, its answers turned into outcomes.

| answer | outcome |
|---|---|
| 2xx after DATA | sent |
| 4xx, connection refused or lost, timeout, login or greeting refused | pending: try again later, same Message-ID |
| 5xx to RCPT, or to DATA with an enhanced code 5.1.x or 5.2.x (the mailbox) | failed, address suspended |
| any other 5xx (sender, content) | failed |
"""

import asyncio
import re
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import aiosmtplib

from services.notification.application.ports import Message
from services.notification.domain.delivery import SENT, Outcome, State

_MAILBOX = re.compile(r"\b5\.[12]\.\d{1,3}\b")
_PERMANENT = 500
CLOSE_WITHIN_SECONDS = 2.0
FAULTS = (aiosmtplib.SMTPException, OSError, TimeoutError)
ANSWERS = (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError, ValueError)
"""After these the conversation goes on; after anything else a new one begins."""
ENCRYPTIONS = Literal["none", "starttls", "tls"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mail is handed over."""

    host: str
    port: int
    username: str | None
    password: str | None
    encryption: ENCRYPTIONS
    timeout_seconds: float
    sender: str
    helo: str


class SmtpMailer:
    """Hands mails over, one after the other. `available` is False after the server could not be reached."""

    def __init__(self, server: MailServer) -> None:
        """Remember the server; the first mail connects."""
        self._server = server
        self._client: aiosmtplib.SMTP | None = None
        self.available = True

    async def send(self, message: Message) -> Outcome:
        """Hand one mail over and say what came of it. No text of the server is kept: it may quote an address (N9)."""
        try:
            client = await self._connected()
        except FAULTS as fault:
            self.available = False
            return Outcome(state=State.PENDING, code=_connection_code(fault))
        try:
            await client.sendmail(self._server.sender, [message.recipient], message.content)
        except (*FAULTS, ValueError) as fault:
            outcome = _outcome_of(fault)
            if not isinstance(fault, ANSWERS):
                await self.close()
            return outcome
        return SENT

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            timeout=server.timeout_seconds,
            local_hostname=server.helo,
            use_tls=server.encryption == "tls",
            start_tls=server.encryption == "starttls",
        )
        await client.connect()
        self._client, self.available = client, True
        return client

    async def close(self) -> None:
        """End the conversation politely, and at once when the server does not answer."""
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(*FAULTS):
            async with asyncio.timeout(CLOSE_WITHIN_SECONDS):
                await client.quit()
        client.close()


def _outcome_of(fault: Exception) -> Outcome:
    """Read what the server said of one mail. An address that cannot be written down (ValueError) never reaches it."""
    match fault:
        case aiosmtplib.SMTPRecipientsRefused():
            return _refused(fault.recipients[0].code, mailbox=True)
        case aiosmtplib.SMTPHeloError():
            return Outcome(state=State.PENDING, code=_connection_code(fault))
        case aiosmtplib.SMTPDataError():
            return _refused(fault.code, mailbox=_MAILBOX.search(fault.message) is not None)
        case aiosmtplib.SMTPResponseException():
            return _refused(fault.code, mailbox=False)
        case ValueError():
            return Outcome(state=State.FAILED, code="address-unusable", suspends_address=True)
        case _:
            return Outcome(state=State.PENDING, code=_connection_code(fault))


def _refused(code: int, *, mailbox: bool) -> Outcome:
    if code < _PERMANENT:
        return Outcome(state=State.PENDING, code=f"smtp-{code}")
    return Outcome(state=State.FAILED, code=f"smtp-{code}", suspends_address=mailbox)


def _connection_code(fault: Exception) -> str:
    if isinstance(fault, aiosmtplib.SMTPResponseException):
        return f"smtp-{fault.code}"
    return "smtp-timeout" if isinstance(fault, TimeoutError) else "smtp-connection"
