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

from shared.contracts.topics import Topic
from shared.messaging import burial, inbox
from shared.messaging.lanes import PARKED
from shared.persistence.database import Database, Document, Transaction
from shared.replay.rebuilding import PREFIX, READ
from shared.replay.replica import Replica

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

    async def living(self, replica: Replica, window: tuple[str, str]) -> Documents:
        """Return the living documents of a window of keys."""
        low, high = window
        found = await self.database.collection(replica.collection).find({replica.key: {"$gte": low, "$lt": high}})
        return replica.by_key(found)

    async def differing(self, replica: Replica, window: tuple[str, str], before: Documents) -> tuple[list[str], int]:
        """Return the keys of a window that do not look the same, and how many do."""
        low, high = window
        found = await self.database.collection(PREFIX + replica.collection).find({replica.key: {"$gte": low, "$lt": high}})
        built = replica.by_key(found)
        keys = sorted(before.keys() | built.keys())
        differ = [key for key in keys if not replica.same(before.get(key, {}), built.get(key, {}))]
        return differ, len(keys) - len(differ)

    async def judge(self, replica: Replica, keys: Sequence[str], before: Documents) -> dict[str, Verdict]:
        """Judge keys that did not look the same, in one transaction, and repair when asked to."""
        return await self.database.transact("replay.judge", lambda tx: self._judge(tx, replica, keys, before))

    async def _judge(self, tx: Transaction, replica: Replica, keys: Sequence[str], before: Documents) -> dict[str, Verdict]:
        evidence = await _evidence(tx, self.service, replica, keys)
        verdicts: dict[str, Verdict] = {}
        for key in keys:
            live, built = evidence.live.get(key, {}), evidence.built.get(key, {})
            verdict = self._verdict(replica, evidence, key, unchanged=replica.same(live, before.get(key, {})))
            verdicts[key] = await self._replaced(tx, replica, live, built) if verdict is Verdict.REPAIRED else verdict
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

    async def _replaced(self, tx: Transaction, replica: Replica, live: dict[str, Document], built: dict[str, Document]) -> Verdict:
        on, verdict = tx.collection(replica.collection), Verdict.REPAIRED
        for name in sorted(live.keys() | built.keys()):
            if name not in built:
                await on.delete_one({"_id": name})
            elif (document := replica.merged(live.get(name), built[name])) is None:
                verdict = Verdict.MISSING
            else:
                await on.replace_one({"_id": name}, document, upsert=True)
        return verdict


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
    """Return ranges of keys that hold about `size` of `count` each; ids are random hexadecimal, whatever else exists is at the edges."""
    end = "\U0010ffff"
    if count <= size:
        return [("", end)]
    edges = ["", *(f"{number:02x}" for number in range(1, 256)), "g", end]
    return list(pairwise(edges))
