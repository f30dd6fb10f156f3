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
    Index(collection=COLLECTION, keys=(("ix.company_key", 1),), unique=True),
    Index(collection=COLLECTION, keys=(("ix.email", 1),), unique=True),
    Index(collection=COLLECTION, keys=(("ix.manager_id", 1),)),
)
_KNOWN = {"ix": 1, "body.manager_chain": 1}


def index_of(member: Member) -> Mapping[str, Any]:
    """Return what members are found by.

    An address is taken only while its member is here, and an erased member has no key: a stand-in that nobody else can have
    fills the field (a partial index would do, but not every server looks things up by one).
    """
    nobody = f"\x00{member.id}"
    return {
        "status": member.status.value,
        "manager_id": member.manager_id,
        "company_key": nobody if member.status is Status.ERASED else member.company_key,
        "email": fold_address(member.email) if member.status is Status.ACTIVE else nobody,
    }


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

    async def known_by_key(self, keys: Sequence[str]) -> list[Known]:
        """Return who has these company keys, without loading them whole."""
        return await self._known("ix.company_key", keys)

    async def known_by_address(self, addresses: Sequence[str]) -> list[Known]:
        """Return who is here and has these addresses."""
        return await self._known("ix.email", addresses)

    async def _known(self, field: str, values: Sequence[str]) -> list[Known]:
        rows = await self._on.find({field: {"$in": list(values)}}, projection=_KNOWN) if values else []
        return [_known(row) for row in rows]

    async def reports_of(self, manager_ids: Sequence[str]) -> list[str]:
        """Return the ids of direct reports."""
        rows = await self._on.find({"ix.manager_id": {"$in": list(manager_ids)}}, projection={"_id": 1})
        return sorted(row["_id"] for row in rows)

    async def active_ids(self) -> list[str]:
        """Return the ids of everybody who is here: one read of ids only, for work on all of them."""
        return sorted(row["_id"] for row in await self._on.find({"ix.status": Status.ACTIVE.value}, projection={"_id": 1}))

    async def skill_codes(self, *, after: str | None, limit: int) -> list[tuple[str, frozenset[str]]]:
        """Return id and codes of what is offered or wanted, of members who are here, in the order of their ids."""
        wanted: dict[str, Any] = {"ix.status": Status.ACTIVE.value} | ({} if after is None else {"_id": {"$gt": after}})
        fields = {"body.offers": 1, "body.wants": 1}
        rows = await self._on.find(wanted, sort=[("_id", 1)], limit=limit, projection=fields)
        return [(row["_id"], _skills_of(row["body"])) for row in rows]

    async def ids_with_skills(self, codes: Sequence[str]) -> list[str]:
        """Return the ids of members who offer or want any of these codes (a rare question: it looks through all)."""
        named = {"$in": list(codes)}
        rows = await self._on.find({"$or": [{"body.offers.tag.code": named}, {"body.wants.tag.code": named}]}, projection={"_id": 1})
        return sorted(row["_id"] for row in rows)

    async def add_many(self, members: Sequence[Member]) -> None:
        """Store new members."""
        for member in members:
            await self._publish_records(member)
        await self._store.add_many(members)

    async def save_many(self, members: Sequence[Member]) -> None:
        """Store changed members."""
        for member in members:
            await self._publish_records(member)
        await self._store.save_many(members)

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


def _skills_of(body: Document) -> frozenset[str]:
    said = (*body.get("offers", ()), *body.get("wants", ()))
    return frozenset(each["tag"]["code"] for each in said if each["tag"].get("code"))


def _known(row: Document) -> Known:
    fields = row["ix"]
    return Known(
        id=row["_id"],
        company_key=fields["company_key"],
        email=fields["email"],
        status=Status(fields["status"]),
        manager_id=fields.get("manager_id"),
        manager_chain=tuple(row["body"]["manager_chain"]),
    )
