"""The consumer: stages 7 to 10 of the message path. One transaction per batch, inbox included; one by one when it fails (N2)."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Generic, TypeVar

from shared.contracts.base import Contract
from shared.contracts.topics import Topic
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.errors import NotYet, Refusal
from shared.kernel.randomness import Randomness, jittered
from shared.messaging.applying import Applier, Tally, pause
from shared.messaging.burial import Undertaker
from shared.messaging.decoding import Item, Message, decode
from shared.messaging.failures import AWAY, BUG_TRIES, ConsumerHalted, FailureWatch, Trouble, trouble_of
from shared.messaging.received import Handler, Route, TombstoneHandler
from shared.messaging.settings import KafkaSettings
from shared.messaging.telemetry import BatchReport, PathMetrics
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.database import Database, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.patience import Patience

U = TypeVar("U")
HALT_SECONDS = 30.0
Troubled = list[tuple[Item[Any], Trouble | None]]


class Consumer(Generic[U]):
    """All that one service does with other services' facts. Built by `main.py`, fed by one subscriber per topic."""

    def __init__(
        self,
        *,
        service: str,
        database: Database,
        bind: Callable[[Transaction, Cause], U],
        clock: Clock,
        randomness: Randomness,
        settings: KafkaSettings,
        doorbell: Doorbell,
        metrics: PathMetrics | None = None,
    ) -> None:
        """`doorbell` rings the relay (dead letters are announced through the outbox)."""
        self.service = service
        self.database = database
        self.halted = False
        self.parked_bell = Doorbell()
        self.applier = Applier(
            group=service,
            bind=bind,
            undertaker=Undertaker(service=service, clock=clock, randomness=randomness, doorbell=doorbell),
            randomness=randomness,
            parked_bell=self.parked_bell,
            inbox_keeps=timedelta(days=settings.inbox_retention_days),
        )
        self._randomness = randomness
        self._wait_longest = settings.max_poll_interval_ms / 3000
        self._metrics = metrics
        self._routes: dict[str, Route[U]] = {}
        self._watches: dict[str, FailureWatch] = {}
        self._stopping = asyncio.Event()
        self._log = get_log()

    def route(
        self,
        topic: Topic,
        handlers: Mapping[type[Contract], Handler[U]],
        *,
        tombstone: TombstoneHandler[U] | None = None,
        ignoring: Collection[str] = (),
    ) -> None:
        """Declare what is done with the facts of one topic; once per topic, before anything starts."""
        if topic.name in self._routes:
            raise ValueError(f"{topic.name} has its route already: one subscriber per topic and service")
        self._routes[topic.name] = Route(topic, handlers, tombstone, ignoring)
        self._watches[topic.name] = FailureWatch()

    @property
    def topics(self) -> list[Topic]:
        """Return the topics with a route, in the order declared."""
        return [route.topic for route in self._routes.values()]

    def stop_waiting(self) -> None:
        """End every wait in place: the process is about to stop, the batch will come again."""
        self._stopping.set()

    def decode(self, message: Message) -> Item[U] | None:
        """Return what to do with a record, by the route of its topic; None when it has none (any more)."""
        route = self._routes.get(message.topic)
        return None if route is None else decode(message, route)

    async def apply(self, topic: Topic, records: Sequence[Any], *, lag: int | None = None) -> None:
        """Deal with a batch of raw records; when this returns, their offsets may be committed.

        Raises:
            DatabaseAway, ConsumerHalted, …: nothing can work now, after a bounded wait in place; the same batch comes again.

        """
        report = BatchReport(topic, records, asyncio.get_running_loop().time(), self.database.wall.now(), lag)
        route = self._routes[topic.name]
        items = [item for record in records if (item := decode(record, route)) is not None]
        outcome = "failed"
        tallies: list[Tally] = []
        try:
            if items:
                tallies = await self._until_done(topic, items)
            outcome = "done"
        finally:
            report.tell(self._log, outcome, tallies, asyncio.get_running_loop().time())
            if self._metrics is not None:
                self._metrics.batch(report, outcome, tallies)

    async def _until_done(self, topic: Topic, items: list[Item[U]]) -> list[Tally]:
        loop = asyncio.get_running_loop()
        patience, deadline = Patience(self._randomness), loop.time() + self._wait_longest
        while True:
            try:
                tallies = await self._batch(topic, items)
            except AWAY:
                if loop.time() > deadline or self._stopping.is_set():
                    raise
            except ConsumerHalted:
                self._halt(topic)
                await pause(jittered(min(HALT_SECONDS, self._wait_longest), self._randomness), self._stopping)
                raise
            else:
                self._resume(topic)
                return tallies
            await pause(patience.next_wait(), self._stopping)

    async def _batch(self, topic: Topic, items: list[Item[U]]) -> list[Tally]:
        watch = self._watches[topic.name]
        unreadable = sum([item.work is None for item in items])
        if watch.too_many(unreadable, len(items)):
            raise ConsumerHalted
        try:
            tally = await self.database.transact(f"batch.{topic.name}", lambda tx: self.applier.take(tx, items))
        except AWAY:
            raise
        except Exception:  # noqa: BLE001 - one of them failed: each alone tells which
            return await self._one_by_one(topic, items)
        watch.note(unreadable, len(items))
        return [tally]

    async def _one_by_one(self, topic: Topic, items: list[Item[U]]) -> list[Tally]:
        """Only the culprits pay. Nothing is buried before it is clear that the fault is not ours."""
        watch = self._watches[topic.name]
        tallies: list[Tally] = []
        troubled: Troubled = []
        blocked: dict[str, None] = {}
        failed = 0
        for item in items:
            if item.lane in blocked:
                troubled.append((item, None))
                continue
            outcome = await self._alone(topic, item)
            if isinstance(outcome, Tally):
                tallies.append(outcome)
                continue
            troubled.append((item, outcome))
            blocked[item.lane] = None
            failed += not outcome.waits
            if watch.too_many(failed, len(items)):
                raise ConsumerHalted
        tallies.append(await self.database.transact(f"set-aside.{topic.name}", lambda tx: self.applier.set_aside(tx, troubled)))
        watch.note(failed, len(items))
        return tallies

    async def _alone(self, topic: Topic, item: Item[U]) -> Tally | Trouble:
        if item.work is None:
            return Trouble(item.code or "")
        tries = 0
        while True:
            tries += 1
            try:
                return await self.database.transact(f"event.{topic.name}", lambda tx: self.applier.take(tx, [item]))
            except AWAY:
                raise
            except (NotYet, Refusal) as answer:
                return trouble_of(answer)
            except Exception as bug:  # noqa: BLE001 - a bug of a handler: tried again, then set aside
                if tries >= BUG_TRIES:
                    self._log.error(log_events.EVENT_FAILED, event_id=item.event_id, type=item.type, exc_info=bug)
                    return trouble_of(bug)
            await pause(jittered(0.05 * 2 ** (tries - 1), self._randomness), self._stopping)

    def _halt(self, topic: Topic) -> None:
        if not self.halted:
            self.halted = True
            self._log.error(log_events.CONSUMER_HALTED, topic=topic.name)

    def _resume(self, topic: Topic) -> None:
        if self.halted:
            self.halted = False
            self._log.warning(log_events.CONSUMER_RESUMED, topic=topic.name)
