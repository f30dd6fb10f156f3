"""Holds what was built beside against what lives, key by key, and puts it in its place: under traffic, without a pause.

A difference counts only when both sides stand on the same facts. So the living documents of a window are read first, then everything
that is on the topics by then is built, and a key is judged in one transaction that finds its living documents unchanged since (nothing
newer than what was built took effect) and the last fact that was built in the inbox (nothing was built that has not taken effect).
Otherwise it is busy and judged again later. A batch of the consumer that writes the same documents at that moment conflicts with it.
"""

from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Any

from shared.contracts.topics import Topic
from shared.messaging import burial, inbox
from shared.messaging.lanes import PARKED
from shared.persistence.database import Database, Document, Filter, Transaction
from shared.replay.rebuilding import PREFIX, READ
from shared.replay.replica import Replica, value_at

CHUNK = 100
Documents = dict[str, dict[str, Document]]
"""By key and id."""


class Verdict(StrEnum):
    """What was found of the documents of one key."""

    EQUAL = "equal"
    """As the facts say."""
    REPAIRED = "repaired"
    """They differed and are as the facts say now."""
    DIFFERENT = "different"
    """They differ; only looked at."""
    BUSY = "busy"
    """They changed while they were looked at."""
    HELD = "held"
    """An event of the key was set aside, redriven or discarded meanwhile: look again."""
    PARTIAL = "partial"
    """The topics no longer hold its first fact: left as they are."""
    FAILED = "failed"
    """A record of the key cannot be handled: left as they are."""
    STRAY = "stray"
    """No topic knows the key: left as they are."""
    MISSING = "missing"
    """The service's own part of the document is lost; no fact brings it back."""


WRONG = (Verdict.DIFFERENT, Verdict.MISSING)
"""What a verification complains of."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One service's database under one request."""

    database: Database
    service: str
    repair: bool
    whole: bool
    """Everything was read from the beginning, so that what no topic knows is a stray."""
    inbox_begins: datetime
    """What is older left no trace in the inbox."""

    async def living(self, replica: Replica, keys: Sequence[str]) -> Documents:
        """Return the living documents of these keys."""
        return await self._documents(replica, replica.collection, keys)

    async def differing(self, replica: Replica, keys: Sequence[str], before: Documents) -> tuple[list[str], int]:
        """Return the keys that do not look the same, and how many do; keys of which neither side says anything are left out."""
        built = await self._documents(replica, PREFIX + replica.collection, keys)
        told = sorted(before.keys() | built.keys())
        differ = [key for key in told if not replica.same(before.get(key, {}), built.get(key, {}))]
        return differ, len(told) - len(differ)

    async def keys_read(self, replica: Replica, window: tuple[str, str]) -> list[str]:
        """Return the keys of a window of which facts were read."""
        low, high = window
        rows = await self.database.collection(READ).find({"key": {"$gte": low, "$lt": high}}, projection={"key": 1, "topic": 1})
        return list(dict.fromkeys(row["key"] for row in rows if row["topic"] in names_of(replica.topics)))

    async def keys_unread(self, replica: Replica, window: tuple[str, str]) -> list[str]:
        """Return the keys of a window that live and of which no fact was read."""
        low, high = window
        on = self.database.collection(replica.collection)
        found = await on.find({replica.key: {"$gte": low, "$lt": high}}, projection={replica.key: 1})
        keys = list(dict.fromkeys(str(value_at(document, replica.key)) for document in found))
        unread: list[str] = []
        for begin in range(0, len(keys), CHUNK):
            chunk = keys[begin : begin + CHUNK]
            rows = await self.database.collection(READ).find({"key": {"$in": chunk}}, projection={"key": 1, "topic": 1})
            read = dict.fromkeys(row["key"] for row in rows if row["topic"] in names_of(replica.topics))
            unread += [key for key in chunk if key not in read]
        return unread

    async def _documents(self, replica: Replica, collection: str, keys: Sequence[str]) -> Documents:
        found: list[Document] = []
        for begin in range(0, len(keys), CHUNK):
            wanted = {replica.key: {"$in": list(keys[begin : begin + CHUNK])}}
            found += await self.database.collection(collection).find(wanted)
        return replica.by_key(found)

    async def judge(self, replica: Replica, keys: Sequence[str], before: Documents) -> dict[str, Verdict]:
        """Judge keys that did not look the same, in one transaction, and repair when asked to."""
        return await self.database.transact("replay.judge", lambda tx: self._judge(tx, replica, keys, before))

    async def _judge(self, tx: Transaction, replica: Replica, keys: Sequence[str], before: Documents) -> dict[str, Verdict]:
        evidence = await _evidence(tx, self.service, replica, keys)
        verdicts: dict[str, Verdict] = {}
        for key in keys:
            live = evidence.live.get(key, {})
            verdicts[key] = self._verdict(replica, evidence, key, unchanged=replica.same(live, before.get(key, {})))
        await self._replace(tx, replica, evidence, verdicts)
        return verdicts

    def _verdict(self, replica: Replica, evidence: "_Evidence", key: str, *, unchanged: bool) -> Verdict:
        """Return what is known of one key; the first reason not to touch it counts."""
        rows = evidence.rows.get(key, [])
        history = all(row["whole"] for row in rows) and replica.facts <= {row["topic"] for row in rows}
        reasons = {
            Verdict.EQUAL: replica.same(evidence.live.get(key, {}), evidence.built.get(key, {})),
            Verdict.HELD: any(sorted(row["skipped"]) != evidence.aside.get(row["_id"], []) for row in rows),
            Verdict.FAILED: any(row["code"] is not None for row in rows),
            Verdict.BUSY: not unchanged or any(self._is_ahead(row, evidence.taken) for row in rows),
            Verdict.STRAY: not rows and not (replica.is_listed and self.whole),
            Verdict.PARTIAL: bool(rows) and not history,
        }
        wrong = Verdict.REPAIRED if self.repair else Verdict.DIFFERENT
        return next((verdict for verdict, holds in reasons.items() if holds), wrong)

    def _is_ahead(self, row: Document, taken: Mapping[str, None]) -> bool:
        return row["last"] is not None and row["last"] not in taken and row["last_at"] >= self.inbox_begins

    async def _replace(self, tx: Transaction, replica: Replica, evidence: "_Evidence", verdicts: dict[str, Verdict]) -> None:
        """Put what was built in the place of what lives, by two calls for all keys."""
        put: list[tuple[Filter, Document]] = []
        gone: list[Any] = []
        for key in [key for key, verdict in verdicts.items() if verdict is Verdict.REPAIRED]:
            live, built = evidence.live.get(key, {}), evidence.built.get(key, {})
            gone += sorted(live.keys() - built.keys())
            for name in sorted(built):
                document = replica.merged(live.get(name), built[name])
                if document is None:
                    verdicts[key] = Verdict.MISSING
                else:
                    put.append(({"_id": name}, document))
        on = tx.collection(replica.collection)
        await on.replace_many(put, upsert=True)
        if gone:
            await on.delete_many({"_id": {"$in": gone}})


@dataclass(frozen=True, kw_only=True)
class _Evidence:
    """All that a verdict needs, as one transaction sees it."""

    live: Documents
    built: Documents
    rows: dict[str, list[Document]]
    aside: Mapping[str, list[str]]
    """What waits or is dead, by lane."""
    taken: Mapping[str, None]


async def _evidence(tx: Transaction, service: str, replica: Replica, keys: Sequence[str]) -> _Evidence:
    wanted = {replica.key: {"$in": list(keys)}}
    live = replica.by_key(await tx.collection(replica.collection).find(wanted))
    built = replica.by_key(await tx.collection(PREFIX + replica.collection).find(wanted))
    found = await tx.collection(READ).find({"key": {"$in": list(keys)}})
    rows: dict[str, list[Document]] = {}
    for row in found:
        if row["topic"] in names_of(replica.topics):
            rows.setdefault(row["key"], []).append(row)
    lanes = [f"{topic.name}/{key}" for topic in replica.topics for key in keys]
    aside: dict[str, list[str]] = {}
    for name, where in ((burial.COLLECTION, {"state": burial.OPEN}), (PARKED, {})):
        for row in await tx.collection(name).find({**where, "lane": {"$in": lanes}}, projection={"lane": 1}):
            insort(aside.setdefault(row["lane"], []), row["_id"])
    marks = [f"{service}:{row['last']}" for each in rows.values() for row in each if row["last"] is not None]
    taken = await tx.collection(inbox.COLLECTION).find({"_id": {"$in": marks}}, projection={"_id": 1})
    return _Evidence(
        live=live,
        built=built,
        rows=rows,
        aside=aside,
        taken=dict.fromkeys(row["_id"].removeprefix(f"{service}:") for row in taken),
    )


def names_of(topics: Iterable[Topic]) -> frozenset[str]:
    """Return the topics' names."""
    return frozenset(topic.name for topic in topics)


def windows(count: int, size: int) -> list[tuple[str, str]]:
    """Return ranges of keys with at most about `size` of `count` each: ids are random hexadecimal, others are at the edges."""
    digits = 0
    while count > size * 16**digits:
        digits += 1
    edges = ["", *(f"{number:0{digits}x}" for number in range(1, 16**digits)), "g", "\U0010ffff"] if digits else ["", "\U0010ffff"]
    return list(pairwise(edges))
