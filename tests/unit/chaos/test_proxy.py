"""The proxy between services and servers: it carries, cuts, delays and swallows."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import pytest_asyncio

from tests.chaos.proxy import Door

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Connect = Callable[[Door], Awaitable[Line]]
SOON = 0.2


@pytest_asyncio.fixture
async def door() -> AsyncIterator[Door]:
    """Open a door before a server that says everything again."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while said := await reader.read(100):
            writer.write(said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    door = Door()
    door.target = server.sockets[0].getsockname()[1]
    await door.open()
    yield door
    await door.close()
    server.close()


@pytest_asyncio.fixture
async def line_to() -> AsyncIterator[Connect]:
    """Connect to a door; hang up at the end."""
    lines: list[Line] = []

    async def connect(door: Door) -> Line:
        lines.append(await asyncio.open_connection("127.0.0.1", door.port))
        return lines[-1]

    yield connect
    for _, writer in lines:
        writer.close()


async def said_again(line: Line, words: bytes) -> bytes:
    """Say something and return what comes back: nothing when the line is dead."""
    reader, writer = line
    try:
        writer.write(words)
        return await reader.read(100)
    except ConnectionError:
        return b""


class TestDoor:
    """What a service meets while the network has its troubles."""

    async def test_open_it_carries_both_ways(self, door: Door, line_to: Connect) -> None:
        """An undisturbed door is not noticed."""
        assert await said_again(await line_to(door), b"hello") == b"hello"

    async def test_cut_ends_old_and_new_connections(self, door: Door, line_to: Connect) -> None:
        """Cut: a reset now, and at every try; healed, new ones work."""
        line = await line_to(door)
        await said_again(line, b"before")
        door.cut()
        assert await said_again(line, b"during") == b""
        assert await said_again(await line_to(door), b"new") == b""
        door.heal()
        assert await said_again(await line_to(door), b"after") == b"after"

    async def test_half_open_nobody_hears_and_nobody_is_told(self, door: Door, line_to: Connect) -> None:
        """Half-open: what is sent is gone, the connection stands; it is reset only when the way is back."""
        line = await line_to(door)
        await said_again(line, b"before")
        door.silence()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(SOON):
                await said_again(line, b"during")
        door.heal()
        assert await line[0].read(100) == b""

    async def test_delayed_it_comes_late(self, door: Door, line_to: Connect) -> None:
        """Delayed: each way takes so long, nothing is lost."""
        line, loop = await line_to(door), asyncio.get_running_loop()
        door.delay(SOON)
        began = loop.time()
        assert await said_again(line, b"late") == b"late"
        assert loop.time() - began >= 2 * SOON
