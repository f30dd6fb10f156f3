"""A database that is away for a while: sending waits for it, and nothing counts as settled that was not committed."""

import asyncio
from typing import Any

import pytest

from services.notification.domain.delivery import SENT, Delivery
from services.notification.entrypoints.dispatcher import Claimed, Dispatcher
from services.notification.entrypoints.settlement import Settlement
from shared.kernel.tasks import Tasks
from shared.persistence.database import Database
from shared.persistence.errors import DatabaseAway
from tests.component.notification.office import Office
from tests.component.notification.test_queue import made
from tests.support.probing import until


class AwayQueue:
    """A queue whose database is away at first."""

    def __init__(self, absences: int) -> None:
        """Be away so many times."""
        self.asked, self._absences = 0, absences

    async def claim(self, limit: int) -> Claimed | None:
        """Be away, later have nothing."""
        self.asked += 1
        if self.asked <= self._absences:
            raise DatabaseAway("test")
        return None

    async def release(self, delivery_ids: Any, claim: str, due_at: Any) -> None:
        """Take back nothing."""


class TestDispatcher:
    """N2: nothing can work now is waited for, it is no death of a part."""

    async def test_waits_for_a_database_that_is_away(self, office: Office) -> None:
        """The job goes on by itself; it neither ends nor starts lines anew beside those in hand."""
        dispatcher: Dispatcher = office.dispatcher
        queue = dispatcher._queue = AwayQueue(absences=3)
        deaths: list[str] = []
        tasks = Tasks(lambda name, fault: deaths.append(f"{name}: {fault!r}"))
        tasks.spawn("dispatcher", dispatcher.run())
        await until(lambda: queue.asked > 3, saying="the dispatcher asks again after the absence")
        await tasks.stop(3.0)
        assert deaths == []


class TestSettlement:
    """Settled means committed."""

    async def test_whoever_waits_for_a_commit_that_failed_is_not_settled(self, monkeypatch: pytest.MonkeyPatch, database: Database) -> None:
        """N2: two outcomes share a transaction; when it fails, the second one is written by a transaction of its own."""
        settlement, written = Settlement(database, bind=lambda tx, cause: None), list[list[str]]()  # type: ignore[arg-type,return-value]
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def write(command: Any) -> None:
            written.append(sorted(command.outcomes))
            if len(written) == 1:
                begun.set()
                await go_on.wait()
            if len(written) == 2:
                raise DatabaseAway("test")

        monkeypatch.setattr(settlement, "_write", write)
        first, second, third = (made(number) for number in (1, 2, 3))

        async def settled(delivery: Delivery) -> str:
            try:
                await settlement.settle(delivery, "c", SENT)
            except DatabaseAway:
                return "away"
            return "settled"

        tasks = Tasks(lambda name, fault: None)
        running = [tasks.spawn("first", settled(first))]
        await begun.wait()
        running += [tasks.spawn(delivery.id, settled(delivery)) for delivery in (second, third)]
        await asyncio.sleep(0)
        go_on.set()
        assert await asyncio.gather(*running) == ["settled", "away", "settled"]
        assert written == [[first.id], sorted([second.id, third.id]), [third.id]]
