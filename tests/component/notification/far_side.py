"""A mail server that misbehaves as told, mail by mail."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

HANG, DROP = "hang", "drop"
"""Not to answer after DATA; to take the mail and cut the line before the answer."""


@dataclass
class FarSide:
    """Answers DATA with the next of `replies` (`250 OK` when there is none)."""

    replies: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    """Message-IDs of the mails that it has, in order."""
    port: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the name is aiosmtpd's
        """Take or refuse a mail."""
        reply = self.replies.pop(0) if self.replies else "250 OK"
        if reply.startswith(("4", "5")):
            return reply
        message = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        self.taken.append(message["Message-ID"])
        if reply == HANG:
            await self.released.wait()
        if reply == DROP and server.transport is not None:
            server.transport.close()
        return "250 OK"


@asynccontextmanager
async def far_side(*replies: str) -> AsyncIterator[FarSide]:
    """Run one on a free port."""
    side, loop, connections = FarSide(list(replies)), asyncio.get_running_loop(), []

    def connected() -> Any:
        smtp = SMTP(side, hostname="far.test", loop=loop)
        connections.append(smtp)
        return smtp

    server = await loop.create_server(connected, "127.0.0.1", 0)
    side.port = int(server.sockets[0].getsockname()[1])
    try:
        yield side
    finally:
        side.released.set()
        server.close()
        for smtp in connections:
            if smtp.transport is not None:
                smtp.transport.close()
        await server.wait_closed()
