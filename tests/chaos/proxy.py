"""A TCP proxy that can misbehave: what stands between a service and a server while the network has its troubles."""

import asyncio
from contextlib import suppress

from deploy.local.ports import LOOPBACK

PIECE_BYTES = 65_536


class Door:
    """One port before one server. Open it lets everything through; it can cut, delay, or swallow what passes."""

    def __init__(self) -> None:
        """Nothing listens yet; `target` is the port behind it and may change."""
        self.port = 0
        self.target = 0
        self._delay = 0.0
        self._shut = False
        self._silent = False
        self._server: asyncio.Server | None = None
        self._passing: dict[asyncio.Task[None], None] = {}
        self._writers: dict[asyncio.StreamWriter, None] = {}

    async def open(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._pass, LOOPBACK, 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Listen no more and end what passes."""
        if self._server is not None:
            self._server.close()
        self._reset_all()
        for task in list(self._passing):
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, and every new one at once."""
        self._shut = True
        self._reset_all()

    def delay(self, seconds: float) -> None:
        """Hold every piece for so long, in both directions."""
        self._delay = seconds

    def silence(self) -> None:
        """Half-open: connections stand, new ones come about, and nothing that is sent arrives anywhere; nobody is told."""
        self._silent = True

    def heal(self) -> None:
        """Let everything pass again. What was silent is reset, as by a host that is back and knows nothing of it."""
        if self._silent:
            self._reset_all()
        self._shut, self._silent, self._delay = False, False, 0.0

    def _reset_all(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._passing[task] = None
        ours = [writer]
        self._writers[writer] = None
        try:
            if self._shut:
                return
            server_reader, server_writer = await asyncio.open_connection(LOOPBACK, self.target)
            ours.append(server_writer)
            self._writers[server_writer] = None
            async with asyncio.TaskGroup() as both:
                both.create_task(self._carry(reader, server_writer))
                both.create_task(self._carry(server_reader, writer))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            pass  # either side is gone: so is the other now
        finally:
            for each in ours:
                self._writers.pop(each, None)
                each.transport.abort()
            self._passing.pop(task, None)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE_BYTES):
            if self._delay:
                await asyncio.sleep(self._delay)
            if not self._silent:
                writer.write(piece)
                await writer.drain()
        with suppress(OSError):
            writer.write_eof()
        raise ConnectionResetError  # one side ends the other, too
