"""Members in MongoDB; saving one publishes its facts, and its card and contact where they changed."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.profile.adapters import outgoing
from services.profile.domain.census import Known, fold_address
from services.profile.domain.member import Member
from services.profile.domain.records import Gone
from services.profile.domain.reference import Reference
from services.profile.domain.values import Status
from shared.messaging.outbox import Outbox
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Document, Transaction
from shared.persistence.indexes import Index

COLLECTION = "members"
INDEXES = (
    Index(collection=COLLECTION, keys=(("ix.company_key", 1),), unique=True, partial={"ix.company_key": {"$exists": True}}),
    Index(collection=COLLECTION, keys=(("ix.email", 1),), unique=True, partial={"ix.email": {"$exists": True}}),
    Index(collection=COLLECTION, keys=(("ix.manager_id", 1),)),
    Index(collection=COLLECTION, keys=(("ix.status", 1),)),
)
_KNOWN = {"ix": 1, "body.manager_chain": 1}


def index_of(member: Member) -> Mapping[str, Any]:
    """Return what members are found by. An address is taken only while its member is here; an erased member has neither."""
    fields: dict[str, Any] = {"status": member.status.value, "manager_id": member.manager_id}
    if member.status is not Status.ERASED:
        fields["company_key"] = member.company_key
    if member.status is Status.ACTIVE:
        fields["email"] = fold_address(member.email)
    return fields


class MongoMemberRepository:
    """`MemberRepository` over one transaction."""

    def __init__(self, tx: Transaction, outbox: Outbox, reference: Reference) -> None:
        """Bind to a transaction; `reference` holds the defaults that cards and contacts are filled with."""
        self._on = tx.collection(COLLECTION)
        self._outbox = outbox
        self._reference = reference
        self._store = AggregateStore(tx, COLLECTION, Member, outbox=outbox, outgoing=outgoing.fact_of, index=index_of)

    async def get(self, member_id: str) -> Member:
        """Return a member, or refuse with `NotFound`."""
        return await self._store.get(member_id)

    async def find_many(self, ids: Sequence[str]) -> list[Member]:
        """Return those that exist, in the order asked."""
        return await self._store.find_many(ids)

    async def page(self, *, after: str | None, company_key: str | None, status: Status | None, limit: int) -> list[Member]:
        """Return members in the order of their ids."""
        wanted: dict[str, Any] = {"ix.status": status.value if status else {"$in": [Status.ACTIVE.value, Status.LEFT.value]}}
        if company_key is not None:
            wanted["ix.company_key"] = company_key
        if after is not None:
            wanted["_id"] = {"$gt": after}
        return await self._store.find_where(wanted, sort=[("_id", 1)], limit=limit)

    async def with_keys(self, keys: Sequence[str]) -> list[Member]:
        """Return the members with these company keys."""
        return await self._store.find_where({"ix.company_key": {"$in": list(keys)}}) if keys else []

    async def known(self, keys: Sequence[str], addresses: Sequence[str]) -> list[Known]:
        """Return who has these company keys or addresses, without loading them whole."""
        found: dict[str, Known] = {}
        for field, values in (("ix.company_key", keys), ("ix.email", addresses)):
            if values:
                rows = await self._on.find({field: {"$in": list(values)}}, projection=_KNOWN)
                found |= {row["_id"]: _known(row) for row in rows}
        return list(found.values())

    async def reports_of(self, manager_ids: Sequence[str]) -> list[str]:
        """Return the ids of direct reports."""
        rows = await self._on.find({"ix.manager_id": {"$in": list(manager_ids)}}, projection={"_id": 1})
        return sorted(row["_id"] for row in rows)

    async def active_ids(self) -> list[str]:
        """Return the ids of everybody who is here: one read of ids only, for work on all of them."""
        return sorted(row["_id"] for row in await self._on.find({"ix.status": Status.ACTIVE.value}, projection={"_id": 1}))

    async def add_many(self, members: Sequence[Member]) -> None:
        """Store new members."""
        for member in members:
            await self._publish_records(member)
        await self._store.add_many(members)

    async def save_many(self, members: Sequence[Member]) -> None:
        """Store changed members."""
        for member in members:
            await self.save(member)

    async def save(self, member: Member) -> None:
        """Store one changed member."""
        await self._publish_records(member)
        await self._store.save(member)

    async def _publish_records(self, member: Member) -> None:
        at = self._outbox.moment_after(member.recorded_at)
        for due in member.take_due_records(self._reference):
            member.recorded_at = at
            contract = outgoing.record_of(due)
            if contract is not None:
                await self._outbox.add(contract, sequence=due.version, at=at)
            elif isinstance(due.record, Gone):
                await self._outbox.tombstone(outgoing.topic_of(due.record), member.id, sequence=due.version, at=at)


def _known(row: Document) -> Known:
    fields = row["ix"]
    return Known(
        id=row["_id"],
        company_key=fields.get("company_key", ""),
        email=fields.get("email", ""),
        status=Status(fields["status"]),
        manager_id=fields.get("manager_id"),
        manager_chain=tuple(row["body"]["manager_chain"]),
    )
