"""Replays of one service: started by an operator, carried on by whichever process is asked how far it is, gone without a trace (N2)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar

from shared.kernel.errors import OutcomeUnknown, Refusal, StaleVersion
from shared.kernel.randomness import Randomness, new_id
from shared.kernel.tasks import Tasks
from shared.messaging.consuming import Consumer
from shared.messaging.reading import BrokerAway, TopicReader
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.errors import DatabaseFault
from shared.persistence.indexes import Index
from shared.persistence.leases import Lease
from shared.persistence.patience import Patience
from shared.replay.comparing import names_of
from shared.replay.replica import Replica
from shared.replay.requests import WORKING, Ended, Requests, Wish, shown
from shared.replay.work import Work

TROUBLE = (DatabaseFault, OutcomeUnknown, StaleVersion, BrokerAway)


class NothingToReplay(Refusal):
    """The service keeps no replica, or none that these topics feed."""

    code: ClassVar[str] = "nothing-to-replay"
    title: ClassVar[str] = "This service keeps nothing that these topics tell."


class Replays:
    """Nothing runs and nothing is polled before somebody asks."""

    def __init__(
        self,
        *,
        consumer: Consumer[Any],
        replicas: Sequence[Replica],
        indexes: Sequence[Index],
        reader: Callable[[], TopicReader],
        tasks: Tasks,
        randomness: Randomness,
        inbox_keeps: timedelta,
        replica: str | None = None,
    ) -> None:
        """`indexes` are the service's own and the message path's: the handlers need the same ones beside."""
        self._consumer = consumer
        self._database = consumer.database
        self._replicas = replicas
        self._indexes = indexes
        self._reader = reader
        self._tasks = tasks
        self._randomness = randomness
        self._inbox_keeps = inbox_keeps
        self._requests = Requests(consumer.database)
        self._lease = Lease(consumer.database, "replay", randomness=randomness, replica=replica)
        self._running: asyncio.Task[Any] | None = None
        self._log = get_log()

    async def start(self, topics: Sequence[str], since: datetime | None, *, repair: bool, by: str) -> dict[str, Any]:
        """Start a replay of what these topics feed (everything when none is named), or go on with the same unfinished one."""
        wanted = [replica for replica in self._replicas if not topics or names_of(replica.topics) & set(topics)]
        if not wanted or set(topics) - set().union(*(names_of(replica.topics) for replica in self._replicas)):
            raise NothingToReplay(topics=sorted(topics))
        wish = Wish(topics=tuple(sorted(set(topics))), since=since, repair=repair)
        row = await self._requests.begin(wish, new_id(self._randomness), by)
        self._log.info(log_events.REPLAY_STARTED, replay_id=row["_id"], principal=by)
        self._wake()
        return shown(row)

    async def show(self, replay_id: str) -> dict[str, Any]:
        """Return how far one is; whoever asks a process lets it carry on what another one left."""
        row = await self._requests.get(replay_id)
        if row["state"] in WORKING:
            self._wake()
        return shown(row)

    async def unfinished(self) -> list[dict[str, Any]]:
        """Return the one that works or was stopped, if there is one."""
        row = await self._requests.unfinished()
        return [] if row is None else [shown(row)]

    async def stop(self, replay_id: str, *, by: str, discard: bool) -> None:
        """Stop one so that it can go on later; or discard it with all that was built beside."""
        await self._requests.get(replay_id)
        await self._requests.stop(replay_id, by=by, discard=discard)
        if discard:
            self._wake()

    def _wake(self) -> None:
        if self._running is None or self._running.done():
            self._running = self._tasks.spawn("replay", self._run())

    async def _run(self) -> None:
        """Carry on what is to be done, as long as it takes; another process that is at it already is left alone."""
        patience = Patience(self._randomness)
        if not await self._lease.try_take():
            return
        keeping = self._tasks.spawn("replay.lease", self._lease.keep())
        reader = self._reader()
        try:
            while (row := await self._requests.working()) is not None:
                wanted = [one for one in self._replicas if not row["topics"] or names_of(one.topics) & set(row["topics"])]
                try:
                    done = await self._work(reader, wanted).do(row)
                    self._log.info(log_events.REPLAY_DONE, replay_id=row["_id"], verdicts=done["verdicts"])
                except Ended:
                    self._log.info(log_events.REPLAY_STOPPED, replay_id=row["_id"])
                except TROUBLE as fault:
                    self._log.warning(log_events.PART_WAITING, part="replay", code=type(fault).__name__)
                    await asyncio.sleep(patience.next_wait())
        finally:
            keeping.cancel()
            await reader.close()
            await self._lease.give_up()

    def _work(self, reader: TopicReader, wanted: Sequence[Replica]) -> Work:
        begins = self._database.wall.now() - self._inbox_keeps
        return Work(consumer=self._consumer, replicas=wanted, indexes=self._indexes, reader=reader, inbox_begins=begins)
