"""A mail server that keeps what it gets: the demo's mailbox and the tests' far side. Speaks real SMTP on the running loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.local.ports import LOOPBACK

TAKEN = "250 OK"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedMail:
    """One mail as it came over the wire."""

    sender: str
    recipients: tuple[str, ...]
    content: bytes
    path: Path | None

    @property
    def message(self) -> EmailMessage:
        """Return the mail, parsed."""
        return message_from_bytes(self.content, policy=policy.default)


@dataclass(slots=True)
class MailSink:
    """Accepts everything, writes each mail to `folder` as `000001.eml`, and refuses where a test has said so."""

    folder: Path | None
    host: str = LOOPBACK
    port: int = 0
    received: list[ReceivedMail] = field(default_factory=list)
    _refusals: dict[str, list[str]] = field(default_factory=dict)
    _numbers: Iterator[int] = field(init=False)

    def __post_init__(self) -> None:
        """Go on numbering after the mails that a kept folder already holds."""
        self._numbers = count(1 + len(list(self.folder.glob("*.eml")) if self.folder else []))

    def refuse(self, recipient: str, reply: str, times: int = 1) -> None:
        """Answer `reply` (such as `451 later` or `550 unknown`) to the next `times` mails for `recipient`."""
        self._refusals.setdefault(recipient.lower(), []).extend([reply] * times)

    def for_recipient(self, address: str) -> list[ReceivedMail]:
        """Return the mails that were sent to `address`, oldest first."""
        return [mail for mail in self.received if address in mail.recipients]

    async def handle_RCPT(  # noqa: N802 - the name is aiosmtpd's
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or refuse it as asked."""
        waiting = self._refusals.get(address.lower())
        if waiting:
            return waiting.pop(0)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return TAKEN

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - as above
        """Keep the mail."""
        content = envelope.original_content or b""
        path = None
        if self.folder is not None:
            path = self.folder / f"{next(self._numbers):06d}.eml"
            path.write_bytes(content)
        self.received.append(ReceivedMail(sender=envelope.mail_from or "", recipients=tuple(envelope.rcpt_tos), content=content, path=path))
        return TAKEN


@asynccontextmanager
async def mail_sink(folder: Path | None = None, port: int = 0) -> AsyncIterator[MailSink]:
    """Run a sink on a free port of 127.0.0.1 while the block runs."""
    sink = MailSink(folder)
    loop = asyncio.get_running_loop()
    connections: list[SMTP] = []

    def connected() -> Any:
        smtp = SMTP(sink, hostname="tandem.local", ident="Tandem mail sink", enable_SMTPUTF8=True, loop=loop)
        connections.append(smtp)
        return smtp

    server = await loop.create_server(connected, LOOPBACK, port)
    sink.port = int(server.sockets[0].getsockname()[1])
    try:
        yield sink
    finally:
        server.close()
        for smtp in connections:
            if smtp.transport is not None:
                smtp.transport.close()
        await server.wait_closed()
