"""How long the suite needs to be well again: no lag, empty outboxes, and a command's effect seen in the last service."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import TypeVar

from shared.kernel.clock import WallClock
from tests.chaos.reading import ASK_EVERY_SECONDS, ASK_LIMIT_SECONDS, AWAY, GROUPS, Cluster, Databases
from tests.chaos.traffic import Traffic

T = TypeVar("T")
RECOVERS_WITHIN_SECONDS = 180.0


class NotRecovered(Exception):
    """The suite did not get well in time; the text says what is still missing."""


class Recovery:
    """Measures from one moment on."""

    def __init__(self, cluster: Cluster, databases: Databases, traffic: Traffic) -> None:
        """Look at these."""
        self._cluster, self._databases, self._traffic = cluster, databases, traffic

    async def seconds(self) -> float:
        """Return the seconds from now until everything that waits now has gone its way, and a new command all of its own.

        Raises:
            NotRecovered: after three minutes.

        """
        loop, since = asyncio.get_running_loop(), WallClock().now()
        began, missing = loop.time(), {"lag": False, "outbox": False, "probe": False}

        async def noted(name: str, work: Awaitable[None]) -> None:
            await work
            missing[name] = True

        try:
            async with asyncio.timeout(RECOVERS_WITHIN_SECONDS), asyncio.TaskGroup() as all_:
                all_.create_task(noted("lag", self._lag_gone()))
                all_.create_task(noted("outbox", self._outboxes_sent(since)))
                all_.create_task(noted("probe", self._probed()))
        except TimeoutError:
            still = ", ".join(name for name, done in missing.items() if not done)
            raise NotRecovered(f"not well after {RECOVERS_WITHIN_SECONDS:.0f} s: {still}") from None
        return loop.time() - began

    async def _lag_gone(self) -> None:
        ends = await patiently(self._cluster.ends)
        groups = list(GROUPS)
        await until_true(lambda: self._cluster.has_read(groups, ends))

    async def _outboxes_sent(self, since: datetime) -> None:
        await until_true(lambda: self._databases.outboxes_sent(since))

    async def _probed(self) -> None:
        member = self._traffic.probe_id
        version = await patiently(lambda: self._databases.version_of(member))
        await until_true(self._traffic.probe)
        await until_true(lambda: self._databases.newer_everywhere(member, version))


async def until_true(ask: Callable[[], Awaitable[bool]]) -> None:
    """Ask until the answer is yes."""
    while True:
        if await patiently(ask):
            return
        await asyncio.sleep(ASK_EVERY_SECONDS)


async def patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until there is an answer: servers may be away."""
    while True:
        with suppress(*AWAY):
            async with asyncio.timeout(ASK_LIMIT_SECONDS):
                return await ask()
        await asyncio.sleep(ASK_EVERY_SECONDS)
