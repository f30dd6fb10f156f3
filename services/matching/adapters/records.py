"""What is kept beside the aggregates: cards, explanations, health. Plain documents, typed at this edge."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from services.matching.adapters.shapes import Shapes
from services.matching.adapters.skills import TREES
from services.matching.application.ports import KnownCard
from services.matching.domain.card import Card
from services.matching.domain.snapshot import Explanation
from shared.contracts.topics import PROFILE_CARD, PROFILE_MEMBER, PROFILE_SKILL_LIST, SCHEDULING_SESSION
from shared.persistence.database import Collection, Document, Transaction
from shared.persistence.indexes import Index
from shared.persistence.kept import kept_documents
from shared.replay.replica import Replica

CARDS, EXPLANATIONS, HEALTH, PROGRESS = "cards", "explanations", "pairing_health", "round_progress"
INDEXES = (
    Index(collection=CARDS, keys=(("at", 1),)),
    Index(collection=EXPLANATIONS),
    Index(collection=HEALTH),
    Index(collection=PROGRESS),
)

REPLICAS = (
    Replica(collection=CARDS, topics=(PROFILE_CARD, PROFILE_MEMBER)),
    Replica(collection=HEALTH, topics=(SCHEDULING_SESSION,)),
    Replica(collection=TREES, topics=(PROFILE_SKILL_LIST,)),
)
"""What follows from others' facts alone."""


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
        card = self._shape.validate_json(found["card"])
        return KnownCard(card=card, sequence=found["sequence"], at=found["at"], left_at=found["left_at"])

    async def find_many(self, member_ids: Iterable[str]) -> dict[str, Card]:
        """Return the cards that are known, in the order of their ids."""
        found = await self._kept.get_many(sorted(member_ids))
        return {member: self._shape.validate_json(document["card"]) for member, document in found.items()}

    async def save(self, known: KnownCard) -> None:
        """Keep the newest record."""
        self._kept.put(card_document(known, self._shape))

    async def remove(self, member_id: str) -> None:
        """N18: forget a member."""
        await self._kept.remove(member_id)


def card_document(known: KnownCard, shape: TypeAdapter[Card]) -> Document:
    """Return a card as it is stored."""
    return {
        "_id": known.card.member_id,
        "card": shape.dump_json(known.card).decode(),  # a text: a round reads ten thousands of them
        "sequence": known.sequence,
        "at": known.at,
        "left_at": known.left_at,
    }


class MongoExplanationRepository:
    """One document per pairing, with the lists of each side."""

    def __init__(self, tx: Transaction, shapes: Shapes) -> None:
        self._on = tx.collection(EXPLANATIONS)
        self._shape = shapes.sides

    async def save(self, explanations: Mapping[str, Mapping[str, Explanation]]) -> None:
        """Keep the lists of each member of each new pairing."""
        documents = [{"_id": pairing, "sides": self._shape.dump_json(dict(sides)).decode()} for pairing, sides in explanations.items()]
        await self._on.insert_many(documents)

    async def find(self, pairing_id: str, member_id: str) -> Explanation | None:
        """Return one side's lists."""
        return await explanation_in(self._on, self._shape, pairing_id, member_id)

    async def remove(self, pairing_ids: Sequence[str]) -> None:
        """N18: delete the lists of these pairings."""
        if pairing_ids:
            await self._on.delete_many({"_id": {"$in": list(pairing_ids)}})


async def explanation_in(on: Collection, shape: TypeAdapter[dict[str, Explanation]], pairing_id: str, member_id: str) -> Explanation | None:
    """Read one side's lists, inside a transaction or outside."""
    found = await on.find_one({"_id": pairing_id})
    return None if found is None else shape.validate_json(found["sides"]).get(member_id)


class MongoHealthRepository:
    """Counts of a pairing's sessions."""

    def __init__(self, tx: Transaction) -> None:
        self._on = tx.collection(HEALTH)

    async def count(self, pairing_id: str, *, held: int, missed: int, at: datetime) -> None:
        """Add to a pairing's counts."""
        change: dict[str, Any] = {"$inc": {"held": held, "missed": missed}}
        await self._on.update_one({"_id": pairing_id}, change | ({"$set": {"last_held_at": at}} if held else {}), upsert=True)
