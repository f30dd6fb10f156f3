"""The MongoDB driver behind `Database`: with `translating` the only module of `shared` that imports motor or pymongo.

motor is past its end of life; the swap to `pymongo.AsyncMongoClient` is a change of this file (see the decision record).
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, cast

from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession, AsyncIOMotorCollection
from pydantic import BaseModel, ConfigDict, Field
from pymongo import IndexModel, ReplaceOne, UpdateOne
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.read_preferences import ReadPreference
from pymongo.write_concern import WriteConcern

from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.persistence.database import Database, Document, Filter, Sort, Updated
from shared.persistence.errors import CommitUnknown, DatabaseFault, RefusedByDatabase
from shared.persistence.indexes import Index
from shared.persistence.orphans import COLLECTION as ORPHANS
from shared.persistence.orphans import Orphans
from shared.persistence.translating import code_of, detail_of, raise_ours, translated

NAMESPACE_EXISTS = 48


class MongoSettings(BaseModel):
    """Where MongoDB is (`TANDEM_MONGO__…`). Replica set, login and TLS belong into the URL, a secret file may hold it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = Field(default="mongodb://127.0.0.1:27017/?replicaSet=rs0", repr=False, description="connection string with replicaSet")
    database_prefix: str = Field(default="tandem", description="each service's database is <prefix>_<service>")
    write_concern: int | str = Field(default="majority", description="w of every write")
    journal: bool = Field(default=True, description="wait for the journal")
    server_selection_timeout_ms: int = Field(default=5_000, ge=100, description="how soon a lost database shows")
    socket_timeout_ms: int = Field(default=30_000, ge=1_000, description="a half-open connection hangs no longer than this")
    pool_size_max: int = Field(default=20, ge=2, description="connections per process")


def connect(settings: MongoSettings, service: str, *, wall: Clock, randomness: Randomness, replica: str | None = None) -> Database:
    """Return the database of `service`. Connects at the first call; call it inside the running loop, once per process.

    `replica` is the stable name of this process, if it has one: what its former self left open when it was killed is ended at once.
    """
    client: AsyncIOMotorClient[Document] = AsyncIOMotorClient(
        settings.url,
        appname=f"tandem-{service}",
        tz_aware=True,
        serverSelectionTimeoutMS=settings.server_selection_timeout_ms,
        connectTimeoutMS=settings.server_selection_timeout_ms,
        socketTimeoutMS=settings.socket_timeout_ms,
        maxPoolSize=settings.pool_size_max,
        w=settings.write_concern,
        journal=settings.journal,
    )
    driver = MongoDriver(client, f"{settings.database_prefix}_{service}", settings)
    driver.orphans = Orphans(driver.collection(ORPHANS), driver.end_sessions, wall=wall, process=new_id(randomness), replica=replica)
    return Database(driver, wall=wall, randomness=randomness)


class MongoDriver:
    """A motor client and the name of one database."""

    def __init__(self, client: "AsyncIOMotorClient[Document]", name: str, settings: MongoSettings) -> None:
        """Take an open client; `close` closes it."""
        self._client = client
        self._database = client[name]
        self._collections: dict[str, AsyncIOMotorCollection[Document]] = {}
        self._idle: list[AsyncIOMotorClientSession] = []
        self.orphans: Orphans | None = None
        self._concern = WriteConcern(settings.write_concern, j=settings.journal)

    def collection(self, name: str) -> "MongoCollection":
        """Return a collection for plain calls."""
        return MongoCollection(self._opened(name), None)

    async def begin(self, label: str) -> "MongoSession":  # noqa: ARG002 - names the fault point in simulated drivers
        """Open a transaction: snapshot reads from the primary, majority writes."""
        session = self._idle.pop() if self._idle else await self._started()
        if self.orphans is not None:
            try:
                await self.orphans.note(cast("Any", session.session_id)["id"])  # a property that motor's stub calls a method
            except DatabaseFault:
                await session.end_session()
                raise
        session.start_transaction(ReadConcern("snapshot"), self._concern, ReadPreference.PRIMARY)
        return MongoSession(self._opened, session, self._idle)

    async def _started(self) -> AsyncIOMotorClientSession:
        with translated:
            # every transaction reads its own snapshot from the primary: nothing is left for a session to promise
            return await self._client.start_session(causal_consistency=False)

    def _opened(self, name: str) -> "AsyncIOMotorCollection[Document]":
        """Return a collection of the driver, made once: making one costs several times what using it does."""
        if name not in self._collections:
            self._collections[name] = self._database[name]
        return self._collections[name]

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Create collections and indexes that are missing."""
        with translated:
            existing = set(await self._database.list_collection_names())
        for name in sorted({index.collection for index in indexes} - existing):
            await self._create(name)
        for index in indexes:
            if index.keys:
                with translated:
                    await self._database[index.collection].create_indexes([IndexModel(list(index.keys), **_options(index))])

    async def _create(self, name: str) -> None:
        try:
            await self._database.create_collection(name, check_exists=False)
        except PyMongoError as fault:
            if code_of(fault) != NAMESPACE_EXISTS:  # another replica was faster
                raise_ours(fault)

    async def conflicts_last(self) -> None:
        """End what dead processes left open."""
        if self.orphans is not None:
            await self.orphans.end_dead()

    async def end_sessions(self, sessions: Sequence[Any]) -> None:
        """Have the server abort what these sessions left open; a server that does not allow it ends them by its own limit."""
        with suppress(RefusedByDatabase), translated:
            await self._client.admin.command("killSessions", [{"id": each} for each in sessions])

    async def ping(self) -> None:
        """Return when a primary answers."""
        with translated:
            await self._client.admin.command("ping")

    async def close(self) -> None:
        """Close all connections."""
        while self._idle:
            await self._idle.pop().end_session()
        self._client.close()


class MongoSession:
    """One open transaction. A session that has committed is used again: starting and ending one are two trips to a thread."""

    def __init__(
        self,
        opened: "Callable[[str], AsyncIOMotorCollection[Document]]",
        session: AsyncIOMotorClientSession,
        idle: list[AsyncIOMotorClientSession],
    ) -> None:
        """Take a session whose transaction has been started; `opened` gives the driver's collections, `idle` takes the session back."""
        self._opened = opened
        self._session = session
        self._idle = idle
        self._committed = False

    def collection(self, name: str) -> "MongoCollection":
        """Return a collection bound to this transaction."""
        return MongoCollection(self._opened(name), self._session)

    async def commit(self) -> None:
        """Commit, or repeat the commit: the server applies it once."""
        try:
            await self._session.commit_transaction()
            self._committed = True
        except PyMongoError as fault:
            if fault.has_error_label("UnknownTransactionCommitResult"):
                raise CommitUnknown(detail_of(fault)) from None
            raise_ours(fault)

    async def abort(self) -> None:
        """Give up what is open."""
        if self._session.in_transaction:  # type: ignore[truthy-function] # a property that motor's stub calls a method
            with translated:
                await self._session.abort_transaction()

    async def end(self) -> None:
        """Keep the session for the next transaction; one that met trouble goes back to the driver, which may throw it away."""
        if self._committed:
            self._committed = False
            self._idle.append(self._session)
        else:
            await self._session.end_session()


class MongoCollection:
    """`Collection` over motor; every call translates the driver's errors."""

    def __init__(self, collection: "AsyncIOMotorCollection[Document]", session: AsyncIOMotorClientSession | None) -> None:
        """Bind a motor collection to a session, or to none."""
        self._on = collection
        self._in = session

    async def find_one(self, filter_: Filter, projection: Mapping[str, int] | None = None, *, sort: Sort = ()) -> Document | None:
        """Return one matching document."""
        with translated:
            found: Document | None = await self._on.find_one(filter_, projection, sort=list(sort) or None, session=self._in)
        return found

    async def find(
        self, filter_: Filter, *, sort: Sort = (), limit: int = 0, projection: Mapping[str, int] | None = None
    ) -> list[Document]:
        """Return the matching documents."""
        with translated:
            cursor = self._on.find(filter_, projection, sort=list(sort) or None, limit=limit, session=self._in)
            found: list[Document] = await cursor.to_list(None)
        return found

    async def insert_one(self, document: Document) -> None:
        """Insert one document."""
        with translated:
            await self._on.insert_one(document, session=self._in)

    async def insert_many(self, documents: Sequence[Document]) -> None:
        """Insert documents in order."""
        if documents:
            with translated:
                await self._on.insert_many(list(documents), session=self._in)

    async def replace_one(self, filter_: Filter, document: Document, *, upsert: bool = False) -> int:
        """Replace one document."""
        with translated:
            result = await self._on.replace_one(filter_, document, upsert=upsert, session=self._in)
        return result.matched_count + (result.upserted_id is not None)

    async def replace_many(self, replacements: Sequence[tuple[Filter, Document]], *, upsert: bool = False) -> int:
        """Replace several documents by one call."""
        if not replacements:
            return 0
        with translated:
            result = await self._on.bulk_write([ReplaceOne(met, new, upsert=upsert) for met, new in replacements], session=self._in)
        return result.matched_count + result.upserted_count

    async def update_one(self, filter_: Filter, update: Mapping[str, Any], *, upsert: bool = False) -> Updated:
        """Change one document by update operators."""
        with translated:
            result = await self._on.update_one(filter_, update, upsert=upsert, session=self._in)
        return Updated(result.matched_count, result.modified_count, result.upserted_id is not None)

    async def update_many(self, filter_: Filter, update: Mapping[str, Any]) -> int:
        """Change all matching documents."""
        with translated:
            result = await self._on.update_many(filter_, update, session=self._in)
        return result.matched_count

    async def delete_one(self, filter_: Filter) -> int:
        """Delete one matching document."""
        with translated:
            result = await self._on.delete_one(filter_, session=self._in)
        return result.deleted_count

    async def delete_many(self, filter_: Filter) -> int:
        """Delete the matching documents."""
        with translated:
            result = await self._on.delete_many(filter_, session=self._in)
        return result.deleted_count

    async def upsert_missing(self, documents: Sequence[Document]) -> list[Any]:
        """Insert those documents whose `_id` is new (trap 5: an insert that meets a duplicate would abort the transaction)."""
        if not documents:
            return []
        writes = []
        for each in documents:
            rest = dict(each)
            writes.append(UpdateOne({"_id": rest.pop("_id")}, {"$setOnInsert": rest}, upsert=True))
        with translated:
            result = await self._on.bulk_write(writes, session=self._in)
        inserted = result.upserted_ids or {}
        return [inserted[position] for position in sorted(inserted)]

    async def count(self, filter_: Filter) -> int:
        """Count matching documents."""
        with translated:
            return await self._on.count_documents(filter_, session=self._in)

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        """Run an aggregation pipeline."""
        with translated:
            found: list[Document] = await self._on.aggregate(list(pipeline), session=self._in).to_list(None)
        return found


def _options(index: Index) -> dict[str, Any]:
    partial = {} if index.partial is None else {"partialFilterExpression": dict(index.partial)}
    ttl = {} if index.expire_after is None else {"expireAfterSeconds": int(index.expire_after.total_seconds())}
    return {"name": index.name, "unique": index.unique} | partial | ttl
