"""Durable timers: business time says when, one transaction each, whatever happens in between."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from shared.kernel.cause import Cause
from shared.kernel.clock import Clock, ScaledClock
from shared.kernel.errors import NotYet
from shared.kernel.randomness import seeded
from shared.kernel.tasks import Tasks
from shared.persistence.database import Database, Transaction
from shared.persistence.doorbell import Doorbell
from shared.timers.runner import ATTEMPTS_MAX, SWEEP_SECONDS, TOGETHER_MAX, TimerRunner
from shared.timers.timers import Due, Timers
from tests.support.memory.database import memory_database
from tests.unit.messaging.conftest import HandClock

CAUSE = Cause(correlation_id="c-1")


async def _set(name: str, at: datetime, timers: Timers) -> None:
    await timers.set(name, at, "expire", {})


class Bench:
    """A database, a clock in the hand, and a runner whose handler notes what fires."""

    def __init__(
        self,
        wall: HandClock,
        clock: Clock | None = None,
        database: Database | None = None,
        name: str = "one",
        *,
        together: Sequence[str] = (),
    ) -> None:
        """Build the parts."""
        self.wall = wall
        self.clock = clock or wall
        self.database = database or memory_database(wall=wall)
        self.fired: list[Due] = []
        self.faults: list[Exception] = []
        self.bell = Doorbell()
        self.runner: TimerRunner[Transaction] = TimerRunner(
            database=self.database,
            bind=lambda tx, _: tx,
            handlers={"expire": self._expire},
            clock=self.clock,
            randomness=seeded(name),
            doorbell=self.bell,
            tasks=Tasks(lambda *_: None),
            together=together,
        )
        self.cancels: dict[str, str] = {}
        self.bad: list[str] = []

    async def _expire(self, due: Due, tx: Transaction) -> None:
        if self.faults:
            raise self.faults.pop()
        if due.id in self.bad:
            raise KeyError(due.id)
        if due.id in self.cancels:
            await Timers(tx, self.bell).cancel(self.cancels[due.id])
        await tx.collection("effects").insert_one({"_id": due.id})
        tx.after_commit(lambda: self.fired.append(due))

    async def change(self, work: Callable[[Timers], Any]) -> None:
        """Set or cancel in a transaction of its own."""
        await self.database.transact("change", lambda tx: work(Timers(tx, self.bell, CAUSE)))

    async def look(self) -> list[str]:
        """Run what is due; return the ids that have fired so far."""
        await self.runner._lease.try_take()
        await self.runner.run_due()
        return [due.id for due in self.fired]


@pytest.fixture
def wall() -> HandClock:
    """Return technical time in the test's hand."""
    return HandClock()


class TestFiring:
    """A timer fires once, when business time reaches it."""

    async def test_fires_when_due_and_not_before(self, wall: HandClock) -> None:
        """R49: due work happens at its time, with its data and its cause."""
        bench = Bench(wall)
        due_at = wall.now() + timedelta(days=7)
        await bench.change(lambda timers: timers.set("t1", due_at, "expire", {"pairing_id": "p1"}))
        wall.advance(7 * 86_400 - 1)
        assert await bench.look() == []
        wall.advance(1)
        assert await bench.look() == ["t1"]
        assert await bench.look() == ["t1"]
        (due,) = bench.fired
        assert (due.kind, due.data, due.due_at, due.cause) == ("expire", {"pairing_id": "p1"}, due_at, CAUSE)

    async def test_its_time_has_come_though_the_clock_is_set_back(self, wall: HandClock) -> None:
        """R49: what the handler compares is the present, never an instant before the timer's own: else the timer is gone without effect."""
        bench = Bench(wall)
        due_at = wall.now()
        await bench.change(lambda timers: timers.set("t1", due_at, "expire", {}))
        await bench.look()
        (due,) = bench.fired
        wall.advance(-3600)
        assert due.reached(wall) == due_at
        wall.advance(7200)
        assert due.reached(wall) == due_at + timedelta(hours=1)

    async def test_in_order_of_their_times(self, wall: HandClock) -> None:
        """R49: the earlier first."""
        bench = Bench(wall)
        for number in (3, 1, 2):
            at = wall.now() + timedelta(minutes=number)
            await bench.change(partial(_set, f"t{number}", at))
        wall.advance(600)
        assert await bench.look() == ["t1", "t2", "t3"]

    async def test_setting_again_replaces_and_cancelling_removes(self, wall: HandClock) -> None:
        """R7: a moved session moves its reminder; a cancelled one has none."""
        bench = Bench(wall)
        soon, later = wall.now() + timedelta(hours=1), wall.now() + timedelta(hours=5)
        await bench.change(lambda timers: timers.set("moved", soon, "expire", {}))
        await bench.change(lambda timers: timers.set("moved", later, "expire", {}))
        await bench.change(lambda timers: timers.set("gone", soon, "expire", {}))
        await bench.change(lambda timers: timers.cancel("gone"))
        await bench.change(lambda timers: timers.cancel("never-was"))
        wall.advance(2 * 3600)
        assert await bench.look() == []
        wall.advance(4 * 3600)
        assert await bench.look() == ["moved"]

    async def test_survives_a_restart(self, wall: HandClock) -> None:
        """R49: a timer is a row; another process fires it."""
        bench = Bench(wall)
        await bench.change(lambda timers: timers.set("t1", wall.now() + timedelta(hours=1), "expire", {}))
        wall.advance(3 * 3600)
        reborn = Bench(wall, database=bench.database)
        assert await reborn.look() == ["t1"]

    async def test_lost_with_its_transaction(self, wall: HandClock) -> None:
        """N2: a timer exists when its transaction commits, and only then."""
        bench = Bench(wall)

        async def work(tx: Transaction) -> None:
            await Timers(tx, bench.bell).set("t1", wall.now(), "expire", {})
            raise NotYet("x")

        with pytest.raises(NotYet):
            await bench.database.transact("work", work)
        wall.advance(10)
        assert await bench.look() == []

    async def test_only_the_lease_holder_looks(self, wall: HandClock) -> None:
        """N2: one replica does the due work."""
        bench = Bench(wall)
        other = Bench(wall, database=bench.database, name="other")
        await bench.change(lambda timers: timers.set("t1", wall.now(), "expire", {}))
        assert await bench.look() == ["t1"]
        await bench.change(lambda timers: timers.set("t2", wall.now(), "expire", {}))
        assert await other.look() == []


class TestFailing:
    """A timer whose work fails."""

    async def test_is_tried_again_later(self, wall: HandClock) -> None:
        """N2: put off with a growing pause; nothing of the failed try stays."""
        bench = Bench(wall)
        await bench.change(lambda timers: timers.set("t1", wall.now(), "expire", {}))
        bench.faults = [KeyError("private"), KeyError("private")]
        assert await bench.look() == []
        assert await bench.look() == []
        wall.advance(5)
        assert await bench.look() == []
        wall.advance(5)
        assert await bench.look() == ["t1"]
        (due,) = bench.fired
        assert due.due_at == datetime(2027, 3, 28, 12, 0, tzinfo=UTC)

    async def test_does_not_hold_up_the_others(self, wall: HandClock) -> None:
        """N2: one bad timer, many good ones."""
        bench = Bench(wall)
        for name in ("t1", "t2"):
            await bench.change(partial(_set, name, wall.now()))
        bench.faults = [KeyError("private")]
        assert await bench.look() == ["t2"]

    async def test_is_stuck_after_ten_tries(self, wall: HandClock) -> None:
        """N2: every retry has a limit; an operator sees it."""
        bench = Bench(wall)
        await bench.change(lambda timers: timers.set("t1", wall.now(), "expire", {}))
        bench.faults = [KeyError() for _ in range(50)]
        for _ in range(ATTEMPTS_MAX + 5):
            await bench.look()
            wall.advance(301)
        assert len(bench.faults) == 50 - ATTEMPTS_MAX
        (row,) = await bench.database.collection("timers").find({})
        assert row["state"] == "stuck"


class TestFastTime:
    """Business time that runs fast."""

    async def test_due_times_are_business_time_and_pauses_are_not(self, wall: HandClock) -> None:
        """N3: a week passes in ten seconds; the retry after a failure takes half a second all the same."""
        clock = ScaledClock(start=wall.now(), epoch=wall.now(), rate=60_480.0, wall=wall)
        bench = Bench(wall, clock)
        await bench.change(lambda timers: timers.set("t1", clock.now() + timedelta(days=7), "expire", {}))
        wall.advance(9.9)
        assert await bench.look() == []
        bench.faults = [KeyError()]
        wall.advance(0.2)
        assert await bench.look() == []
        assert await bench.look() == []
        wall.advance(1.1)
        assert await bench.look() == ["t1"]

    async def test_business_time_that_stands_still_is_not_asked_all_the_time(self, wall: HandClock) -> None:
        """N3: before its epoch and after its end no timer comes nearer; a look each second is enough."""
        clock = ScaledClock(start=wall.now(), epoch=wall.now(), rate=86_400.0, wall=wall, until=wall.now() + timedelta(days=1))
        bench = Bench(wall, clock)
        due_at = clock.now() + timedelta(days=1, minutes=10)
        await bench.change(lambda timers: timers.set("t1", due_at, "expire", {}))
        wall.advance(5)
        assert await bench.look() == []
        bench.runner._looked = (clock.now(), asyncio.get_running_loop().time() - 1)
        assert await bench.runner.run_due() == SWEEP_SECONDS


class TestTogether:
    """Timers of a kind that share transactions."""

    @staticmethod
    async def due(wall: HandClock, count: int) -> tuple[Bench, list[str]]:
        """Return a bench with so many due timers, and the labels of all transactions from now on."""
        bench = Bench(wall, together=["expire"])
        for number in range(count):
            await bench.change(partial(_set, f"t{number:03}", wall.now() + timedelta(seconds=number)))
        wall.advance(count)
        labels: list[str] = []
        transact = bench.database.transact

        async def noted(label: str, work: Any, **options: Any) -> Any:
            labels.append(label)
            return await transact(label, work, **options)

        bench.database.transact = noted  # type: ignore[method-assign]
        return bench, labels

    async def test_those_that_are_due_share_one(self, wall: HandClock) -> None:
        """N2: each fires once, in order, with its own cause; one that is not due yet is left alone."""
        bench, labels = await self.due(wall, 5)
        later = wall.now() + timedelta(seconds=1)
        await bench.change(lambda timers: timers.set("later", later, "expire", {}))
        assert await bench.look() == [f"t{number:03}" for number in range(5)]
        assert [label for label in labels if label.startswith("timer")] == ["timers.expire"]
        assert {due.cause for due in bench.fired} == {CAUSE}

    async def test_not_too_many_at_once(self, wall: HandClock) -> None:
        """N2: a transaction stays short."""
        bench, labels = await self.due(wall, TOGETHER_MAX + 2)
        assert len(await bench.look()) == TOGETHER_MAX + 2
        assert labels.count("timers.expire") == 2

    async def test_one_that_fails_is_put_off_and_the_others_fire(self, wall: HandClock) -> None:
        """N2: nothing of the common transaction stays, then each is run alone."""
        bench, labels = await self.due(wall, 3)
        bench.bad = ["t001"]
        assert await bench.look() == ["t000", "t002"]
        assert labels.count("timer.expire") == 3
        (row,) = await bench.database.collection("timers").find({})
        assert (row["_id"], row["attempts"]) == ("t001", 1)

    async def test_one_that_cancels_another_of_them_is_heard(self, wall: HandClock) -> None:
        """N2: as if each had run alone, one after the other."""
        bench, _ = await self.due(wall, 3)
        bench.cancels = {"t000": "t001"}
        assert await bench.look() == ["t000", "t002"]
        assert await bench.database.collection("timers").find({}) == []
