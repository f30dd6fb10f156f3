"""The parked worker: tries the first event of each held lane again, and once it succeeds runs those behind it in one go (N2)."""

import asyncio
from typing import Generic, TypeVar

from shared.kernel.randomness import Randomness
from shared.messaging.applying import Applier
from shared.messaging.consuming import Consumer
from shared.messaging.decoding import Message
from shared.messaging.failures import AWAY, trouble_of
from shared.messaging.lanes import LANES, WAITS, Lanes, due_until
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.database import Document, Transaction
from shared.persistence.patience import Patience

U = TypeVar("U")
LANES_PER_ROUND, RUN_LENGTH = 100, 200
BUSY_SECONDS, QUIET_SECONDS = 0.5, 5.0


class ParkedWorker(Generic[U]):
    """Works through what is parked, on technical time. Several replicas may: they conflict on the lane, one wins."""

    def __init__(self, consumer: Consumer[U], randomness: Randomness) -> None:
        """Use the consumer's routes, so parked events find their handlers after a restart."""
        self._consumer = consumer
        self._applier: Applier[U] = consumer.applier
        self._database = consumer.database
        self._randomness = randomness
        self._log = get_log()

    async def run(self) -> None:
        """Run until cancelled; survives a database that is away."""
        patience = Patience(self._randomness)
        while True:
            try:
                await self.run_due()
                parked = await self._database.collection(LANES).find_one({"state": WAITS}, {"_id": 1})
                pause = QUIET_SECONDS if parked is None else BUSY_SECONDS
                patience.succeeded()
            except AWAY:
                pause = patience.next_wait()
            if await self._consumer.parked_bell.wait(pause):
                await asyncio.sleep(0.05)  # many rings of one flood are one look

    async def run_due(self) -> int:
        """Try every lane that is due; return how many were."""
        due = due_until(self._database.wall.now())
        rows = await self._database.collection(LANES).find(due, sort=[("next_at", 1)], limit=LANES_PER_ROUND, projection={"_id": 1})
        for row in rows:
            await self._advance(row["_id"])
        return len(rows)

    async def _advance(self, lane: str) -> None:
        length, longest = 1, RUN_LENGTH
        while True:
            rows: list[Document] = []
            try:
                more = await self._database.transact("parked.run", lambda tx, n=length, seen=rows: self._run(tx, lane, n, seen))  # type: ignore[misc]
            except AWAY:
                raise
            except Exception as fault:  # noqa: BLE001 - any failure of a handler is told from the others by its kind
                if length == 1:
                    await self._note_failure(rows[0], fault)
                    return
                length = longest = 1
                continue
            if not more:
                return
            length = longest

    async def _run(self, tx: Transaction, lane: str, length: int, seen: list[Document]) -> bool:
        lanes = Lanes(tx)
        await lanes.load([lane])
        seen[:] = await lanes.run_of(lane, length) if lanes.is_due(lane) else []
        if not seen:
            return False
        for row in seen:
            item = self._consumer.decode(Message.from_row(row))
            if item is not None:  # None: the route was taken away, the event concerns us no longer
                await self._applier.execute(tx, item)
                self._applier.tell_applied(tx, [item])
        await lanes.take_out([row["_id"] for row in seen])
        return await lanes.release(lane)

    async def _note_failure(self, row: Document, fault: Exception) -> None:
        trouble = trouble_of(fault)
        item = self._consumer.decode(Message.from_row(row))
        if item is None:
            return
        if trouble.bug is not None:
            self._log.error(log_events.EVENT_FAILED, event_id=item.event_id, type=item.type, exc_info=fault)
        attempts = row["attempts"] + 1
        await self._database.transact("parked.failed", lambda tx: self._applier.retry_failed(tx, item, trouble, attempts))
