"""Transactions that a killed process left open: the server would keep their locks for a minute, so we end them.

Each process writes down its server sessions, a handful for its life, and that it is alive. The next process of the same name ends
its former self's at once; anybody whose transactions keep meeting conflicts ends those of processes that have not been seen for a
while. Ending a living one's would do no harm either: its work runs again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from shared.kernel.clock import Clock
from shared.persistence.database import Collection

COLLECTION = "processes"
SEEN_EVERY = timedelta(seconds=5)
DEAD_AFTER = timedelta(seconds=15)


class Orphans:
    """What this process says of itself, and what it does about those that died."""

    def __init__(
        self, notes: Collection, end: Callable[[list[Any]], Awaitable[None]], *, wall: Clock, process: str, replica: str | None
    ) -> None:
        """`end` kills server sessions; `process` is this incarnation, `replica` its stable name, if it has one."""
        self._notes = notes
        self._end = end
        self._wall = wall
        self._process = process
        self._replica = replica
        self._sessions: dict[bytes, None] = {}
        self._seen_at: datetime | None = None
        self._looked_at: datetime | None = None
        self._one_at_a_time = asyncio.Lock()

    async def note(self, session: Any) -> None:
        """Write down a session that is new, and now and then that this process is alive; the first call ends the former self."""
        now = self._wall.now()
        if self._seen_at is not None and now - self._seen_at < SEEN_EVERY and bytes(session) in self._sessions:
            return
        async with self._one_at_a_time:
            if self._seen_at is None:
                await self._end_those(
                    lambda row: self._is_dead(row, now) or (self._replica is not None and row["replica"] == self._replica)
                )
            change = {"$set": {"replica": self._replica, "seen_at": now}, "$addToSet": {"sessions": session}}
            await self._notes.update_one({"_id": self._process}, change, upsert=True)
            self._sessions[bytes(session)] = None
            self._seen_at = now

    async def end_dead(self) -> None:
        """End what dead processes left open; looks every few seconds at most."""
        now = self._wall.now()
        if self._looked_at is not None and now - self._looked_at < SEEN_EVERY:
            return
        self._looked_at = now
        await self._end_those(lambda row: self._is_dead(row, now))

    def _was_i(self, row: dict[str, Any]) -> bool:
        return self._replica is not None and row["replica"] == self._replica

    def _is_dead(self, row: dict[str, Any], now: datetime) -> bool:
        dead: bool = row["seen_at"] < now - DEAD_AFTER
        return dead

    async def _end_those(self, dead: Callable[[dict[str, Any]], bool]) -> None:
        for row in await self._notes.find({}):
            if row["_id"] != self._process and dead(row):
                await self._end(row["sessions"])
                await self._notes.delete_one({"_id": row["_id"]})
