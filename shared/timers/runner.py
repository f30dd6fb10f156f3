"""Runs durable timers when business time reaches them: one transaction each, together with the timer's deletion.

Kinds that are named `together` share a transaction when several are due at once; when it fails, each is run alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Generic, TypeVar

from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.errors import OutcomeUnknown, StaleVersion
from shared.kernel.randomness import Randomness, jittered
from shared.kernel.tasks import Tasks
from shared.observability import log_events
from shared.observability.logging import correlated, get_log
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.errors import CommitUnknown, DatabaseAway, TransientFault
from shared.persistence.leases import Lease
from shared.persistence.patience import Patience
from shared.timers.timers import COLLECTION, STUCK, WAITING, Due, due_of

U = TypeVar("U")
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST_WAIT_SECONDS = 0.01
SWEEP_SECONDS = 1.0
LOOK_AHEAD_SECONDS = 2.0
ROWS_PER_ROUND = 200
TOGETHER_MAX = 50
ATTEMPTS_MAX = 10
AWAY = (DatabaseAway, TransientFault, CommitUnknown, OutcomeUnknown, StaleVersion)


class TimerRunner(Generic[U]):
    """Wakes at the next due timer, at a doorbell, or by a sweep each second; a lease says which replica does it."""

    def __init__(
        self,
        *,
        database: Database,
        bind: Callable[[Transaction, Cause], U],
        handlers: Mapping[str, Callable[[Due, U], Awaitable[None]]],
        clock: Clock,
        randomness: Randomness,
        doorbell: Doorbell,
        tasks: Tasks,
        replica: str | None = None,
        together: Collection[str] = (),
    ) -> None:
        """`clock` is business time: due times are compared with it and with nothing else. `together`: kinds that share transactions."""
        self._database = database
        self._bind = bind
        self._handlers = dict(handlers)
        self._clock = clock
        self._randomness = randomness
        self._doorbell = doorbell
        self._tasks = tasks
        self._lease = Lease(database, "timers", randomness=randomness, replica=replica)
        self._together = frozenset(together)
        self._looked: tuple[datetime, float] | None = None
        self._log = get_log()

    async def run(self) -> None:
        """Run until cancelled; survives a database that is away."""
        keeping = self._tasks.spawn("timers.lease", self._lease.keep())
        patience = Patience(self._randomness)
        try:
            while True:
                try:
                    pause = await self.run_due()
                    patience.succeeded()
                except AWAY:
                    pause = patience.next_wait()
                await self._doorbell.wait(pause)
        finally:
            keeping.cancel()
            await self._lease.give_up()

    async def run_due(self) -> float:
        """Run what is due; return the seconds until it is worth looking again."""
        if not await self._lease.wait_held(SWEEP_SECONDS):
            return 0.0
        ahead = self._clock.now() + self._business(LOOK_AHEAD_SECONDS)
        window = {"state": WAITING, "wake_at": {"$gte": BEGINNING, "$lte": ahead}}
        rows = await self._database.collection(COLLECTION).find(window, sort=[("wake_at", 1), ("_id", 1)], limit=ROWS_PER_ROUND)
        stands_still, place = self._stands_still(), 0
        while place < len(rows):
            wait = self._clock.real_seconds(rows[place]["wake_at"] - self._clock.now())
            if wait > 0:
                return SWEEP_SECONDS if stands_still else min(max(wait, SHORTEST_WAIT_SECONDS), SWEEP_SECONDS)
            if not self._lease.held:
                return 0.0
            group = self._due_together(rows[place:])
            await self._run_several(group)
            place += len(group)
        return 0.0 if len(rows) == ROWS_PER_ROUND else SWEEP_SECONDS

    def _stands_still(self) -> bool:
        """Return whether business time has not moved since the last look: then no timer comes nearer by waiting for it."""
        now, looked_at = self._clock.now(), asyncio.get_running_loop().time()
        before = self._looked
        self._looked = (now, looked_at)
        return before is not None and before[0] == now and looked_at - before[1] >= SHORTEST_WAIT_SECONDS

    def _due_together(self, rows: Sequence[Document]) -> list[Document]:
        """Return the first row with those that follow it, are of its kind and due, when the kind allows it."""
        kind, now = rows[0]["kind"], self._clock.now()
        if kind not in self._together:
            return [rows[0]]
        return list(takewhile(lambda row: row["kind"] == kind and row["wake_at"] <= now, rows[:TOGETHER_MAX]))

    async def _run_several(self, rows: Sequence[Document]) -> None:
        kind = rows[0]["kind"]

        async def work(tx: Transaction) -> None:
            for row in rows:
                with correlated(due_of(row).cause.correlation_id):
                    await self._fire(tx, row)

        if len(rows) > 1:
            try:
                await self._database.transact(f"timers.{kind}", work)
            except AWAY:
                raise
            except Exception:  # noqa: BLE001, S110 - one of them failed: each alone tells which
                pass
            else:
                self._log.debug(log_events.TIMER_FIRED, kind=kind, timers=len(rows))
                return
        for row in rows:
            await self._run_one(row)

    async def _fire(self, tx: Transaction, row: Document) -> None:
        due = due_of(row)
        if not await tx.collection(COLLECTION).delete_one({"_id": due.id, "wake_at": row["wake_at"]}):
            return  # cancelled, set anew, or done by another replica
        await self._handlers[due.kind](due, self._bind(tx, due.cause))

    async def _run_one(self, row: Document) -> None:
        due = due_of(row)

        async def work(tx: Transaction) -> None:
            await self._fire(tx, row)

        with correlated(due.cause.correlation_id):
            try:
                await self._database.transact(f"timer.{due.kind}", work)
            except AWAY:
                raise
            except Exception as fault:  # noqa: BLE001 - whatever one timer meets, the others go on
                await self._put_off(row, fault)
            else:
                self._log.debug(log_events.TIMER_FIRED, kind=due.kind, timer=due.id)

    async def _put_off(self, row: Document, fault: Exception) -> None:
        attempts = row["attempts"] + 1
        stuck = attempts >= ATTEMPTS_MAX
        delay = jittered(min(300.0, 0.5 * 2**attempts), self._randomness)
        change = {"attempts": attempts, "state": STUCK if stuck else WAITING, "wake_at": self._clock.now() + self._business(delay)}

        async def work(tx: Transaction) -> None:
            await tx.collection(COLLECTION).update_one({"_id": row["_id"], "wake_at": row["wake_at"]}, {"$set": change})

        await self._database.transact("timer.put-off", work)
        log = self._log.error if stuck else self._log.warning
        log(
            log_events.TIMER_STUCK if stuck else log_events.TIMER_PUT_OFF,
            kind=row["kind"],
            timer=row["_id"],
            attempts=attempts,
            exc_info=fault,
        )

    def _business(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds / self._clock.real_seconds(timedelta(seconds=1)))
