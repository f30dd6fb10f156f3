"""Schedules, cards and diaries in the service's database."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.scheduling.application.ports import Card
from services.scheduling.domain.hours import Span
from services.scheduling.domain.schedule import Schedule, Status
from services.scheduling.domain.session import State
from shared.contracts.topics import PROFILE_CARD
from shared.kernel.errors import StaleVersion
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Document, Transaction
from shared.persistence.errors import DuplicateKey
from shared.persistence.indexes import Index
from shared.persistence.kept import kept_documents
from shared.replay.replica import Replica

SCHEDULES, CARDS, DIARIES = "schedules", "cards", "diaries"
SCHEDULES_OF_MEMBER_MAX = 500

INDEXES = (
    Index(collection=SCHEDULES, keys=(("ix.members", 1), ("ix.closed", 1))),
    Index(collection=SCHEDULES, keys=(("ix.programme_id", 1),)),
    Index(collection=CARDS),
    Index(collection=DIARIES, keys=(("member_id", 1), ("quarter", 1))),
    Index(collection=DIARIES, keys=(("session_id", 1),)),
    Index(collection=DIARIES, keys=(("pairing_id", 1), ("quarter", 1))),
)

REPLICAS = (Replica(collection=CARDS, topics=(PROFILE_CARD,), empty=(("sequence", 0),)),)
"""What follows from others' facts alone; a card with sequence 0 was made so that the real one, when it comes, is noticed."""


def index_of(schedule: Schedule) -> Mapping[str, Any]:
    """Return what schedules are looked up and counted by."""
    states = [session.state.value for session in schedule.sessions]
    return {
        "members": list(schedule.members),
        "programme_id": schedule.programme_id,
        "closed": schedule.status is Status.CLOSED,
        "states": {state.value: states.count(state.value) for state in State},
    }


class MongoSchedules:
    """`Schedules` over the aggregate store."""

    def __init__(self, store: AggregateStore[Schedule], tx: Transaction) -> None:
        """Bind to one transaction."""
        self._store = store
        self._on = tx.collection(SCHEDULES)

    async def find(self, pairing_id: str) -> Schedule | None:
        """Return a schedule, or None."""
        return await self._store.find(pairing_id)

    async def of_member(self, member_id: str, *, closed: bool = False) -> list[Schedule]:
        """Return a member's schedules, by id."""
        wanted: dict[str, Any] = {"ix.members": member_id} if closed else {"ix.members": member_id, "ix.closed": False}
        return await self._store.find_where(wanted, sort=[("_id", 1)], limit=SCHEDULES_OF_MEMBER_MAX)

    async def counts(self, programme_id: str | None) -> dict[str, int]:
        """Return how many schedules and sessions there are."""
        sums = {state.value: {"$sum": f"$ix.states.{state.value}"} for state in State}
        pipeline: list[Mapping[str, Any]] = [{"$group": {"_id": None, "pairings": {"$sum": 1}, **sums}}]
        if programme_id is not None:
            pipeline.insert(0, {"$match": {"ix.programme_id": programme_id}})
        found = await self._on.aggregate(pipeline)
        return {name: int(value) for name, value in found[0].items() if name != "_id"} if found else {}

    async def add(self, schedule: Schedule) -> None:
        """Store a new schedule and its facts."""
        await self._store.add(schedule)

    async def save(self, schedule: Schedule) -> None:
        """Store a changed schedule and its facts."""
        await self._store.save(schedule)


class MongoCards:
    """`Cards`: one document per member."""

    def __init__(self, tx: Transaction) -> None:
        """Bind to one transaction."""
        self._kept = kept_documents(tx, CARDS)

    async def find(self, member_id: str) -> Card | None:
        """Return a card, or None."""
        document = await self._kept.get(member_id)
        return None if document is None else _card(document)

    async def of(self, member_ids: Sequence[str]) -> list[Card]:
        """Return several members' cards; one that is missing is made, so that the real one, when it comes, is noticed."""
        found = {member_id: _card(each) for member_id, each in (await self._kept.get_many(member_ids)).items()}
        for member_id in member_ids:
            if member_id not in found:
                found[member_id] = Card(member_id=member_id, sequence=0)
                await self.put(found[member_id])
        return [found[member_id] for member_id in member_ids]

    async def put(self, card: Card) -> None:
        """Keep a card."""
        spans = [[span.weekday, span.start_minute, span.end_minute] for span in card.working_hours]
        document = {
            "_id": card.member_id,
            "sequence": card.sequence,
            "active": card.active,
            "timezone": card.timezone,
            "working_hours": spans,
            "away_until": card.away_until,
        }
        self._kept.put(document)

    async def forget(self, member_id: str) -> None:
        """Delete a card."""
        await self._kept.remove(member_id)


def _card(document: Document) -> Card:
    spans = tuple(Span(weekday=day, start_minute=begin, end_minute=end) for day, begin, end in document["working_hours"])
    known = {name: document[name] for name in ("sequence", "active", "timezone", "away_until")}
    return Card(member_id=document["_id"], working_hours=spans, **known)


class MongoDiaries:
    """C: one document per member and quarter hour. The id makes it impossible that two sessions have the same one."""

    def __init__(self, tx: Transaction) -> None:
        """Bind to one transaction."""
        self._on = tx.collection(DIARIES)

    async def taken(self, pairing_id: str, member_ids: Sequence[str], first: int, last: int) -> list[int]:
        """Return what other pairings took of all members, each quarter hour once, in order."""
        found: dict[int, None] = {}
        for member_id in member_ids:
            window = {"member_id": member_id, "quarter": {"$gte": first, "$lt": last}}
            entries = await self._on.find(window, projection={"quarter": 1, "pairing_id": 1})
            found.update(dict.fromkeys(each["quarter"] for each in entries if each["pairing_id"] != pairing_id))
        return sorted(found)

    async def take(self, pairing_id: str, member_ids: Sequence[str], sessions: Mapping[str, range]) -> None:
        """Reserve; when somebody was faster the whole work runs again and sees what is taken (N2)."""
        entries: list[Document] = [
            {
                "_id": f"{member_id}:{quarter}",
                "member_id": member_id,
                "quarter": quarter,
                "pairing_id": pairing_id,
                "session_id": session_id,
            }
            for session_id, quarters in sessions.items()
            for member_id in member_ids
            for quarter in quarters
        ]
        try:
            await self._on.insert_many(entries)
        except DuplicateKey:  # the transaction is lost; nothing may follow in it but its next run
            raise StaleVersion(DIARIES, pairing_id) from None

    async def release(self, session_ids: Sequence[str]) -> None:
        """Free the sessions' quarter hours."""
        await self._on.delete_many({"session_id": {"$in": list(session_ids)}})

    async def forget_before(self, pairing_id: str, quarter: int) -> None:
        """Delete a pairing's past entries."""
        await self._on.delete_many({"pairing_id": pairing_id, "quarter": {"$gte": 0, "$lt": quarter}})
