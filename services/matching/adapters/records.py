"""What is kept beside the aggregates: cards, explanations, snapshots, outcomes, health. Plain documents, typed at this edge."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter

from services.matching.adapters.skills import TREES
from services.matching.application.ports import KnownCard
from services.matching.domain.card import Card
from services.matching.domain.snapshot import Explanation, FrozenMember, Leaf, Report
from shared.contracts.topics import PROFILE_CARD, PROFILE_MEMBER, PROFILE_SKILL_LIST, SCHEDULING_SESSION
from shared.kernel.errors import NotFound
from shared.persistence.database import Collection, Transaction
from shared.persistence.indexes import Index
from shared.persistence.kept import kept_documents
from shared.replay.replica import Replica

T = TypeVar("T")
CARDS, EXPLANATIONS, SLICES, LEAVES, REPORTS, HEALTH, PROGRESS = (
    "cards",
    "explanations",
    "round_slices",
    "round_leaves",
    "round_reports",
    "pairing_health",
    "round_progress",
)
INDEXES = (
    Index(collection=CARDS),
    Index(collection=EXPLANATIONS, keys=(("pairing_id", 1),)),
    Index(collection=SLICES, keys=(("round_id", 1), ("first_bucket", 1))),
    Index(collection=SLICES, keys=(("members", 1),)),
    Index(collection=LEAVES, keys=(("members", 1),)),
    Index(collection=REPORTS),
    Index(collection=HEALTH),
    Index(collection=PROGRESS),
)

REPLICAS = (
    Replica(collection=CARDS, topics=(PROFILE_CARD, PROFILE_MEMBER)),
    Replica(collection=HEALTH, topics=(SCHEDULING_SESSION,)),
    Replica(collection=TREES, topics=(PROFILE_SKILL_LIST,)),
)
"""What follows from others' facts alone."""


class Shapes:
    """Compiled once per process and given to every unit of work by `main.py`."""

    def __init__(self) -> None:
        self.card: TypeAdapter[Card] = TypeAdapter(Card)
        self.explanation: TypeAdapter[Explanation] = TypeAdapter(Explanation)
        self.frozen: TypeAdapter[list[FrozenMember]] = TypeAdapter(list[FrozenMember])
        self.leaf: TypeAdapter[Leaf] = TypeAdapter(Leaf)


class MongoCardRepository:
    """The replica of profile's cards, one document per member."""

    def __init__(self, tx: Transaction, shapes: Shapes) -> None:
        self._kept = kept_documents(tx, CARDS)
        self._shape = shapes.card

    async def find(self, member_id: str) -> KnownCard | None:
        """Return what is known of a member."""
        found = await self._kept.get(member_id)
        if found is None:
            return None
        card = self._shape.validate_python(found["card"])
        return KnownCard(card=card, sequence=found["sequence"], at=found["at"], left_at=found["left_at"])

    async def find_many(self, member_ids: Iterable[str]) -> dict[str, Card]:
        """Return the cards that are known, in the order of their ids."""
        found = await self._kept.get_many(sorted(member_ids))
        return {member: self._shape.validate_python(document["card"]) for member, document in found.items()}

    async def save(self, known: KnownCard) -> None:
        """Keep the newest record."""
        document = {
            "_id": known.card.member_id,
            "card": self._shape.dump_python(known.card, mode="json"),
            "sequence": known.sequence,
            "at": known.at,
            "left_at": known.left_at,
        }
        self._kept.put(document)

    async def remove(self, member_id: str) -> None:
        """N18: forget a member."""
        await self._kept.remove(member_id)


class MongoExplanationRepository:
    """One document per pairing and side."""

    def __init__(self, tx: Transaction, shapes: Shapes) -> None:
        self._on = tx.collection(EXPLANATIONS)
        self._shape = shapes.explanation

    async def save(self, explanations: Mapping[str, Mapping[str, Explanation]]) -> None:
        """Keep the lists of each member of each new pairing."""
        await self._on.insert_many(
            [
                {"_id": f"{pairing_id}:{member}", "pairing_id": pairing_id, "lists": self._shape.dump_python(lists, mode="json")}
                for pairing_id, sides in explanations.items()
                for member, lists in sorted(sides.items())
            ]
        )

    async def find(self, pairing_id: str, member_id: str) -> Explanation | None:
        """Return one side's lists."""
        return await explanation_in(self._on, self._shape, pairing_id, member_id)

    async def remove(self, pairing_ids: Sequence[str]) -> None:
        """N18: delete the lists of these pairings."""
        if pairing_ids:
            await self._on.delete_many({"pairing_id": {"$in": list(pairing_ids)}})


async def explanation_in(on: Collection, shape: TypeAdapter[Explanation], pairing_id: str, member_id: str) -> Explanation | None:
    """Read one side's lists, inside a transaction or outside."""
    found = await on.find_one({"_id": f"{pairing_id}:{member_id}"})
    return None if found is None else shape.validate_python(found["lists"])


def leaf_name(round_id: str, draft: int, number: int) -> str:
    """Return the id of a piece's document."""
    return f"{round_id}:{draft:03d}:{number:06d}"


def report_name(round_id: str, draft: int) -> str:
    """Return the id of a report's document."""
    return f"{round_id}:{draft:03d}"


async def leaf_in(on: Collection, shapes: Shapes, round_id: str, draft: int, number: int) -> Leaf | None:
    """Read one piece, inside a transaction or outside."""
    found = await on.find_one({"_id": leaf_name(round_id, draft, number)})
    return None if found is None else shapes.leaf.validate_python(found["leaf"])


async def leaves_with(on: Collection, shapes: Shapes, round_id: str, draft: int, member_id: str) -> list[Leaf]:
    """Read the pieces of a draft in which a member is."""
    prefix = f"{round_id}:{draft:03d}:"
    found = await on.find({"members": member_id}, sort=[("_id", 1)])
    return [shapes.leaf.validate_python(each["leaf"]) for each in found if each["_id"].startswith(prefix)]


class MongoSnapshotRepository:
    """N7: a round's frozen members in slices, its outcome in leaves; both are written again by a repeated attempt."""

    def __init__(self, tx: Transaction, shapes: Shapes) -> None:
        self._slices = tx.collection(SLICES)
        self._leaves = tx.collection(LEAVES)
        self._reports = tx.collection(REPORTS)
        self._shapes = shapes

    async def put_slice(self, round_id: str, first_bucket: int, members: Sequence[FrozenMember], digests: Sequence[str]) -> None:
        """Keep one slice."""
        name = f"{round_id}:{first_bucket:04d}"
        document = {
            "_id": name,
            "round_id": round_id,
            "first_bucket": first_bucket,
            "members": [member.card.member_id for member in members],
            "digests": list(digests),
            "lines": self._shapes.frozen.dump_python(list(members), mode="json"),
        }
        await self._slices.replace_one({"_id": name}, document, upsert=True)

    async def digests(self, round_id: str) -> list[str]:
        """Return the digests of all buckets, in order."""
        found = await self._slices.find({"round_id": round_id}, sort=[("first_bucket", 1)], projection={"digests": 1})
        return [digest for each in found for digest in each["digests"]]

    async def clear(self, round_id: str) -> None:
        """Remove what an attempt that died has left."""
        await self._slices.delete_many({"round_id": round_id})

    async def put_leaf(self, round_id: str, draft: int, leaf: Leaf) -> None:
        """Keep one piece of a draft."""
        name = leaf_name(round_id, draft, leaf.number)
        members = sorted({member for group in leaf.groups for member in group.members} | {*leaf.unmatched})
        document = {"_id": name, "members": members, "leaf": self._shapes.leaf.dump_python(leaf, mode="json")}
        await self._leaves.replace_one({"_id": name}, document, upsert=True)

    async def leaf(self, round_id: str, draft: int, number: int) -> Leaf:
        """Return one piece of a draft."""
        found = await leaf_in(self._leaves, self._shapes, round_id, draft, number)
        if found is None:
            raise NotFound(id=round_id, leaf=number)
        return found

    async def leaf_with(self, round_id: str, draft: int, member_id: str) -> list[Leaf]:
        """Return the pieces in which a member is."""
        return await leaves_with(self._leaves, self._shapes, round_id, draft, member_id)

    async def holds(self, round_id: str, member_ids: Sequence[str]) -> bool:
        """Return whether all of these members were frozen."""
        found = await self._slices.find({"members": {"$in": list(member_ids)}}, projection={"round_id": 1, "members": 1})
        frozen = {member for each in found if each["round_id"] == round_id for member in each["members"]}
        return frozen >= {*member_ids}

    async def put_report(self, round_id: str, draft: int, report: Report) -> None:
        """Keep the figures of a draft."""
        name = report_name(round_id, draft)
        await self._reports.replace_one({"_id": name}, {"_id": name, "figures": report.figures}, upsert=True)

    async def forget(self, member_id: str) -> None:
        """N18: delete a member's codes; that they took part stays, under an id that no longer means anybody."""
        for piece in await self._slices.find({"members": member_id}):
            lines = [line for line in piece["lines"] if line["card"]["member_id"] != member_id]
            members = [member for member in piece["members"] if member != member_id]
            await self._slices.replace_one({"_id": piece["_id"]}, piece | {"lines": lines, "members": members})
        for piece in await self._leaves.find({"members": member_id}):
            for group in piece["leaf"]["groups"]:
                if member_id in group["members"]:
                    group["explanations"] = {}
            await self._leaves.replace_one({"_id": piece["_id"]}, piece)


class MongoHealthRepository:
    """Counts of a pairing's sessions."""

    def __init__(self, tx: Transaction) -> None:
        self._on = tx.collection(HEALTH)

    async def count(self, pairing_id: str, *, held: int, missed: int, at: datetime) -> None:
        """Add to a pairing's counts."""
        change: dict[str, Any] = {"$inc": {"held": held, "missed": missed}}
        await self._on.update_one({"_id": pairing_id}, change | ({"$set": {"last_held_at": at}} if held else {}), upsert=True)
