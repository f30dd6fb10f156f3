"""The queue of pending deliveries: in order within a lane, never twice, cheap however long it is."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notification.adapters.queue import DeliveryQueue
from services.notification.adapters.records import DELIVERIES, Records
from services.notification.domain.delivery import Delivery, deliveries_of
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import Matter, News
from shared.kernel.randomness import seeded
from shared.persistence.database import Collection, Database
from tests.component.notification.office import HandClock
from tests.support.memory.database import memory_database

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
RECORDS = Records()


def made(number: int, *, pairing: str = "p", due: timedelta = timedelta(0)) -> Delivery:
    """Return the delivery of event `number`; `due` from now."""
    news = News(
        kind=Kind.FORMED,
        cause_id=f"e{number}",
        correlation_id="c",
        at=NOW + timedelta(milliseconds=number),
        matter=Matter(members=("ada",), pairing_id=pairing),
    )
    (delivery,) = deliveries_of(news, ("ada",), NOW)
    return replace(delivery, due_at=NOW + due)


class Reader:
    """Counts what the queue reads."""

    def __init__(self, rows: Collection) -> None:
        """Stand before the real collection."""
        self._rows = rows
        self.matched = 0

    def __getattr__(self, name: str) -> Any:
        """Pass everything else on."""
        return getattr(self._rows, name)

    async def find(self, filter_: Mapping[str, Any], **options: Any) -> list[dict[str, Any]]:
        """Count what a server would have to look at: all that matches, whatever the limit."""
        self.matched += await self._rows.count(filter_)
        return await self._rows.find(filter_, **options)


class Bench:
    """A queue over a database in memory."""

    def __init__(self) -> None:
        """Begin empty."""
        self.wall = HandClock(NOW)
        self.database: Database = memory_database(wall=self.wall)
        self.queue = self.another()

    def another(self, seed: str = "one") -> DeliveryQueue:
        """Return one more worker's queue."""
        return DeliveryQueue(self.database, RECORDS, wall=self.wall, randomness=seeded(seed), lease=timedelta(seconds=90))

    async def put(self, *deliveries: Delivery) -> None:
        """Store deliveries as a consumer does."""
        await self.database.collection(DELIVERIES).insert_many([RECORDS.document(each) for each in deliveries])

    async def taken(self, queue: DeliveryQueue | None = None, limit: int = 10) -> list[list[str]]:
        """Claim, and return the causes by lane."""
        claimed = await (queue or self.queue).claim(limit)
        return [] if claimed is None else [[each.cause_id for each in lane] for lane in claimed.lanes]


@pytest.fixture
def bench() -> Bench:
    """Return an empty queue."""
    return Bench()


class TestOrder:
    """One lane is one member's messages about one pairing."""

    async def test_a_lane_is_handed_out_whole_and_in_order(self, bench: Bench) -> None:
        """By business time, whatever the order of rows."""
        await bench.put(made(3), made(1), made(2), made(9, pairing="q"))
        assert await bench.taken() == [["e1", "e2", "e3"], ["e9"]]

    async def test_what_stands_behind_a_deferred_one_waits_for_it(self, bench: Bench) -> None:
        """And is not read again and again meanwhile."""
        await bench.put(made(1, due=timedelta(minutes=5)), made(2))
        assert await bench.taken() == []
        row = await bench.database.collection(DELIVERIES).find_one({"_id": made(2).id})
        assert row is not None
        assert row["due_at"] == NOW + timedelta(minutes=5)
        bench.wall.moment += timedelta(minutes=5)
        assert await bench.taken() == [["e1", "e2"]]

    async def test_what_stands_behind_somebody_elses_waits(self, bench: Bench) -> None:
        """A lane is never worked on by two."""
        await bench.put(made(1))
        assert await bench.taken(bench.another("two")) == [["e1"]]
        await bench.put(made(2))
        assert await bench.taken() == []

    async def test_a_full_hand_cuts_a_lane_at_its_end_only(self, bench: Bench) -> None:
        """The rest keeps its place."""
        await bench.put(*[made(number) for number in range(5)])
        assert await bench.taken(limit=3) == [["e0", "e1", "e2"]]
        assert await bench.taken(limit=3) == []
        bench.wall.moment += timedelta(seconds=91)
        assert (await bench.taken(limit=9)) == [["e0", "e1", "e2", "e3", "e4"]]


class TestBacklog:
    """Embedded servers, rule 6: a backlog costs its length, not its square."""

    async def test_all_of_it_once_and_each_read_a_few_times(self, bench: Bench) -> None:
        """Six hundred lanes, due one after the other, taken twenty at a time."""
        count = 600
        await bench.put(*[made(n, pairing=f"p{n}", due=-timedelta(milliseconds=7 * (count - n))) for n in range(count)])
        reader = Reader(bench.database.collection(DELIVERIES))
        bench.queue._rows = reader
        seen: list[str] = []
        while lanes := await bench.taken(limit=20):
            seen += [each for lane in lanes for each in lane]
        assert len(seen) == len(set(seen)) == count
        assert reader.matched < 20 * count

    async def test_a_row_that_became_visible_late_is_found(self, bench: Bench) -> None:
        """Its due time may lie before what was taken already."""
        await bench.put(*[made(n, pairing=f"p{n}", due=timedelta(milliseconds=n)) for n in range(60)])
        bench.wall.moment += timedelta(seconds=1)
        assert len(await bench.taken(limit=20)) == 20
        await bench.put(made(99, pairing="late", due=-timedelta(seconds=30)))
        seen: list[str] = []
        while lanes := await bench.taken(limit=20):
            seen += [each for lane in lanes for each in lane]
        assert "e99" in seen
        assert len(seen) == 41
