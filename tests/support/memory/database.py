"""An in-memory database behind `Database`: snapshots, first writer wins, repeatable commits, unique indexes, a commit log.

Every call is one `hop` to the server: tests and simulations replace it to lose requests or answers, to delay, to crash.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any

from shared.kernel.clock import Clock, WallClock
from shared.kernel.randomness import Randomness, seeded
from shared.persistence.database import Database, Updated
from shared.persistence.errors import DuplicateKey, TransientFault
from shared.persistence.indexes import Index
from tests.support.memory.aggregation import aggregated
from tests.support.memory.documents import Document, matches, ordered, projected, through_bson, updated, value_at
from tests.support.memory.server import Committed, MemoryServer, Place

__all__ = ["Committed", "MemoryCollection", "MemoryDriver", "MemoryServer", "MemorySession", "direct", "memory_database"]
Hop = Callable[[str, Callable[[], Any]], Awaitable[Any]]
PATIENCE = 2_000


async def direct(point: str, effect: Callable[[], Any]) -> Any:
    """Reach the server at once; others may run in between."""
    await asyncio.sleep(0)
    return effect()


class MemorySession:
    """One transaction; without `label` it is the shape of a single plain call."""

    def __init__(self, server: MemoryServer, label: str, hop: Hop) -> None:
        """Open; the snapshot is taken at the first call."""
        self.server = server
        self.label = label
        self.hop = hop
        self.snapshot: int | None = None
        self.writes: dict[Place, Document | None] = {}
        self.state = "open"

    def collection(self, name: str) -> "MemoryCollection":
        """Return a collection bound to this transaction."""
        return MemoryCollection(name, self)

    async def call(self, point: str, effect: Callable[[], Any]) -> Any:
        """Do one step at the server."""

        def step() -> Any:
            if self.state != "open":
                raise TransientFault("251")
            if self.snapshot is None:
                self.snapshot = self.server.number
                self.server.reading[self] = None
            try:
                return effect()
            except (TransientFault, DuplicateKey):
                self._release("aborted")
                raise

        return await self.hop(point, step)

    async def commit(self) -> None:
        """Commit, or say again that it is committed."""

        def step() -> None:
            if self.state == "committed":
                return
            if self.state != "open":
                raise TransientFault("251")
            if self.writes:
                self.server.commit(self.label, self.writes)
            self._release("committed")

        await self.hop(f"commit:{self.label}", step)

    async def abort(self) -> None:
        """Give up."""
        await self.hop(f"abort:{self.label}", self.cut)

    async def end(self) -> None:
        """Give the session back; an open transaction is aborted by the server."""
        self.cut()

    def cut(self) -> None:
        """End it from the server's side, if it is open."""
        if self.state == "open":
            self._release("aborted")

    def _release(self, state: str) -> None:
        self.state = state
        self.server.reading.pop(self, None)
        for place in self.writes:
            if self.server.writers.get(place) is self:
                del self.server.writers[place]

    def read(self, place: Place) -> Document | None:
        """Return a document as this transaction sees it."""
        if place in self.writes:
            return self.writes[place]
        return self.server.at(place, self.snapshot or 0)

    def write(self, place: Place, document: Document | None) -> None:
        """Write; whoever wrote first since our snapshot wins (112)."""
        if self.server.writers.get(place, self) is not self or self.server.newest(place) > (self.snapshot or 0):
            raise TransientFault("112")
        if document is not None:
            self._check_unique(place, document)
        self.server.writers[place] = self
        self.writes[place] = document

    def _check_unique(self, place: Place, document: Document) -> None:
        for index in self.server.indexes.get(place[0], {}).values():
            if not index.unique or (index.partial is not None and not matches(document, index.partial)):
                continue
            key = _key_of(document, index)
            for other, holder in self._others(place):
                if (index.partial is None or matches(other, index.partial)) and _key_of(other, index) == key:
                    raise DuplicateKey("11000") if holder is None or holder is self else TransientFault("112")

    def _others(self, place: Place) -> Iterable[tuple[Document, "MemorySession | None"]]:
        name, own = place
        for each in list(self.server.names.get(name, {})):
            holder = self.server.writers.get((name, each))
            committed = self.server.at((name, each), self.server.number)
            if each != own and committed is not None and holder is None:
                yield committed, None
        for (other_name, each), holder in list(self.server.writers.items()):
            document = holder.writes.get((other_name, each))
            if other_name == name and each != own and document is not None:
                yield document, holder


def _key_of(document: Document, index: Index) -> str:
    return repr([value_at(document, path) for path, _ in index.keys])


class MemoryCollection:
    """`Collection` over a session."""

    def __init__(self, name: str, session: MemorySession) -> None:
        """Bind a name to a session."""
        self._name = name
        self._in = session

    def _point(self, verb: str) -> str:
        return f"{verb}:{self._name}"

    def _visible(self, filter_: Mapping[str, Any]) -> list[Document]:
        names = dict(self._in.server.names.get(self._name, {}))
        names |= {each: None for (name, each), _ in self._in.writes.items() if name == self._name}
        wanted = filter_.get("_id")
        if isinstance(wanted, (str, int)):
            names = {wanted: None} if wanted in names else {}
        elif isinstance(wanted, Mapping) and set(wanted) == {"$in"}:
            names = {each: None for each in wanted["$in"] if each in names}
        found = (self._in.read((self._name, each)) for each in names)
        return [each for each in found if each is not None and matches(each, filter_)]

    async def find_one(
        self, filter_: Mapping[str, Any], projection: Mapping[str, int] | None = None, *, sort: Sequence[tuple[str, int]] = ()
    ) -> Document | None:
        """Return one matching document."""
        found = await self.find(filter_, sort=sort, limit=1, projection=projection)
        return found[0] if found else None

    async def find(
        self,
        filter_: Mapping[str, Any],
        *,
        sort: Sequence[tuple[str, int]] = (),
        limit: int = 0,
        projection: Mapping[str, int] | None = None,
    ) -> list[Document]:
        """Return the matching documents."""

        def effect() -> list[Document]:
            found = ordered(self._visible(filter_), sort)
            return [projected(each, projection) for each in (found[:limit] if limit else found)]

        return list(await self._in.call(self._point("find"), effect))

    async def insert_one(self, document: Document) -> None:
        """Insert one document."""
        await self.insert_many([document])

    async def insert_many(self, documents: Sequence[Document]) -> None:
        """Insert documents in order."""
        stored = [through_bson(each) for each in documents]
        if not all("_id" in each for each in stored):
            raise ValueError("give every document its _id: ids come from a port")

        def effect() -> None:
            for each in stored:
                place = (self._name, each["_id"])
                if self._in.read(place) is not None:
                    raise DuplicateKey("11000")
                self._in.write(place, each)

        if stored:
            await self._in.call(self._point("insert"), effect)

    async def replace_one(self, filter_: Mapping[str, Any], document: Document, *, upsert: bool = False) -> int:
        """Replace one document."""
        return int(await self._in.call(self._point("replace"), lambda: self._replace(filter_, document, upsert=upsert)))

    def _replace(self, filter_: Mapping[str, Any], document: Document, *, upsert: bool) -> int:
        found = self._visible(filter_)
        if not found and not upsert:
            return 0
        _id = found[0]["_id"] if found else document.get("_id", filter_.get("_id"))
        self._in.write((self._name, _id), through_bson({"_id": _id} | document))
        return 1

    async def replace_many(self, replacements: Sequence[tuple[Mapping[str, Any], Document]], *, upsert: bool = False) -> int:
        """Replace several documents."""

        def effect() -> int:
            return sum(self._replace(met, new, upsert=upsert) for met, new in replacements)

        return int(await self._in.call(self._point("replace"), effect)) if replacements else 0

    async def update_one(self, filter_: Mapping[str, Any], update: Mapping[str, Any], *, upsert: bool = False) -> Updated:
        """Change one document."""
        result: Updated = await self._in.call(self._point("update"), lambda: self._update(filter_, update, 1, upsert=upsert))
        return result

    async def update_many(self, filter_: Mapping[str, Any], update: Mapping[str, Any]) -> int:
        """Change all matching documents."""
        result: Updated = await self._in.call(self._point("update"), lambda: self._update(filter_, update, None, upsert=False))
        return result.matched

    def _update(self, filter_: Mapping[str, Any], update: Mapping[str, Any], most: int | None, *, upsert: bool) -> Updated:
        found = self._visible(filter_)[:most]
        if not found and upsert:
            seed = {name: value for name, value in filter_.items() if not name.startswith("$") and not isinstance(value, Mapping)}
            made = through_bson(updated(seed, update, inserting=True))
            if self._in.server.at((self._name, made["_id"]), self._in.server.number) is not None:
                raise DuplicateKey("11000")
            self._in.write((self._name, made["_id"]), made)
            return Updated(0, 0, upserted=True)
        modified = 0
        for each in found:
            new = through_bson(updated(each, update, inserting=False))
            if new != each:
                modified += 1
                self._in.write((self._name, each["_id"]), new)
        return Updated(len(found), modified, upserted=False)

    async def delete_one(self, filter_: Mapping[str, Any]) -> int:
        """Delete one matching document."""
        return int(await self._in.call(self._point("delete"), lambda: self._delete(filter_, 1)))

    async def delete_many(self, filter_: Mapping[str, Any]) -> int:
        """Delete the matching documents."""
        return int(await self._in.call(self._point("delete"), lambda: self._delete(filter_, None)))

    def _delete(self, filter_: Mapping[str, Any], most: int | None) -> int:
        found = self._visible(filter_)[:most]
        for each in found:
            self._in.write((self._name, each["_id"]), None)
        return len(found)

    async def upsert_missing(self, documents: Sequence[Document]) -> list[Any]:
        """Insert those documents whose `_id` is new."""
        stored = [through_bson(each) for each in documents]

        def effect() -> list[Any]:
            new = []
            for each in stored:
                place = (self._name, each["_id"])
                if self._in.read(place) is None:
                    self._in.write(place, each)
                    new.append(each["_id"])
            return new

        return list(await self._in.call(self._point("upsert"), effect)) if stored else []

    async def count(self, filter_: Mapping[str, Any]) -> int:
        """Count matching documents."""
        return int(await self._in.call(self._point("count"), lambda: len(self._visible(filter_))))

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        """Run an aggregation pipeline."""

        def effect() -> list[Document]:
            return [through_bson(each) for each in aggregated(self._visible({}), pipeline)]

        return list(await self._in.call(self._point("aggregate"), effect))


class PlainSession(MemorySession):
    """Every call outside a transaction is a transaction of its own; it waits for whoever writes the same document."""

    async def call(self, point: str, effect: Callable[[], Any]) -> Any:
        """Do one step and commit it at once."""
        for _ in range(PATIENCE):
            try:
                return await self._once(point, effect)
            except TransientFault:
                await asyncio.sleep(0.001)
        return await self._once(point, effect)

    async def _once(self, point: str, effect: Callable[[], Any]) -> Any:

        def step() -> Any:
            self.snapshot, self.writes, self.state = self.server.number, {}, "open"  # no await until the end of the step
            try:
                result = effect()
                if self.writes:
                    self.server.commit("plain", self.writes)
            finally:
                self._release("ended")
                self.writes = {}
            return result

        return await self.hop(point, step)


class MemoryDriver:
    """The cut of `Database`, onto a `MemoryServer`."""

    def __init__(self, server: MemoryServer, hop: Hop = direct) -> None:
        """Several drivers on one server are several processes with one database."""
        self.server = server
        self.hop: Hop = hop

    def collection(self, name: str) -> MemoryCollection:
        """Return a collection for plain calls."""
        return MemoryCollection(name, PlainSession(self.server, "plain", self._hop))

    async def begin(self, label: str) -> MemorySession:
        """Open a transaction."""
        return MemorySession(self.server, label, self._hop)

    async def _hop(self, point: str, effect: Callable[[], Any]) -> Any:
        return await self.hop(point, effect)

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Note unique indexes; the others change nothing but speed."""
        for index in indexes:
            if index.keys:
                self.server.indexes.setdefault(index.collection, {})[index.name] = index

    async def conflicts_last(self) -> None:
        """Nobody dies in here without the test's saying so."""

    async def ping(self) -> None:
        """Answer."""
        await self._hop("ping", lambda: None)

    async def close(self) -> None:
        """Nothing to close."""


def memory_database(
    server: MemoryServer | None = None, *, wall: Clock | None = None, randomness: Randomness | None = None, hop: Hop = direct
) -> Database:
    """Return a `Database` in memory; give the same `server` to two of them for two processes of one service."""
    driver = MemoryDriver(server or MemoryServer(), hop)
    return Database(driver, wall=wall or WallClock(), randomness=randomness or seeded("memory"))
