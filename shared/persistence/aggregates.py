"""Aggregates in a collection: optimistic versions, and every recorded fact into the outbox of the same transaction (N2)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

from shared.contracts.base import Contract
from shared.kernel.aggregate import Aggregate, DomainEvent
from shared.kernel.errors import NotFound, StaleVersion
from shared.persistence.database import Document, Filter, Sort, Transaction
from shared.persistence.ids import by_ids

A = TypeVar("A", bound=Aggregate)
Outgoing = Contract | Sequence[Contract] | None


class FactSink(Protocol):
    """What the store needs of an outbox."""

    def moment_after(self, earlier: datetime | None) -> datetime:
        """Return the place in time of a change that follows `earlier`, strictly later."""
        ...

    async def add(self, data: Contract, *, sequence: int, at: datetime | None = None) -> str:
        """Take one fact along; return its event id."""
        ...


def no_index(_: Any) -> Mapping[str, Any]:
    """Give no index fields."""
    return {}


class AggregateStore(Generic[A]):
    """The aggregates of one type, seen from one transaction.

    Stored as ``{"_id", "revision", "version", "at", "body": {fields}, "ix": {what `index` gives}}``; queries go over `ix`.
    `outgoing` maps a recorded fact to its contract, the only door through which facts leave (N9).
    """

    def __init__(
        self,
        tx: Transaction,
        collection: str,
        type_: type[A],
        *,
        outbox: FactSink | None,
        outgoing: Callable[[A, Any], Outgoing],
        index: Callable[[A], Mapping[str, Any]] = no_index,
    ) -> None:
        """Bind to a transaction; without an outbox facts are counted but not told."""
        self._on = tx.collection(collection)
        self._name = collection
        self._codecs = tx.database.codecs
        self._type = type_
        self._outbox = outbox
        self._outgoing = outgoing
        self._index = index
        self._last_at: dict[str, datetime | None] = tx.once(f"at:{collection}", dict)

    async def find(self, aggregate_id: str) -> A | None:
        """Return the aggregate, or None."""
        document = await self._on.find_one({"_id": aggregate_id})
        return None if document is None else self._loaded(document)

    async def get(self, aggregate_id: str) -> A:
        """Return the aggregate, or refuse with `NotFound`."""
        found = await self.find(aggregate_id)
        if found is None:
            raise NotFound(id=aggregate_id)
        return found

    async def find_many(self, ids: Iterable[str]) -> list[A]:
        """Return those that exist, in the order of `ids`."""
        wanted = list(dict.fromkeys(ids))
        found = {each["_id"]: each for some in by_ids(wanted) for each in await self._on.find(some)}
        return [self._loaded(found[each]) for each in wanted if each in found]

    async def find_where(self, filter_: Filter, *, sort: Sort = (), limit: int = 0) -> list[A]:
        """Return the matching aggregates; name fields as stored, ``{"ix.status": "proposed"}``."""
        return [self._loaded(each) for each in await self._on.find(filter_, sort=sort, limit=limit)]

    async def add(self, aggregate: A) -> None:
        """Store a new aggregate and tell its facts; an id that exists makes the transaction run again."""
        at = await self._tell(aggregate)
        aggregate.revision = 1
        await self._on.insert_one(self._document(aggregate, at))

    async def add_many(self, aggregates: Sequence[A]) -> None:
        """Store new aggregates by one insert (imports of thousands) and tell their facts."""
        documents = []
        for aggregate in aggregates:
            at = await self._tell(aggregate)
            aggregate.revision = 1
            documents.append(self._document(aggregate, at))
        await self._on.insert_many(documents)

    async def save(self, aggregate: A) -> None:
        """Store a changed aggregate and tell its facts.

        Raises:
            StaleVersion: somebody else changed it since it was loaded; `transact` runs the work again.

        """
        loaded_revision = aggregate.revision
        at = await self._tell(aggregate)
        aggregate.revision = loaded_revision + 1
        met = await self._on.replace_one({"_id": aggregate.id, "revision": loaded_revision}, self._document(aggregate, at))
        if not met:
            raise StaleVersion(self._name, aggregate.id)

    async def save_many(self, aggregates: Sequence[A]) -> None:
        """Store changed aggregates by one call and tell their facts.

        Raises:
            StaleVersion: at least one was changed by somebody else; `transact` runs the work again.

        """
        replacements: list[tuple[Filter, Document]] = []
        for aggregate in aggregates:
            loaded_revision = aggregate.revision
            at = await self._tell(aggregate)
            aggregate.revision = loaded_revision + 1
            replacements.append(({"_id": aggregate.id, "revision": loaded_revision}, self._document(aggregate, at)))
        if await self._on.replace_many(replacements) < len(replacements):
            raise StaleVersion(self._name, "one of several")

    async def remove(self, aggregate: A) -> None:
        """Delete an aggregate (erasure, N18) and tell its last facts."""
        await self._tell(aggregate)
        if not await self._on.delete_one({"_id": aggregate.id, "revision": aggregate.revision}):
            raise StaleVersion(self._name, aggregate.id)

    async def _tell(self, aggregate: A) -> datetime | None:
        recorded = aggregate.take_recorded()
        last = self._last_at.get(aggregate.id)
        if self._outbox is None or not recorded:
            return last
        at = self._outbox.moment_after(last)
        for version, event in recorded:
            for contract in self._contracts(aggregate, event):
                await self._outbox.add(contract, sequence=version, at=at)
        self._last_at[aggregate.id] = at
        return at

    def _contracts(self, aggregate: A, event: DomainEvent) -> Sequence[Contract]:
        outgoing = self._outgoing(aggregate, event)
        if outgoing is None:
            return ()
        return (outgoing,) if isinstance(outgoing, Contract) else outgoing

    def _loaded(self, document: Document) -> A:
        self._last_at[document["_id"]] = document.get("at")
        return self._codecs.aggregate_of(self._type, document["_id"], document["body"], document["version"], document["revision"])

    def _document(self, aggregate: A, at: datetime | None) -> Document:
        return {
            "_id": aggregate.id,
            "revision": aggregate.revision,
            "version": aggregate.version,
            "at": at,
            "body": self._codecs.body_of(aggregate),
            "ix": dict(self._index(aggregate)),
        }
