"""The queue of pending deliveries: claimed by compare-and-set with a lease on technical time, in order within a lane.

`due_at` is both: when an attempt is due, and, while somebody works on it, when their lease ends. So a claim is one
conditional update, and a worker that died needs no sweeper. Consumers only insert rows; they never wait for a worker.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

from services.notification.adapters.records import DELIVERIES, Records, claim_of, due_of
from services.notification.domain.delivery import Delivery, State
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.persistence.database import Database

ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)
LATE_ROWS = timedelta(minutes=5)
"""A commit may become visible that long after its rows were made; the window begins so much before the oldest one seen."""
WAIT_FOR_OTHERS = timedelta(seconds=1)
PENDING = {"state": State.PENDING.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """What a worker holds until `until`: lanes, each in its order."""

    claim: str
    until: datetime
    lanes: Sequence[Sequence[Delivery]]


class DeliveryQueue:
    """Hands out pending deliveries. Any number of processes may take from it."""

    def __init__(self, database: Database, records: Records, *, wall: Clock, randomness: Randomness, lease: timedelta) -> None:
        """`lease`: how long a worker may hold a claim."""
        self._rows = database.collection(DELIVERIES)
        self._records, self._wall, self._randomness, self._lease = records, wall, randomness, lease
        self._low, self._span = ALWAYS, timedelta(days=36_500)

    async def claim(self, limit: int) -> Claimed | None:
        """Claim up to about `limit` due deliveries; None when nothing is due, no lanes when all of it is blocked."""
        now = self._wall.now()
        due = await self._due(now, limit)
        if not due:
            return None
        lanes = sorted({row["lane"] for row in due})
        pending = await self._rows.find(PENDING | {"lane": {"$in": lanes}}, sort=[("lane", 1), ("at", 1)])
        takeable: list[list[str]] = []
        for _, rows in groupby(pending, key=lambda row: str(row["lane"])):
            ready, blocked, until = _head_first(rows, now)
            if ready:
                takeable.append(ready)
            elif blocked:
                await self._rows.update_many(PENDING | {"_id": {"$in": blocked}, "due_at": {"$lte": now}}, {"$set": {"due_at": until}})
        return await self._take(_first(takeable, limit), {row["_id"]: row for row in pending}, now)

    async def _due(self, now: datetime, limit: int) -> list[dict[str, Any]]:
        """Read a two-sided window that holds about `limit` rows: a backlog then costs its length, not its square."""
        low, span = self._low, self._span
        while True:
            high = min(now, low + span) if span < now - low else now
            rows = await self._rows.find(
                PENDING | {"due_at": {"$gte": low, "$lte": high}}, sort=[("due_at", 1)], limit=limit, projection={"lane": 1, "due_at": 1}
            )
            if len(rows) >= limit:
                oldest, newest = due_of(rows[0]), due_of(rows[-1])
                self._low, self._span = oldest - LATE_ROWS, LATE_ROWS + max(timedelta(milliseconds=2), 2 * (newest - oldest))
                return rows
            if high >= now:
                self._low, self._span = ALWAYS, timedelta(days=36_500)
                return rows
            if rows:
                self._low, self._span = low, 2 * span
                return rows
            low, span = high, 4 * span

    async def _take(self, lanes: Sequence[Sequence[str]], rows: dict[str, dict[str, Any]], now: datetime) -> Claimed:
        wanted = [each for lane in lanes for each in lane]
        if not wanted:
            return Claimed(claim="", until=now, lanes=())
        claim, until = new_id(self._randomness), now + self._lease
        won = await self._rows.update_many(
            PENDING | {"_id": {"$in": wanted}, "due_at": {"$lte": now}}, {"$set": {"due_at": until, "claim": claim}}
        )
        held_rows = [rows[each] for each in wanted] if won == len(wanted) else await self._rows.find(PENDING | {"claim": claim})
        mine = {each["_id"]: self._records.delivery(each) for each in held_rows}
        held = [_unbroken(lane, mine) for lane in lanes]
        kept = [each for lane in held for each in lane]
        await self.release([each for each in mine if each not in kept], claim, now + WAIT_FOR_OTHERS)
        return Claimed(claim=claim, until=until, lanes=[[mine[each] for each in lane] for lane in held if lane])

    async def release(self, delivery_ids: Sequence[str], claim: str, due_at: datetime) -> None:
        """Give back what was not attempted."""
        if delivery_ids:
            await self._rows.update_many({"_id": {"$in": list(delivery_ids)}, "claim": claim}, {"$set": {"due_at": due_at, "claim": None}})

    async def pending(self) -> int:
        """Count what waits (for status only)."""
        return await self._rows.count(PENDING)


def _head_first(rows: Iterable[dict[str, Any]], now: datetime) -> tuple[list[str], list[str], datetime]:
    """Return a lane's due rows up to the first that is not, the due ones behind it, and when to look at those again."""
    ordered = sorted(rows, key=lambda row: (row["at"], row["_id"]))
    ready: list[str] = []
    for place, row in enumerate(ordered):
        if due_of(row) > now:
            behind = [str(each["_id"]) for each in ordered[place + 1 :] if due_of(each) <= now]
            return ready, behind, now + WAIT_FOR_OTHERS if claim_of(row) else due_of(row)
        ready.append(str(row["_id"]))
    return ready, [], now


def _first(lanes: Sequence[list[str]], limit: int) -> list[list[str]]:
    """Return lanes until `limit` deliveries are reached; a lane is never torn in its middle, only cut at its end."""
    taken, room = [], limit
    for lane in lanes:
        if room <= 0:
            break
        taken.append(lane[:room])
        room -= len(lane)
    return taken


def _unbroken(lane: Sequence[str], mine: dict[str, Delivery]) -> list[str]:
    """Return the beginning of a lane that is really ours; what lies behind somebody else's must wait."""
    kept: list[str] = []
    for each in lane:
        if each not in mine:
            break
        kept.append(each)
    return kept
