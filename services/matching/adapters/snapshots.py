"""N7: a round's frozen members in slices, its drafts in leaves, their reports. Packed, so that a round moves few, small documents."""

import hashlib
import json
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import TypeAdapter

from services.matching.adapters.shapes import Shapes
from services.matching.domain.snapshot import FrozenMember, Leaf, Report
from shared.kernel.errors import NotFound
from shared.persistence.database import Collection, Document, Transaction
from shared.persistence.indexes import Index

SLICES, LEAVES, REPORTS = "round_slices", "round_leaves", "round_reports"
INDEXES = (
    Index(collection=SLICES, keys=(("round_id", 1), ("first_bucket", 1))),
    Index(collection=SLICES, keys=(("members", 1),)),
    Index(collection=LEAVES, keys=(("members", 1),)),
    Index(collection=REPORTS),
)
QUICKLY = 1
"""Level of compression: the text is repetitive, and the processor has other things to do."""


class PackedSlice(Sequence[FrozenMember]):
    """Frozen members as they are stored: passed on as lines of JSON, unpacked only where somebody looks at one."""

    def __init__(self, packed: bytes, shape: TypeAdapter[list[FrozenMember]]) -> None:
        """Take the packed lines, one for each bucket."""
        self.lines = zlib.decompress(packed)
        self._shape = shape

    def _members(self) -> list[FrozenMember]:
        return [member for line in self.lines.splitlines() for member in self._shape.validate_json(line)]

    def __iter__(self) -> Iterator[FrozenMember]:
        return iter(self._members())

    def __len__(self) -> int:
        return len(self._members())

    def __getitem__(self, at: Any) -> Any:
        return self._members()[at]


class MongoSnapshotRepository:
    """Slices and leaves are written again by a repeated attempt."""

    def __init__(self, tx: Transaction, shapes: Shapes) -> None:
        self._slices = tx.collection(SLICES)
        self._leaves = tx.collection(LEAVES)
        self._reports = tx.collection(REPORTS)
        self._shapes = shapes

    async def put_slice(self, round_id: str, buckets: tuple[int, int], members: Sequence[tuple[int, FrozenMember]]) -> None:
        """Keep one slice: a line and a digest for each bucket, so that the snapshot's hash does not depend on the slices' width."""
        parts: dict[int, list[FrozenMember]] = {bucket: [] for bucket in range(*buckets)}
        for bucket, member in members:
            parts[bucket].append(member)
        lines = [self._shapes.frozen.dump_json(part) for part in parts.values()]
        name = f"{round_id}:{buckets[0]:04d}"
        document = {
            "_id": name,
            "round_id": round_id,
            "first_bucket": buckets[0],
            "members": [member.card.member_id for _, member in members],
            "digests": [hashlib.sha256(line).hexdigest() for line in lines],
            "packed": zlib.compress(b"\n".join(lines), QUICKLY),
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
        document = {"_id": name, "members": members, "leaf": self._shapes.leaf.dump_json(leaf).decode()}
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
            await self._slices.replace_one({"_id": piece["_id"]}, _without(piece, member_id))
        for piece in await self._leaves.find({"members": member_id}):
            leaf: dict[str, Any] = json.loads(piece["leaf"])
            for group in leaf["groups"]:
                if member_id in group["members"]:
                    group["explanations"] = {}
            await self._leaves.replace_one({"_id": piece["_id"]}, piece | {"leaf": json.dumps(leaf)})


def _without(piece: Document, member_id: str) -> Document:
    """Return a slice without one member; the digests go on saying what was frozen."""
    lines = [json.loads(line) for line in zlib.decompress(piece["packed"]).splitlines()]
    kept = [[each for each in line if each["card"]["member_id"] != member_id] for line in lines]
    packed = zlib.compress(b"\n".join(json.dumps(line, separators=(",", ":")).encode() for line in kept), QUICKLY)
    return piece | {"packed": packed, "members": [member for member in piece["members"] if member != member_id]}


def leaf_name(round_id: str, draft: int, number: int) -> str:
    """Return the id of a piece's document."""
    return f"{round_id}:{draft:03d}:{number:06d}"


def report_name(round_id: str, draft: int) -> str:
    """Return the id of a report's document."""
    return f"{round_id}:{draft:03d}"


async def leaf_in(on: Collection, shapes: Shapes, round_id: str, draft: int, number: int) -> Leaf | None:
    """Read one piece, inside a transaction or outside."""
    found = await on.find_one({"_id": leaf_name(round_id, draft, number)})
    return None if found is None else shapes.leaf.validate_json(found["leaf"])


async def leaves_with(on: Collection, shapes: Shapes, round_id: str, draft: int, member_id: str) -> list[Leaf]:
    """Read the pieces of a draft in which a member is."""
    prefix = f"{round_id}:{draft:03d}:"
    found = await on.find({"members": member_id}, sort=[("_id", 1)])
    return [shapes.leaf.validate_json(each["leaf"]) for each in found if each["_id"].startswith(prefix)]
