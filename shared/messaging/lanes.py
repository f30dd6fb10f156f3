"""Lanes: the events of one key on one topic, in order. A lane is held while its first event waits or is dead (N2).

`lanes` holds one row per lane that is held, normally none. Whoever parks behind it or lets it go writes this row, so that
two who do so at once conflict and one of them runs again. `parked` holds the waiting events, each with its place in the lane.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from shared.messaging.decoding import Item
from shared.persistence.database import Document, Transaction
from shared.persistence.indexes import Index

LANES, PARKED = "lanes", "parked"
INDEXES = (
    Index(collection=LANES, keys=(("state", 1), ("next_at", 1))),
    Index(collection=PARKED, keys=(("lane", 1), ("position", 1))),
)
WAITS, DEAD = "parked", "dead"
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def due_until(now: datetime) -> Document:
    """Return the filter for lanes whose head is to be tried by now (a two-sided window on an index)."""
    return {"state": WAITS, "next_at": {"$gte": BEGINNING, "$lte": now}}


class Lanes:
    """The held lanes that one transaction has to do with."""

    def __init__(self, tx: Transaction) -> None:
        """Bind to a transaction; `load` first."""
        self._lanes = tx.collection(LANES)
        self._parked = tx.collection(PARKED)
        self._now = tx.wall.now()
        self._held: dict[str, Document] = {}

    async def load(self, names: Iterable[str]) -> None:
        """Look up which of these lanes are held."""
        wanted = list(dict.fromkeys(names))
        if wanted:
            self._held |= {row["_id"]: row for row in await self._lanes.find({"_id": {"$in": wanted}})}

    def is_due(self, name: str) -> bool:
        """Return whether a lane waits and its time has come."""
        row = self._held.get(name)
        return row is not None and row["state"] == WAITS and row["next_at"] is not None and row["next_at"] <= self._now

    def head_of(self, name: str) -> str | None:
        """Return the id of the event that holds a lane."""
        row = self._held.get(name)
        return None if row is None else str(row["head"])

    def is_held(self, name: str) -> bool:
        """Return whether a lane is held (of those loaded)."""
        return name in self._held

    async def park(self, item: Item[Any], *, code: str, attempts: int, next_at: datetime | None) -> None:
        """Park an event: at the head of a free lane, to be tried at `next_at`, or behind what is parked already."""
        lane = self._held.get(item.lane)
        if lane is None:
            lane = await self._open(item, WAITS, next_at)
        lane["last"] += 1
        await self._lanes.update_one({"_id": item.lane}, {"$set": {"last": lane["last"]}})
        await self._parked.insert_one(
            item.message.stored()
            | {
                "_id": item.event_id,
                "lane": item.lane,
                "position": lane["last"],
                "type": item.type,
                "code": code,
                "attempts": attempts,
                "first_at": self._now,
                "last_at": self._now,
                "correlation_id": item.cause.correlation_id,
            }
        )

    async def hold_behind_dead(self, item: Item[Any]) -> None:
        """Hold a lane, new or parked, behind a dead letter."""
        if item.lane in self._held:
            await self._lanes.update_one({"_id": item.lane}, {"$set": {"state": DEAD, "head": item.event_id, "next_at": None}})
        else:
            await self._open(item, DEAD, None)

    async def put_off(self, item: Item[Any], *, code: str, attempts: int, next_at: datetime) -> None:
        """Note one more failed try of a lane's head."""
        change = {"code": code, "attempts": attempts, "last_at": self._now}
        await self._parked.update_one({"_id": item.event_id}, {"$set": change})
        await self._lanes.update_one({"_id": item.lane}, {"$set": {"state": WAITS, "head": item.event_id, "next_at": next_at}})

    async def waits_after(self, event_id: str, attempts: int) -> bool:
        """Return whether an event is parked still and was tried so often: meanwhile another replica may have run it or failed with it."""
        row = await self._parked.find_one({"_id": event_id}, {"attempts": 1})
        return row is not None and row["attempts"] == attempts

    async def take_out(self, event_ids: list[str]) -> None:
        """Remove parked events that took effect."""
        await self._parked.delete_many({"_id": {"$in": event_ids}})

    async def run_of(self, name: str, limit: int) -> list[Document]:
        """Return the parked events of a lane, lowest first."""
        return await self._parked.find({"lane": name}, sort=[("position", 1)], limit=limit)

    async def release(self, name: str) -> bool:
        """Let a lane go: at once when nothing waits in it, else it is due now. Return whether something waits."""
        following = await self._parked.find_one({"lane": name}, {"_id": 1}, sort=[("position", 1)])
        self._held.pop(name, None)
        if following is None:
            await self._lanes.delete_one({"_id": name})
            return False
        change = {"state": WAITS, "head": following["_id"], "next_at": self._now}
        await self._lanes.update_one({"_id": name}, {"$set": change})
        return True

    async def _open(self, item: Item[Any], state: str, next_at: datetime | None) -> Document:
        row = {
            "_id": item.lane,
            "topic": item.message.topic,
            "state": state,
            "head": item.event_id,
            "next_at": next_at,
            "last": 0,
            "since": self._now,
        }
        await self._lanes.insert_one(row)
        self._held[item.lane] = row
        return row
