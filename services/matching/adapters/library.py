"""Reads outside transactions: what HTTP shows and what the round runner streams."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from services.matching.adapters.records import CARDS, EXPLANATIONS, HEALTH, PROGRESS, explanation_in
from services.matching.adapters.repositories import PAIRINGS, PROGRAMMES, ROUNDS
from services.matching.adapters.shapes import Shapes
from services.matching.adapters.skills import ROUND_SKILLS, tree_in
from services.matching.adapters.snapshots import LEAVES, REPORTS, SLICES, PackedSlice, leaf_in, leaves_with, report_name
from services.matching.application.ports import KnownCard
from services.matching.application.queries import Health, RoundProgress
from services.matching.domain.draft import Draft
from services.matching.domain.pairing import Pairing
from services.matching.domain.programme import Programme
from services.matching.domain.round import Round
from services.matching.domain.skill_tree import SkillTree
from services.matching.domain.snapshot import Explanation, FrozenMember, Leaf, Report
from shared.persistence.database import Database, Document


class MongoLibrary:
    """Fulfils `application.queries.Library` and streams snapshots."""

    def __init__(self, database: Database, shapes: Shapes) -> None:
        self._database = database
        self._shapes = shapes

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        found = await self._database.collection(PROGRAMMES).find_one({"_id": programme_id})
        return None if found is None else self._programme(found)

    async def programmes(self) -> list[Programme]:
        """Return all programmes by id; there are few."""
        return [self._programme(found) for found in await self._database.collection(PROGRAMMES).find({}, sort=[("_id", 1)])]

    async def round(self, round_id: str) -> Round | None:
        """Return a round."""
        found = await self._database.collection(ROUNDS).find_one({"_id": round_id})
        return None if found is None else self._round(found)

    async def rounds(self, programme_id: str) -> list[Round]:
        """Return a programme's rounds, newest first."""
        found = await self._database.collection(ROUNDS).find({"ix.programme_id": programme_id})
        return sorted((self._round(each) for each in found), key=lambda each: (each.opened_at, each.id), reverse=True)

    async def working_rounds(self) -> list[Round]:
        """Return the rounds that the runner has to carry on, by id."""
        return [self._round(each) for each in await self._database.collection(ROUNDS).find({"ix.working": True}, sort=[("_id", 1)])]

    async def progress(self, round_id: str) -> RoundProgress | None:
        """Return what the runner is doing."""
        found = await self._database.collection(PROGRESS).find_one({"_id": round_id})
        return None if found is None else RoundProgress(stage=found["stage"], done=found["done"], of=found["of"])

    async def note_progress(self, round_id: str, progress: RoundProgress) -> None:
        """Show what the runner is doing; losing it harms nobody."""
        document = {"_id": round_id, "stage": progress.stage, "done": progress.done, "of": progress.of}
        await self._database.collection(PROGRESS).replace_one({"_id": round_id}, document, upsert=True)

    async def snapshot(self, round_id: str) -> AsyncIterator[Sequence[FrozenMember]]:
        """Yield a round's frozen members slice by slice, so that memory stays bounded."""
        slices = self._database.collection(SLICES)
        for name in await slices.find({"round_id": round_id}, sort=[("first_bucket", 1)], projection={"_id": 1}):
            found = await slices.find_one({"_id": name["_id"]})
            if found is not None:
                yield PackedSlice(found["packed"], self._shapes.frozen)

    async def leaf(self, round_id: str, draft: int, number: int) -> Leaf | None:
        """Return one piece of a draft."""
        return await leaf_in(self._database.collection(LEAVES), self._shapes, round_id, draft, number)

    async def leaves(self, round_id: str, draft: Draft) -> AsyncIterator[Leaf]:
        """Yield the pieces of a draft one by one, so that memory stays bounded."""
        for number in range(draft.solution.leaves if draft.solution else 0):
            found = await self.leaf(round_id, draft.number, number)
            if found is not None:
                yield found

    async def leaf_with(self, round_id: str, draft: int, member_id: str) -> list[Leaf]:
        """Return the pieces of a draft in which a member is."""
        return await leaves_with(self._database.collection(LEAVES), self._shapes, round_id, draft, member_id)

    async def skills(self, round_id: str) -> SkillTree:
        """Return the hierarchy of skills that a round was frozen with."""
        return tree_in(await self._database.collection(ROUND_SKILLS).find_one({"_id": round_id}))

    async def report(self, round_id: str, draft: int) -> Report | None:
        """Return the figures of a draft."""
        found = await self._database.collection(REPORTS).find_one({"_id": report_name(round_id, draft)})
        return None if found is None else Report(found["figures"])

    async def pairing(self, pairing_id: str) -> Pairing | None:
        """Return a pairing."""
        found = await self._database.collection(PAIRINGS).find_one({"_id": pairing_id})
        return None if found is None else self._pairing(found)

    async def pairings_of(self, member_id: str) -> list[Pairing]:
        """Return a member's pairings, newest first."""
        found = [self._pairing(each) for each in await self._database.collection(PAIRINGS).find({"ix.members": member_id})]
        return sorted(found, key=lambda each: (each.proposed_at, each.id), reverse=True)

    async def explanation(self, pairing_id: str, member_id: str) -> Explanation | None:
        """Return one side's four lists."""
        return await explanation_in(self._database.collection(EXPLANATIONS), self._shapes.sides, pairing_id, member_id)

    async def health(self, pairing_id: str) -> Health:
        """Return a pairing's counts."""
        found = await self._database.collection(HEALTH).find_one({"_id": pairing_id})
        if found is None:
            return Health()
        return Health(held=found.get("held", 0), missed=found.get("missed", 0), last_held_at=found.get("last_held_at"))

    async def offers(self, member_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the offered skill codes of members."""
        found = await self._database.collection(CARDS).find({"_id": {"$in": list(member_ids)}}, projection={"card": 1})
        cards = [self._shapes.card.validate_json(each["card"]) for each in found]
        return {card.member_id: [offer.code for offer in card.offers] for card in cards}

    async def cards_since(self, at: datetime) -> list[KnownCard]:
        """Return the cards that profile wrote at that instant or later."""
        return [
            KnownCard(card=self._shapes.card.validate_json(each["card"]), sequence=each["sequence"], at=each["at"])
            for each in await self._database.collection(CARDS).find({"at": {"$gte": at}})
        ]

    def _programme(self, document: Document) -> Programme:
        return self._database.codecs.aggregate_of(Programme, *_stored(document))

    def _round(self, document: Document) -> Round:
        return self._database.codecs.aggregate_of(Round, *_stored(document))

    def _pairing(self, document: Document) -> Pairing:
        return self._database.codecs.aggregate_of(Pairing, *_stored(document))


def _stored(document: Document) -> tuple[str, Document, int, int]:
    return document["_id"], document["body"], document["version"], document["revision"]
