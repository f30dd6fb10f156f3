"""How far behind a service is: counts and ages for `/ops/status` (N17)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

from shared.foundation import AnyFoundation
from shared.messaging.status import BEGINNING, path_status
from shared.observability.stacks import kind_of
from shared.service import Service
from shared.timers import timers

BLOCK_SECONDS_MAX = 5.0
LATE_AFTER_SECONDS = 5.0
Lag = Callable[[], Awaitable[Mapping[str, int]]]
"""How many records wait, per topic."""


class Status:
    """Reads everything at once; a block that cannot be read says why by a code, the others are there all the same."""

    def __init__(self, foundation: AnyFoundation, service: Service, lag: Lag | None) -> None:
        """Look at one service; without `lag` (no broker in this process) no consumer is listed."""
        self._foundation = foundation
        self._service = service
        self._lag = lag

    async def read(self) -> dict[str, Any]:
        """Return all blocks: the message path's, timers, consumers, and the service's own."""
        blocks: dict[str, Awaitable[Any]] = {"timers": self._timers(), "consumers": self._consumers()}
        blocks |= {name: block() for name, block in self._service.status.items()}
        path, *answers = await asyncio.gather(_read(self._path()), *(_read(block) for block in blocks.values()))
        path_blocks = path if "unavailable" not in path else dict.fromkeys(("outbox", "parked", "dead_letters"), path)
        return {"service": self._foundation.service, **path_blocks, **dict(zip(blocks, answers, strict=True))}

    async def _path(self) -> dict[str, Any]:
        found = await path_status(self._foundation.database)
        oldest = found["outbox_oldest_age_seconds"] or 0.0
        return {
            "outbox": {"depth": found["outbox_rows"], "oldest_seconds": round(oldest, 3)},
            "parked": found["parked_events"],
            "dead_letters": found["dead_letters_open"],
        }

    async def _timers(self) -> dict[str, int]:
        clock, rows = self._foundation.clock, self._foundation.database.collection(timers.COLLECTION)
        now = clock.now()
        late = now - timedelta(seconds=LATE_AFTER_SECONDS / clock.real_seconds(timedelta(seconds=1)))
        return {
            "due": await rows.count(_due_until(now)),
            "overdue": await rows.count(_due_until(late)),
            "stuck": await rows.count({"state": timers.STUCK}),
        }

    async def _consumers(self) -> list[dict[str, Any]]:
        if self._lag is None:
            return []
        found = await self._lag()
        return [{"topic": topic.name, "lag": found.get(topic.name)} for topic in self._service.consumer.topics]


def _due_until(moment: Any) -> dict[str, Any]:
    return {"state": timers.WAITING, "wake_at": {"$gte": BEGINNING, "$lte": moment}}


async def _read(block: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(BLOCK_SECONDS_MAX):
            return await block
    except Exception as fault:  # noqa: BLE001  # one source that is away must not hide the others
        return {"unavailable": kind_of(fault)}
