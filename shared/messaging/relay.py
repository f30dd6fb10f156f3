"""The relay: sends what the outbox holds, in order per key, and forgets a row only after the broker has it (N2).

It wakes by the doorbell after each commit and by a sweep each second. One record per key is in flight, many keys at once; a failed
send ends its key's lane for the round. Rows of several quick rounds are forgotten by one transaction: until then this process does
not send them again, and the successor of a killed one repeats no more than what was sent in `FORGET_AFTER_SECONDS`. A lease keeps
other replicas from sending the same; order after deduplication holds without it.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from shared.kernel.errors import OutcomeUnknown, StaleVersion
from shared.kernel.randomness import Randomness
from shared.kernel.tasks import Tasks
from shared.messaging.outbox import COLLECTION
from shared.messaging.sending import Sender, SendFailed
from shared.messaging.telemetry import PathMetrics
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.errors import DatabaseFault
from shared.persistence.ids import IDS_OF_A_BATCH, by_ids
from shared.persistence.leases import Lease
from shared.persistence.patience import Patience

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
SWEEP_SECONDS = 1.0
ROWS_WANTED, ROWS_MAX = 500, 8_000
FAILED_ROUNDS_MAX = 10
FORGET_SECONDS = 2.0
FORGET_AFTER_SECONDS, FORGET_ROWS = 0.25, 200
ALL_AHEAD = timedelta(days=366)
STEP_LONGEST = timedelta(days=1)


class Window:
    """How far the next read of the outbox reaches: about 500 rows, whatever the backlog.

    The lower bound is always the beginning, so a row that was committed late is never overtaken by a later one of its key.
    """

    def __init__(self, reached: datetime | None = None) -> None:
        """Begin where the relay before had come to, if that is known: what waits behind may be a mountain."""
        self._step = timedelta(seconds=1)
        self._upper = None if reached is None else reached + self._step
        self.rows_wanted = ROWS_WANTED

    def progressed(self, anything: bool) -> None:
        """Read further when all that was read belongs to keys that fail: they must not starve the others."""
        self.rows_wanted = ROWS_WANTED if anything else min(ROWS_MAX, self.rows_wanted * 2)

    def upper(self, now: datetime) -> datetime:
        """Return the bound of the next read; far ahead when no backlog is known (a host's clock may lag)."""
        return self._upper or now + ALL_AHEAD

    def note(self, rows: Sequence[Document], now: datetime) -> None:
        """Learn from a read: a full one tells where the next may end, a small one lets the next reach further."""
        if len(rows) >= self.rows_wanted:
            self._step = max(timedelta(milliseconds=1), rows[-1]["at"] - rows[0]["at"])
            self._upper = rows[-1]["at"] + self._step
        elif self._upper is not None:
            self._step = min(STEP_LONGEST, self._step * 8) if len(rows) < self.rows_wanted * 3 // 4 else self._step
            self._upper += self._step
        if self._upper is not None and self._upper > now:
            self._upper = None

    @property
    def reaches_all(self) -> bool:
        """Return whether the next read sees everything that there is."""
        return self._upper is None


class Relay:
    """Publishes one service's outbox. Built by `main.py`; the producer behind `sender` is its own."""

    def __init__(
        self,
        *,
        database: Database,
        sender: Sender,
        doorbell: Doorbell,
        tasks: Tasks,
        randomness: Randomness,
        replica: str | None = None,
        metrics: PathMetrics | None = None,
    ) -> None:
        """`replica` is this process's stable name, if it has one: after a crash it takes its own lease at once."""
        self._database = database
        self._sender = sender
        self._doorbell = doorbell
        self._tasks = tasks
        self._randomness = randomness
        self._metrics = metrics
        self._lease = Lease(database, "relay", randomness=randomness, replica=replica)
        self._window = Window()
        self._token_seen = 0
        self._failed_rounds = 0
        self._sent: dict[str, None] = {}
        self._sent_since = 0.0
        self._log = get_log()

    async def run(self) -> None:
        """Run until cancelled; survives a broker or a database that is away, from the first moment on."""
        keeping = self._tasks.spawn("relay.lease", self._lease.keep())
        patience = Patience(self._randomness)
        try:
            while True:
                try:
                    more = await self.run_once(linger=True)
                    patience.succeeded()
                    if not more:
                        await self._pause()
                except (DatabaseFault, OutcomeUnknown, StaleVersion, SendFailed):
                    await asyncio.sleep(patience.next_wait())
        finally:
            keeping.cancel()
            with suppress(DatabaseFault, OutcomeUnknown, StaleVersion, TimeoutError):
                async with asyncio.timeout(FORGET_SECONDS):
                    await self._forget()
            await self._lease.give_up()
            await self._sender.close()

    async def _pause(self) -> None:
        """Wait for the doorbell or the sweep; when it stays quiet, what was sent is forgotten first."""
        if self._sent:
            if await self._doorbell.wait(FORGET_AFTER_SECONDS):
                return
            await self._forget()
        await self._doorbell.wait(SWEEP_SECONDS)

    async def run_once(self, *, linger: bool = False) -> bool:
        """Do one round; return whether more is known to wait. With `linger` the rows sent may be forgotten by a later round.

        Raises:
            SendFailed: at least one key could not be sent; what was acknowledged is deleted all the same.

        """
        if not await self._may_send():
            return False
        await self._sender.open()
        now = self._database.wall.now()
        saw_all = self._window.reaches_all
        rows = await self._read(now)
        more = not (saw_all and self._window.reaches_all)
        unsent = [row for row in rows if row["_id"] not in self._sent]
        acknowledged, failure = await self._send(unsent)
        self._window.progressed(anything=bool(acknowledged) or not unsent)
        self._note_sent(acknowledged)
        if not linger or failure is not None or self._forgetting_is_due:
            await self._forget()
        self._report(unsent, acknowledged, now)
        await self._judge(failure)
        return more

    async def _may_send(self) -> bool:
        held = await self._lease.wait_held(SWEEP_SECONDS)
        if held and self._lease.token != self._token_seen:
            self._token_seen = self._lease.token
            self._window = Window(self._lease.reached)
            self._log.info(log_events.RELAY_LEASE_TAKEN, token=self._lease.token)
        elif not held and self._token_seen:
            self._token_seen = 0
            self._log.warning(log_events.RELAY_LEASE_LOST, token=self._lease.token)
        return held

    async def _read(self, now: datetime) -> list[Document]:
        upper = self._window.upper(now)
        window = {"at": {"$gte": BEGINNING, "$lt": upper}}
        rows = await self._database.collection(COLLECTION).find(window, sort=[("at", 1)], limit=self._window.rows_wanted)
        self._window.note(rows, now)
        self._lease.reached = rows[0]["at"] if rows else min(upper, now)
        return rows

    async def _send(self, rows: list[Document]) -> tuple[list[str], SendFailed | None]:
        """Send in waves: the n-th record of every key together, the next wave when the broker has this one."""
        lanes: dict[tuple[str, str], list[Document]] = {}
        for row in sorted(rows, key=lambda each: (each["at"], each["version"], each["index"])):
            lanes.setdefault((row["topic"], row["key"]), []).append(row)
        acknowledged: list[str] = []
        failure: SendFailed | None = None
        while lanes and self._lease.held:
            wave = [lane.pop(0) for lane in lanes.values()]
            for row, fault in zip(wave, await self._sender.send(wave), strict=True):
                lane = (row["topic"], row["key"])
                if fault is None:
                    acknowledged.append(row["_id"])
                else:
                    failure = fault if failure is None or fault.fatal else failure
                    lanes[lane].clear()
                    self._log.warning(log_events.OUTBOX_SEND_FAILED, key=row["key"], topic=row["topic"], code=fault.code)
                    if self._metrics is not None:
                        self._metrics.send_failed.labels(fault.code).inc()
                if not lanes[lane]:
                    del lanes[lane]
        return acknowledged, failure

    def _note_sent(self, acknowledged: list[str]) -> None:
        if not self._sent:
            self._sent_since = asyncio.get_running_loop().time()
        self._sent |= dict.fromkeys(acknowledged)

    @property
    def _forgetting_is_due(self) -> bool:
        waited = asyncio.get_running_loop().time() - self._sent_since
        return len(self._sent) >= FORGET_ROWS or waited >= FORGET_AFTER_SECONDS

    async def _forget(self) -> None:
        """Delete what the broker has. Rows that somebody's dead transaction still locks are not sent again meanwhile."""
        ids = list(self._sent)

        async def work(tx: Transaction) -> None:
            for some in by_ids(ids, at_once=IDS_OF_A_BATCH):
                await tx.collection(COLLECTION).delete_many(some)

        if ids:
            await self._database.transact("relay.forget", work, give_up_after=FORGET_SECONDS)
            self._sent.clear()

    async def _judge(self, failure: SendFailed | None) -> None:
        if failure is None:
            self._failed_rounds = 0
            return
        if failure.fatal:
            await self._sender.rebuild()
        self._failed_rounds += 1
        if self._failed_rounds >= FAILED_ROUNDS_MAX:  # the broker answers, yet nothing gets through: another replica may fare better
            self._failed_rounds = 0
            await self._lease.give_up()
        raise failure

    def _report(self, rows: list[Document], acknowledged: list[str], now: datetime) -> None:
        age = max(0.0, (now - rows[0]["at"]).total_seconds()) if rows else 0.0
        self._observe_age(age)
        if not rows:
            return
        if self._metrics is not None:
            self._metrics.relayed.inc(len(acknowledged))
        self._log.info(log_events.OUTBOX_RELAYED, rows=len(acknowledged), oldest_age_ms=int(age * 1000))

    def _observe_age(self, age: float) -> None:
        if self._metrics is not None:
            self._metrics.outbox_age.set(age)
