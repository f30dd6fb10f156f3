"""Issue 5: heartbeats, HTTP and consumers stay alive while a heavy round is solved, because another process solves it (N4).

`TANDEM_HEAVY_PEOPLE=100000 pytest -s tests/component/matching/test_heavy_round.py` is the long form; it prints its figures.
"""

import asyncio
import os
import sys
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.matching.adapters.shapes import Shapes
from services.matching.adapters.snapshots import PackedSlice
from services.matching.application.solver import Piece, RoundSolver, SolveOrder
from services.matching.domain.card import Card, Offer, Want
from services.matching.domain.draft import Draft
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import FrozenMember, Report
from services.matching.engine import Person
from tests.component.matching.house import ADA, MONDAY, House, card
from tests.support.population import company

PEOPLE, SLICE = int(os.environ.get("TANDEM_HEAVY_PEOPLE", "3000")), 1_000
HEARTBEAT_SECONDS = 0.05
STAGES = {"candidates", "optimum", "explain"}
"""Of those that a worker tells."""


def frozen(one: Person) -> FrozenMember:
    """Return a made-up person as a round freezes them."""
    return FrozenMember(
        card=Card(
            member_id=one.id,
            offers=tuple(Offer(code=code, strength=strength) for code, strength in one.offers.items()),
            wants=tuple(Want(code=code, priority=priority) for code, priority in one.wants.items()),
            goals=one.goals,
            challenges=one.challenges,
            journey=one.experience,
            years=one.years,
            job_family=one.job_family,
            department=one.department,
            manager_chain=one.manager_chain,
        ),
        seats=1,
    )


def packed(people: int) -> list[PackedSlice]:
    """Return a pool as a round keeps it: slices of packed lines."""
    everybody, shape = [frozen(one) for one in company(people, seed=1)], Shapes().frozen
    lines = [shape.dump_json(everybody[start : start + SLICE]) for start in range(0, people, SLICE)]
    return [PackedSlice(zlib.compress(line), shape) for line in lines]


@dataclass(slots=True)
class Seen:
    """What was seen of a service beside a round; times in seconds."""

    took: float = 0.0
    pause: float = 0.0
    """The longest time between two heartbeats, the first of which is due when the work begins."""
    answers: list[float] = field(default_factory=list)
    facts: int = 0
    stages: list[str] = field(default_factory=list)
    worker: dict[str, float] = field(default_factory=dict)
    """CPU seconds and peak memory of whoever solved it."""

    async def keep(self, piece: Piece) -> None:
        """Take a piece; of the report only what it took."""
        if isinstance(piece, Report):
            self.worker = dict(piece.figures["effort"])

    def figures(self) -> dict[str, float]:
        """Return them for the long form."""
        p50, p99 = (float(np.quantile(self.answers, q)) for q in (0.5, 0.99))
        counted = {"answers": len(self.answers), "facts": self.facts, "stages": len(self.stages)}
        return counted | {"took": self.took, "pause": self.pause, "answer_p50": p50, "answer_p99": p99} | self.worker


async def over_and_over(work: Callable[[], Awaitable[object]], until_done: asyncio.Future[Any]) -> None:
    """Do something again and again."""
    while not until_done.done():
        await work()
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def solved_beside(engine: RoundSolver, house: House, pool: Sequence[PackedSlice]) -> Seen:
    """Solve a round while the service serves calls and facts."""
    loop, seen = asyncio.get_running_loop(), Seen()
    last = begun = loop.time()
    solving = loop.create_task(engine.solve(ORDER, slices(pool), keep=seen.keep, progress=lambda stage, _: seen.stages.append(stage)))

    async def beat() -> None:
        nonlocal last
        now = loop.time()
        last, seen.pause = now, max(seen.pause, now - last)

    async def call() -> None:
        asked = loop.time()
        assert (await house.calls(ADA, "GET", "/programmes")).is_success
        seen.answers.append(loop.time() - asked)

    async def hear() -> None:
        await house.hears(card(ADA))
        seen.facts += 1

    await asyncio.gather(*(over_and_over(work, solving) for work in (beat, call, hear)))
    await beat()
    seen.took = loop.time() - begun
    assert (await solving).size == sum(len(each) for each in pool)
    return seen


ORDER = SolveOrder(round_id="r", draft=Draft(number=1, rules=RuleSet(), seed=7), frozen_at=MONDAY)


async def slices(pool: Sequence[PackedSlice]) -> AsyncIterator[Sequence[FrozenMember]]:
    """Yield the pool as the database would."""
    for each in pool:
        yield each


async def nothing_of(_: object) -> None:
    """Take a piece and keep nothing."""


def workers() -> list[str]:
    """Return the worker processes of this one."""
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="utf-8").split()
    return [pid for pid in children if "round_worker" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8")]


@pytest.mark.slow
class TestHeavyRound:
    """N4: the optimiser never holds the event loop."""

    async def test_the_event_loop_goes_on(self, house: House) -> None:
        """Issue 5: heartbeats come, calls and facts are served, stages are told; in the loop itself a round would stop them."""
        await house.opens(ADA)
        few = packed(min(PEOPLE, 3_000))
        await house.service.jobs["engine-warmth"]()
        inside = await solved_beside(house.runner.engine, house, few)
        beside = await solved_beside(house.own_process, house, packed(PEOPLE) if PEOPLE > 3_000 else few)
        sys.stderr.write(f"{PEOPLE} people: {beside.figures()}\n")
        assert {*beside.stages} >= STAGES
        assert inside.pause > inside.took / 2
        assert beside.pause < beside.took / 4
        assert min(len(beside.answers), beside.facts) > max(len(inside.answers), inside.facts)

    async def test_a_cancelled_one_is_gone_at_once(self, house: House) -> None:
        """R42: whoever cancels in mid-work waits for no stage to end, and no process is left."""
        begun = asyncio.Event()
        await house.service.jobs["engine-warmth"]()
        work = house.own_process.solve(ORDER, slices(packed(PEOPLE)), keep=nothing_of, progress=lambda *_: begun.set())
        solving = asyncio.get_running_loop().create_task(work)
        async with asyncio.timeout(120):
            await begun.wait()
        assert len(workers()) == 1
        solving.cancel()
        await asyncio.wait({solving}, timeout=5)
        assert solving.cancelled()
        assert workers() == []
