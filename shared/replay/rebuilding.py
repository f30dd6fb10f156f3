"""Builds replicas anew beside the living ones: the service's own handlers, in collections that nobody else reads.

Outbox rows, timers and deliveries that the handlers write land beside, too: no relay, no timer and no dispatcher ever sees them.
So nothing is told and nobody is written to twice, whatever a handler does.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from shared.contracts.envelope import BadEnvelope, Envelope
from shared.contracts.topics import BY_NAME, Kind
from shared.messaging import burial
from shared.messaging.consuming import Consumer
from shared.messaging.decoding import Message
from shared.messaging.inbox import Inbox
from shared.messaging.lanes import PARKED
from shared.persistence.database import Document, Transaction
from shared.persistence.indexes import Index

PREFIX = "replay_"
READ = f"{PREFIX}read"
INDEXES = (Index(collection=READ, keys=(("key", 1),)),)
"""One row per key and topic: what took effect last, whether all from the first fact on was read, what was set aside."""
KEPT = timedelta(days=3_650)
FIRST = 1
DISCARDED, REDRIVEN = "discarded", "redriven"


class Rebuild:
    """One service's handlers over the collections beside."""

    def __init__(self, consumer: Consumer[Any]) -> None:
        """Use the routes of the living consumer."""
        self._consumer = consumer

    async def apply(self, tx: Transaction, messages: Sequence[Message]) -> None:
        """Handle records beside, as far as they took effect: not what was set aside or given up, nor what comes after it of its key."""
        twin = tx.beside(PREFIX)
        rows = await self._rows(tx, messages)
        items = [item for message in messages if (item := self._consumer.decode(message)) is not None]
        twin.foreseen = tuple(dict.fromkeys(item.key for item in items))
        new = dict.fromkeys(await Inbox(twin, self._consumer.service, KEPT).mark(item.event_id for item in items))
        aside = await _set_aside(tx, new)
        for item in items:
            row = rows[item.lane]
            if item.event_id not in new or aside.get(item.event_id) == DISCARDED:
                continue
            del new[item.event_id]
            if item.event_id in aside or row["skipped"]:
                row["skipped"].append(item.event_id)
            elif row["code"] is None:
                await self._consumer.applier.execute(twin, item)
                row.update({"last": item.event_id, "last_at": item.message.timestamp})
        await tx.collection(READ).replace_many([({"_id": each}, row) for each, row in rows.items()], upsert=True)

    async def give_up(self, tx: Transaction, message: Message, code: str) -> None:
        """Note that a record cannot be handled beside: its key is left as it is."""
        rows = await self._rows(tx, [message])
        item = self._consumer.decode(message)
        for row in rows.values():
            row.update({"code": code} | ({} if item is None else {"last": item.event_id, "last_at": message.timestamp}))
        await tx.collection(READ).replace_many([({"_id": each}, row) for each, row in rows.items()], upsert=True)

    async def _rows(self, tx: Transaction, messages: Sequence[Message]) -> dict[str, Document]:
        """Return the row of each key that these records are about, new ones included."""
        firsts: dict[str, Message] = {}
        for message in messages:
            firsts.setdefault(lane_of(message), message)
        known = {row["_id"]: row for row in await tx.collection(READ).find({"_id": {"$in": list(firsts)}})}
        return {lane: known.get(lane) or _row(lane, message) for lane, message in firsts.items()}


def lane_of(message: Message) -> str:
    """Return the lane of a record, as the consumer names it."""
    key = message.key_text or _subject(message) or f"{message.topic}/{message.partition}/{message.offset}"
    return f"{message.topic}/{key}"


def _row(lane: str, message: Message) -> Document:
    state = BY_NAME[message.topic].kind is Kind.STATE
    return {
        "_id": lane,
        "topic": message.topic,
        "key": lane.removeprefix(f"{message.topic}/"),
        "whole": state or _sequence(message) == FIRST,
        "last": None,
        "last_at": message.timestamp,
        "skipped": [],
        "code": None,
    }


def _sequence(message: Message) -> int | None:
    try:
        return Envelope.read(message.headers).sequence
    except BadEnvelope:
        return None


def _subject(message: Message) -> str | None:
    try:
        return Envelope.read(message.headers).subject
    except BadEnvelope:
        return None


async def _set_aside(tx: Transaction, event_ids: Iterable[str]) -> Mapping[str, str]:
    """Return those that took no effect: parked or dead, or given up by an operator for good."""
    wanted = {"_id": {"$in": list(event_ids)}}
    letters = await tx.collection(burial.COLLECTION).find(wanted, projection={"state": 1})
    parked = await tx.collection(PARKED).find(wanted, projection={"_id": 1})
    return {row["_id"]: row["state"] for row in letters if row["state"] != REDRIVEN} | {row["_id"]: PARKED for row in parked}


def indexes_beside(indexes: Sequence[Index]) -> list[Index]:
    """Return the same indexes for the collections beside."""
    named = [
        Index(collection=PREFIX + each.collection, keys=each.keys, unique=each.unique, partial=each.partial, expire_after=each.expire_after)
        for each in indexes
    ]
    return [*named, *INDEXES]
