"""What an operator asked for and how far it is: one row per replay, so that it outlives the process that works on it (N2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from shared.kernel.errors import NotFound, Refusal
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.indexes import Index

COLLECTION = "replays"
INDEXES = (Index(collection=COLLECTION, keys=(("state", 1),)),)
HIDDEN = ("step", "positions", "busy", "windows", "strays")


class State(StrEnum):
    """How far a replay is."""

    READING = "reading"
    COMPARING = "comparing"
    CLEANING = "cleaning"
    """All is judged, or it was given up: what stands beside goes."""
    STOPPED = "stopped"
    DONE = "done"


WORKING = (State.READING.value, State.COMPARING.value, State.CLEANING.value)
UNFINISHED = (*WORKING, State.STOPPED.value)


class ReplayUnderWay(Refusal):
    """Another replay of this service works or was stopped: finish or discard it first."""

    code: ClassVar[str] = "replay-under-way"
    title: ClassVar[str] = "Another replay of this service is not finished: continue it, or discard it."


class Ended(Exception):
    """Somebody stopped the replay, or another process works on it."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to replay: the replicas that these topics feed, from a moment on, to repair them or only to look."""

    topics: tuple[str, ...]
    since: datetime | None = None
    repair: bool = True

    def same(self, row: Document) -> bool:
        """Say whether a row is of the same wish."""
        return (tuple(row["topics"]), row["since"], row["repair"]) == (self.topics, self.since, self.repair)


class Requests:
    """The rows. A step is taken by whoever sees the row as it was: two workers never both get on."""

    def __init__(self, database: Database) -> None:
        """Keep them in the service's own database."""
        self._database = database

    async def begin(self, wish: Wish, replay_id: str, by: str) -> Document:
        """Return the row of this wish: a new one, or the unfinished one, which goes on."""
        await self._database.ensure_indexes(INDEXES)
        return await self._database.transact("replay.begin", lambda tx: self._begin(tx, wish, replay_id, by))

    async def _begin(self, tx: Transaction, wish: Wish, replay_id: str, by: str) -> Document:
        rows, now = tx.collection(COLLECTION), tx.wall.now()
        unfinished = await rows.find_one({"state": {"$in": list(UNFINISHED)}})
        if unfinished is None:
            made = _row(wish, replay_id, by, now)
            await rows.insert_one(made)
            return made
        if not wish.same(unfinished):
            raise ReplayUnderWay(id=unfinished["_id"])
        if unfinished["state"] == State.STOPPED:
            state = State.READING.value if unfinished["window"] == 0 else State.COMPARING.value
            change = {"state": state, "step": unfinished["step"] + 1}
            await rows.update_one({"_id": unfinished["_id"]}, {"$set": change, "$push": {"audit": _entry(now, by, "continue")}})
            return unfinished | change
        return unfinished

    async def get(self, replay_id: str) -> Document:
        """Return one row."""
        row = await self._database.collection(COLLECTION).find_one({"_id": replay_id})
        if row is None:
            raise NotFound(id=replay_id)
        return row

    async def working(self) -> Document | None:
        """Return the row that is to be worked on, if there is one."""
        return await self._database.collection(COLLECTION).find_one({"state": {"$in": list(WORKING)}})

    async def unfinished(self) -> Document | None:
        """Return the row that works or was stopped, if there is one."""
        return await self._database.collection(COLLECTION).find_one({"state": {"$in": list(UNFINISHED)}})

    async def stop(self, replay_id: str, *, by: str, discard: bool) -> None:
        """Stop it (it can go on later), or have it cleaned away for good; harmless when it has ended."""
        state, action = (State.CLEANING, "discard") if discard else (State.STOPPED, "stop")
        stoppable = [each for each in UNFINISHED if each != State.CLEANING]
        now = self._database.wall.now()
        change = {"$set": {"state": state.value}, "$inc": {"step": 1}, "$push": {"audit": _entry(now, by, action)}}
        await self._database.collection(COLLECTION).update_one({"_id": replay_id, "state": {"$in": stoppable}}, change)


async def step(tx: Transaction, row: Document, change: Mapping[str, Any]) -> Document:
    """Return the row after one step, written in the transaction of the work that it stands for.

    Raises:
        Ended: when the row is no longer as this worker saw it.

    """
    after = dict(change) | {"step": row["step"] + 1, "changed_at": tx.wall.now()}
    met = {"_id": row["_id"], "step": row["step"], "state": {"$in": list(WORKING)}}
    if not (await tx.collection(COLLECTION).update_one(met, {"$set": after})).matched:
        raise Ended
    return row | after


def shown(row: Document) -> dict[str, Any]:
    """Return what an operator sees of a row."""
    rest = {name: value for name, value in row.items() if name not in HIDDEN and name != "_id"}
    return {"replay_id": row["_id"], "windows": len(row["windows"])} | rest


def _row(wish: Wish, replay_id: str, by: str, now: datetime) -> Document:
    return {
        "_id": replay_id,
        "topics": list(wish.topics),
        "since": wish.since,
        "repair": wish.repair,
        "state": State.READING.value,
        "step": 0,
        "started_at": now,
        "changed_at": now,
        "positions": None,
        "read": 0,
        "total": None,
        "window": 0,
        "windows": [],
        "strays": False,
        "verdicts": {},
        "examples": [],
        "busy": [],
        "audit": [_entry(now, by, "start")],
    }


def _entry(at: datetime, by: str, action: str) -> dict[str, Any]:
    return {"at": at, "by": by, "action": action}
