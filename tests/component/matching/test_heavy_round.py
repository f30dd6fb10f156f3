"""Issue 5: heartbeats, HTTP and consumers stay alive while a heavy round is solved, because another process solves it (N4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import pytest

from services.matching.application.solver import RoundSolver, SolveOrder
from services.matching.domain.card import Card, Offer, Want
from services.matching.domain.draft import Draft
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import FrozenMember
from services.matching.engine import Person
from tests.component.matching.house import ADA, MONDAY, House, card
from tests.support.population import survey

PEOPLE, HEARTBEAT_SECONDS = 150, 0.005
"""Interpreted, so that nothing has to be compiled: some seconds of work."""


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


async def members() -> AsyncIterator[Sequence[FrozenMember]]:
    """Yield the pool in slices."""
    everybody = [frozen(one) for one in survey(PEOPLE, seed=1)]
    for start in range(0, PEOPLE, 100):
        yield everybody[start : start + 100]


async def longest_pause(until_done: asyncio.Future[Any], begun: float) -> float:
    """Return the longest time between two heartbeats, the first of which is due when the work begins."""
    loop, last, longest = asyncio.get_running_loop(), begun, 0.0
    while True:
        now = loop.time()
        last, longest = now, max(longest, now - last)
        if until_done.done():
            return longest
        await asyncio.sleep(HEARTBEAT_SECONDS)


async def repeated(work: Callable[[], Awaitable[object]], until_done: asyncio.Future[Any]) -> int:
    """Do something over and over; return how often it was done."""
    count = 0
    while not until_done.done():
        await work()
        count += 1
        await asyncio.sleep(HEARTBEAT_SECONDS)
    return count


async def solved_meanwhile(engine: RoundSolver, house: House) -> tuple[float, float, int, int]:
    """Solve a round; return how long it took, the longest pause, and how many calls and facts were served meanwhile."""
    order = SolveOrder(round_id="r", draft=Draft(number=1, rules=RuleSet(), seed=7), frozen_at=MONDAY)
    loop = asyncio.get_running_loop()

    async def keep(_: object) -> None:
        """Take every piece."""

    async def call() -> None:
        assert (await house.calls(ADA, "GET", "/programmes")).is_success

    begun = loop.time()
    solving = loop.create_task(engine.solve(order, members(), keep=keep, progress=lambda *_: None))
    pause, calls, facts = await asyncio.gather(
        longest_pause(solving, begun), repeated(call, solving), repeated(lambda: house.hears(card(ADA)), solving)
    )
    assert (await solving).size == PEOPLE
    return loop.time() - begun, pause, calls, facts


class TestHeavyRound:
    """N4: the optimiser never holds the event loop."""

    @pytest.mark.slow
    async def test_the_event_loop_goes_on(self, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
        """Issue 5: no pause is a large part of the round; calls and facts are served meanwhile. Solved in the loop it would stand still."""
        monkeypatch.setenv("TANDEM_ENGINE_INTERPRETED", "1")
        await house.opens(ADA)
        beside = await solved_meanwhile(house.own_process, house)
        inside = await solved_meanwhile(house.runner.engine, house)
        took, pause, calls, facts = beside
        assert pause < took / 4
        assert min(calls, facts) >= 20
        assert inside[1] > inside[0] / 2
        assert max(inside[2:]) < min(calls, facts)
