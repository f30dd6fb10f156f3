"""Database, transaction, collection: what code may ask of a database, without a driver in sight.

`Database.transact` is the one loop around every change (N2): it reruns the work on conflicts, repeats a commit whose
answer was lost, and never mistakes "unknown" for "no". The driver behind it is MongoDB's (`mongo.py`) or an in-memory one (tests,
simulation); both see the same calls with the same labels, which name the fault points before-commit and after-commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from shared.kernel.clock import Clock
from shared.kernel.errors import OutcomeUnknown, StaleVersion
from shared.kernel.randomness import Randomness
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.beside import Beside
from shared.persistence.codecs import Codecs
from shared.persistence.errors import CommitUnknown, DatabaseAway, DatabaseFault, DuplicateKey, TransientFault
from shared.persistence.indexes import Index

T = TypeVar("T")
Document = dict[str, Any]
Filter = Mapping[str, Any]
Sort = Sequence[tuple[str, int]]


DUPLICATE_KEY_RERUNS = 2
LOG_FROM_ATTEMPT = 3


@dataclass(frozen=True, slots=True)
class Updated:
    """What an update met and did."""

    matched: int
    modified: int
    upserted: bool


class Collection(Protocol):
    """The calls that code may use; each one is a remote call of its own name.

    Reading many: use an equality or a two-sided window on an indexed field. A `limit` alone does not bound the cost.
    """

    async def find_one(self, filter_: Filter, projection: Mapping[str, int] | None = None, *, sort: Sort = ()) -> Document | None:
        """Return one matching document, the first by `sort`."""
        ...

    async def find(
        self, filter_: Filter, *, sort: Sort = (), limit: int = 0, projection: Mapping[str, int] | None = None
    ) -> list[Document]:
        """Return the matching documents."""
        ...

    async def insert_one(self, document: Document) -> None:
        """Insert one document; `DuplicateKey` when a unique key exists."""
        ...

    async def insert_many(self, documents: Sequence[Document]) -> None:
        """Insert documents in order; an empty sequence is fine."""
        ...

    async def replace_one(self, filter_: Filter, document: Document, *, upsert: bool = False) -> int:
        """Replace one document; return how many were met or made (0 or 1)."""
        ...

    async def replace_many(self, replacements: Sequence[tuple[Filter, Document]], *, upsert: bool = False) -> int:
        """Replace several documents by one call, each by its own filter; return how many were met or made."""
        ...

    async def update_one(self, filter_: Filter, update: Mapping[str, Any], *, upsert: bool = False) -> Updated:
        """Change one document by update operators; the way to claim something (compare and set)."""
        ...

    async def update_many(self, filter_: Filter, update: Mapping[str, Any]) -> int:
        """Change all matching documents; return how many matched."""
        ...

    async def delete_one(self, filter_: Filter) -> int:
        """Delete one matching document; return how many went."""
        ...

    async def delete_many(self, filter_: Filter) -> int:
        """Delete the matching documents; return how many went."""
        ...

    async def upsert_missing(self, documents: Sequence[Document]) -> list[Any]:
        """Insert those documents whose `_id` is new; return these ids in the order given. Never aborts a transaction."""
        ...

    async def count(self, filter_: Filter) -> int:
        """Count matching documents: for status and tests, never on a timer."""
        ...

    async def aggregate(self, pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
        """Run an aggregation pipeline."""
        ...


class Session(Protocol):
    """One open transaction at the driver."""

    def collection(self, name: str) -> Collection:
        """Return a collection bound to this transaction."""
        ...

    async def commit(self) -> None:
        """Commit; `CommitUnknown` may be answered by asking again, `TransientFault` by running all again."""
        ...

    async def abort(self) -> None:
        """Give up; harmless when nothing is open."""
        ...

    async def end(self) -> None:
        """Give the session back."""
        ...


class Driver(Protocol):
    """The cut below which a real or an imitated database works."""

    def collection(self, name: str) -> Collection:
        """Return a collection for plain calls."""
        ...

    async def begin(self, label: str) -> Session:
        """Open a transaction; `label` names its fault points."""
        ...

    async def conflicts_last(self) -> None:
        """Hear that transactions keep meeting conflicts: perhaps a dead process left one open."""
        ...

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Create collections and indexes that are missing."""
        ...

    async def ping(self) -> None:
        """Return when the server answers, else `DatabaseAway`."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Transaction:
    """What one run of a unit of work may do. All of it happens, or nothing."""

    def __init__(self, session: Session, database: "Database", label: str) -> None:
        """Bind to an open session; made by `Database.transact` only."""
        self._session = session
        self._before_commit: list[Callable[[], Awaitable[None]]] = []
        self._after_commit: list[Callable[[], None]] = []
        self._shared: dict[str, Any] = {}
        self.database = database
        self.label = label
        self.foreseen: tuple[str, ...] = ()
        """The keys of the batch that this transaction applies: documents named so may be read at once."""

    @property
    def wall(self) -> Clock:
        """Return technical time."""
        return self.database.wall

    def collection(self, name: str) -> Collection:
        """Return a collection bound to this transaction."""
        return self._session.collection(name)

    def beside(self, prefix: str) -> "Transaction":
        """Return this transaction over other collections, `prefix` before their names; nobody hears of it after the commit."""
        twin = Transaction(Beside(self._session, prefix), self.database, self.label)
        self.before_commit(twin.flush)
        return twin

    def before_commit(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work` inside the transaction, last thing before the commit."""
        self._before_commit.append(work)

    def after_commit(self, work: Callable[[], None]) -> None:
        """Run `work` once the commit has returned; it must not fail and is lost when the process dies before."""
        self._after_commit.append(work)

    def once(self, key: str, make: Callable[[], T]) -> T:
        """Return the thing called `key` that this transaction shares, made at the first call."""
        if key not in self._shared:
            self._shared[key] = make()
        thing: T = self._shared[key]
        return thing

    async def flush(self) -> None:
        """Do what was put off until the commit."""
        for work in self._before_commit:
            await work()

    def committed(self) -> None:
        """Tell those who asked that it happened."""
        for work in self._after_commit:
            work()


class Database:
    """The database of one service. Nobody else's code opens it."""

    def __init__(self, driver: Driver, *, wall: Clock, randomness: Randomness) -> None:
        """`wall` is technical time; `randomness` gives the jitter of retries."""
        self._driver = driver
        self._randomness = randomness
        self._log = get_log()
        self.wall = wall
        self.codecs = Codecs()

    def collection(self, name: str) -> Collection:
        """Return a collection for calls outside a transaction."""
        return self._driver.collection(name)

    async def ping(self) -> None:
        """Return when the server answers, else raise `DatabaseAway`."""
        await self._driver.ping()

    async def close(self) -> None:
        """Close all connections."""
        await self._driver.close()

    async def ensure_indexes(self, indexes: Sequence[Index]) -> None:
        """Create the collections and indexes that are missing; safe to run in several processes at once."""
        await self._driver.ensure_indexes(indexes)

    async def transact(self, label: str, work: Callable[[Transaction], Awaitable[T]], *, give_up_after: float = 20.0) -> T:
        """N2: run `work` in one transaction and commit it; rerun it while it fails through no fault of its own.

        `work` may run several times: everything it does outside the transaction must be repeatable, lists it fills are
        cleared at its start.

        Raises:
            OutcomeUnknown: the commit may or may not have happened; the same command may be sent again.
            DatabaseAway, TransientFault, StaleVersion: nothing happened, and the cause lasted `give_up_after` seconds.

        """
        loop = asyncio.get_running_loop()
        deadline, attempt, duplicates = loop.time() + give_up_after, 0, 0
        while True:
            attempt += 1
            try:
                return await self._attempt(label, work, deadline)
            except (TransientFault, StaleVersion, DatabaseAway) as fault:
                if loop.time() > deadline:
                    raise
                self._note_retry(label, attempt, fault)
                if attempt >= LOG_FROM_ATTEMPT and isinstance(fault, TransientFault):
                    with suppress(DatabaseFault):
                        await self._driver.conflicts_last()
            except DuplicateKey as fault:
                duplicates += 1
                if duplicates > DUPLICATE_KEY_RERUNS or loop.time() > deadline:
                    raise
                self._note_retry(label, attempt, fault)
            await asyncio.sleep(min(1.0, 0.01 * 2 ** min(attempt, 7)) * self._randomness.random())

    async def _attempt(self, label: str, work: Callable[[Transaction], Awaitable[T]], deadline: float) -> T:
        session = await self._driver.begin(label)
        transaction = Transaction(session, self, label)
        open_ = True
        try:
            result = await work(transaction)
            await transaction.flush()
            open_ = False
            await self._commit(session, deadline)
        except BaseException:
            if open_:
                with suppress(DatabaseFault):
                    await asyncio.shield(session.abort())
            raise
        finally:
            await asyncio.shield(session.end())
        transaction.committed()
        return result

    async def _commit(self, session: Session, deadline: float) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                await session.commit()
            except CommitUnknown as fault:
                if loop.time() > deadline:
                    raise OutcomeUnknown(fault.detail) from None
            else:
                return
            await asyncio.sleep(0.01 + 0.05 * self._randomness.random())

    def _note_retry(self, label: str, attempt: int, fault: Exception) -> None:
        if attempt >= LOG_FROM_ATTEMPT:
            self._log.info(log_events.TRANSACTION_RETRIED, label=label, attempt=attempt, code=getattr(fault, "code", "stale-version"))
