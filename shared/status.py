"""How far behind a service is: counts and ages for `/ops/status` (N17)."""

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from typing import Any

from shared.foundation import AnyFoundation
from shared.messaging import burial, lanes, outbox
from shared.messaging.administration import lag
from shared.observability.stacks import kind_of
from shared.service import Service
from shared.timers import timers

BLOCK_SECONDS_MAX = 5.0
BEGINNING = datetime(1, 1, 2, tzinfo=UTC)


class Status:
    """Reads everything at once; a block that cannot be read says why by a code, the others are there all the same."""

    def __init__(self, foundation: AnyFoundation, service: Service) -> None:
        """Look at one service."""
        self._foundation = foundation
        self._database = foundation.database
        self._service = service

    async def read(self) -> dict[str, Any]:
        """Return all blocks."""
        blocks: dict[str, Awaitable[Any]] = {
            "outbox": self._outbox(),
            "consumers": self._consumers(),
            "parked": self._database.collection(lanes.PARKED).count({}),
            "dead_letters": self._database.collection(burial.COLLECTION).count({"state": burial.OPEN}),
            "timers": self._timers(),
        }
        blocks |= {name: block() for name, block in self._service.status.items()}
        answers = await asyncio.gather(*(_read(block) for block in blocks.values()))
        return {"service": self._foundation.service, **dict(zip(blocks, answers, strict=True))}

    async def _outbox(self) -> dict[str, Any]:
        rows = self._database.collection(outbox.COLLECTION)
        depth = await rows.count({})
        oldest = await rows.find_one({}, {"at": 1}, sort=[("at", 1)]) if depth else None
        age = 0.0 if oldest is None else max(0.0, (self._foundation.wall.now() - oldest["at"]).total_seconds())
        return {"depth": depth, "oldest_seconds": round(age, 3)}

    async def _consumers(self) -> list[dict[str, Any]]:
        if not self._service.consumer.topics:
            return []
        found = await lag(self._foundation.shared.kafka, self._foundation.service)
        return [{"topic": topic.name, "lag": found.get(topic.name)} for topic in self._service.consumer.topics]

    async def _timers(self) -> dict[str, int]:
        rows, now = self._database.collection(timers.COLLECTION), self._foundation.clock.now()
        due = {"state": timers.WAITING, "wake_at": {"$gte": BEGINNING, "$lte": now}}
        late = {"state": timers.WAITING, "due_at": {"$lte": now}, "attempts": {"$gt": 0}}
        return {
            "due": await rows.count(due),
            "overdue": await rows.count(late),
            "stuck": await rows.count({"state": timers.STUCK}),
        }


async def _read(block: Awaitable[Any]) -> Any:
    try:
        async with asyncio.timeout(BLOCK_SECONDS_MAX):
            return await block
    except Exception as fault:  # noqa: BLE001  # one source that is away must not hide the others
        return {"unavailable": kind_of(fault)}
