"""Watches every commit of every database by change streams: the oracle's truth, told by the server and not by our code."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import PyMongoError

from deploy.local.services import SERVICES
from shared.kernel.tasks import Tasks
from tests.chaos.reading import ASK_EVERY_SECONDS, Databases
from tests.support.memory.database import Committed

NOT_WATCHED = ("processes", "import_files")
"""Heartbeats and the bytes of uploaded files."""
PLAIN = "plain"
STARTS_WITHIN_SECONDS = 30.0
Place = tuple[str, Any]


@dataclass
class WatchedDatabase:
    """One service's database: its commits as they were made, and what stood in it at the end."""

    log: list[Committed] = field(default_factory=list)
    names: dict[str, dict[Any, None]] = field(default_factory=dict)
    """The ids of a collection."""
    _now: dict[Place, dict[str, Any]] = field(default_factory=dict)
    _transaction: Any = None

    def note(self, change: Mapping[str, Any]) -> None:
        """Take one change; those of one transaction make one commit."""
        place = (change["ns"]["coll"], change["documentKey"]["_id"])
        transaction = (bytes(change["lsid"]["id"]), change["txnNumber"], change["clusterTime"]) if "txnNumber" in change else None
        if transaction is None or transaction != self._transaction:
            self.log.append(Committed(len(self.log) + 1, PLAIN if transaction is None else "transaction", {}))
        self._transaction = transaction
        row = self._after(place, change)
        self.log[-1].writes[place] = deepcopy(row)
        if row is None:
            self._now.pop(place, None)
            self.names.get(place[0], {}).pop(place[1], None)
        else:
            self._now[place] = row
            self.names.setdefault(place[0], {})[place[1]] = None

    def documents(self, collection: str) -> list[dict[str, Any]]:
        """Return what a collection holds, by the changes seen."""
        return [row for (name, _), row in self._now.items() if name == collection]

    def _after(self, place: Place, change: Mapping[str, Any]) -> dict[str, Any] | None:
        if change["operationType"] == "delete":
            return None
        if change["operationType"] in {"insert", "replace"}:
            return dict(change["fullDocument"])
        row, said = deepcopy(self._now.get(place, {"_id": place[1]})), change["updateDescription"]
        for path, value in said["updatedFields"].items():
            _set(row, path.split("."), value)
        for path in said.get("removedFields", ()):
            _set(row, path.split("."), None, remove=True)
        return row


def _set(row: Any, path: list[str], value: Any, *, remove: bool = False) -> None:
    for name in path[:-1]:
        row = row[int(name)] if isinstance(row, list) else row.setdefault(name, {})
    if isinstance(row, list):
        row[int(path[-1]) :] = [*([] if remove else [value]), *row[int(path[-1]) + 1 :]]
    elif remove:
        row.pop(path[-1], None)
    else:
        row[path[-1]] = value


class Witness:
    """Reads the change streams of all databases, on from where it stood when a database was away."""

    def __init__(self, databases: Databases) -> None:
        """Nothing is read before `watch`."""
        self._databases = databases
        self.seen = {service: WatchedDatabase() for service in SERVICES}
        self.watching = asyncio.Event()

    async def watch(self) -> None:
        """Read until cancelled."""
        started = [asyncio.Event() for _ in SERVICES]
        async with asyncio.TaskGroup() as all_:
            for service, event in zip(SERVICES, started, strict=True):
                all_.create_task(self._one(service, event))
            for event in started:
                await event.wait()
            self.watching.set()

    async def _one(self, service: str, started: asyncio.Event) -> None:
        token: Any = None
        pipeline = [{"$match": {"operationType": {"$in": ["insert", "replace", "update", "delete"]}, "ns.coll": {"$nin": [*NOT_WATCHED]}}}]
        while True:
            try:
                async with self._databases.of(service).watch(pipeline, resume_after=token, max_await_time_ms=500) as stream:
                    started.set()
                    while True:
                        change = await stream.try_next()
                        token = stream.resume_token
                        if change is not None:
                            self.seen[service].note(change)
            except PyMongoError:  # the database is away: everything since then is still to be told
                await asyncio.sleep(ASK_EVERY_SECONDS)

    async def has_seen(self, service: str) -> bool:
        """Say whether everything that the database holds was seen: true some time after the last change."""
        database = self._databases.of(service)
        for name in await database.list_collection_names():
            if name in NOT_WATCHED or name.startswith("system."):
                continue
            ids = {row["_id"] async for row in database[name].find({}, {"_id": 1})}
            if ids != set(self.seen[service].names.get(name, {})):
                return False
        return True


@asynccontextmanager
async def watching(databases: Databases, troubles: list[str]) -> AsyncIterator[Witness]:
    """Watch while the block runs."""
    tasks, witness = Tasks(lambda name, fault: troubles.append(f"{name}: {fault!r}")), Witness(databases)
    tasks.spawn("witness", witness.watch())
    try:
        async with asyncio.timeout(STARTS_WITHIN_SECONDS):
            await witness.watching.wait()
        yield witness
    finally:
        await tasks.stop(2)
