"""Starts what a service consists of, keeps it going, and stops it in the order that loses nothing.

A broker or a database that is away at the start stops nothing: HTTP answers at once, the rest joins when it can, and
`/ready` says what is missing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from fastapi import FastAPI

from shared.foundation import Foundation
from shared.http import commands
from shared.http.app import Lifespan, create_app
from shared.http.operations import operations_router
from shared.http.replays import replays_router
from shared.messaging import status as message_path
from shared.messaging.broker import BrokerLink
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.parked import ParkedWorker
from shared.messaging.reading import KafkaReader, TopicReader
from shared.messaging.relay import Relay
from shared.messaging.sending import KafkaSender, Sender
from shared.observability import log_events
from shared.observability.health import NotReady
from shared.observability.logging import get_log
from shared.observability.stacks import kind_of
from shared.persistence.patience import Patience
from shared.replay.replays import Replays
from shared.service import Service
from shared.settings import ServiceSettings
from shared.status import Lag, Status

S = TypeVar("S", bound=ServiceSettings)
CONSUMERS_SECONDS_MAX = 4.0
PARTS_SECONDS_MAX = 2.5
CLOSE_SECONDS_MAX = 0.5
STEADY_SECONDS = 60.0
"""A part that ran so long before it failed begins counting anew."""
FAILURES_MAX = 5
"""After so many failures in a row the process says that it is no longer live, and goes on trying."""


class Link(Protocol):
    """What feeds the consumer of a service."""

    async def run(self) -> None:
        """Connect, waiting for a broker that is away; return when all consumers run."""
        ...

    async def ready(self) -> None:
        """Return when the consumers run, else raise `NotReady`."""
        ...

    async def lag(self) -> dict[str, int]:
        """Return how many records wait per topic."""
        ...

    async def stop(self) -> None:
        """Finish the batch in hand and leave."""
        ...


class Running(Generic[S]):
    """One service at work."""

    def __init__(self, foundation: Foundation[S], service: Service, *, link: Link | None = None, sender: Sender | None = None) -> None:
        """Put the parts together; nothing starts yet. `link` and `sender` are Kafka's unless a simulation gives others."""
        shared = foundation.shared
        self._foundation = foundation
        self._service = service
        self._link: Link = link or BrokerLink(service.consumer, shared.kafka, randomness=foundation.randomness)
        self._relay = Relay(
            database=foundation.database,
            sender=foundation.traced_sender(sender or KafkaSender(shared.kafka, f"tandem-{foundation.service}-relay")),
            doorbell=foundation.outbox_bell,
            tasks=foundation.tasks,
            randomness=foundation.randomness,
            replica=shared.kafka.group_instance_id,
            metrics=foundation.path_metrics,
        )
        self._parked = ParkedWorker(service.consumer, foundation.randomness)
        self._connecting: asyncio.Task[Any] | None = None
        self._prepared = False
        foundation.health.add("database", self._database_ready)
        foundation.health.add("broker", self._link.ready)

    def application(self, lifespan: Lifespan) -> FastAPI:
        """Return the HTTP side of this process."""
        return application(self._foundation, self._service, lifespan=lifespan, lag=self._link.lag)

    async def start(self) -> None:
        """Return at once; everything starts in the background and waits for what is away."""
        self._foundation.tasks.spawn("start", self._start())

    async def _start(self) -> None:
        await self._prepare()
        loops: dict[str, Callable[[], Awaitable[None]]] = {
            "relay": self._relay.run,
            "parked": self._parked.run,
        }
        if self._service.timers is not None:
            loops["timers"] = self._service.timers.run
        self._connecting = self._foundation.tasks.spawn("consumers", self._keep("consumers", self._link.run))
        for name, run in (loops | dict(self._service.jobs)).items():
            self._foundation.tasks.spawn(name, self._keep(name, run))

    async def _prepare(self) -> None:
        patience = Patience(self._foundation.randomness)
        while True:
            try:
                await self._foundation.database.ensure_indexes([*message_path.INDEXES, *commands.INDEXES, *self._service.indexes])
            except Exception as fault:  # noqa: BLE001  # whatever it is: it is told, and tried again
                get_log().warning(log_events.PART_WAITING, part="indexes", code=kind_of(fault))
                await asyncio.sleep(patience.next_wait())
            else:
                self._prepared = True
                return

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run a part until it is done; when it fails, tell it and start it again after a growing pause."""
        health, patience, loop = self._foundation.health, Patience(self._foundation.randomness, longest=30.0), asyncio.get_running_loop()
        failures = 0
        while True:
            health.running(name)
            get_log().info(log_events.PART_STARTED, part=name)
            began = loop.time()
            try:
                await run()
            except Exception as fault:  # noqa: BLE001  # a part's fault must not end the other parts
                if loop.time() - began > STEADY_SECONDS:
                    failures = 0
                    patience.succeeded()
                failures += 1
                health.failing(name, fault, for_good=failures >= FAILURES_MAX)
                self._foundation.metrics.part_failures.labels(name).inc()
                get_log().error(log_events.PART_DIED, part=name, failures=failures, exc_info=fault)
            else:
                return
            await asyncio.sleep(patience.next_wait())

    async def _database_ready(self) -> None:
        await self._foundation.database.ping()
        if not self._prepared:
            raise NotReady("indexes-missing")

    async def stop(self) -> None:
        """N2: first the batch in hand, then timers, relay and jobs, last the connections; each within its share of time."""
        if self._connecting is not None:
            self._connecting.cancel()  # done long ago, unless the broker is away
        await self._within("consumers", CONSUMERS_SECONDS_MAX, self._link.stop())
        await self._within("parts", PARTS_SECONDS_MAX + 0.2, self._foundation.tasks.stop(PARTS_SECONDS_MAX))
        await self._within("connections", CLOSE_SECONDS_MAX, self._foundation.close())

    async def _within(self, part: str, seconds: float, ending: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout(seconds):
                await ending
        except Exception as fault:  # noqa: BLE001  # the others still have to be stopped
            get_log().warning(log_events.PART_CUT, part=part, exc_info=fault)


def application(
    foundation: Foundation[S],
    service: Service,
    *,
    lifespan: Lifespan | None = None,
    lag: Lag | None = None,
    reader: Callable[[], TopicReader] | None = None,
) -> FastAPI:
    """Return the HTTP side of a service; with no `lifespan` nothing else runs (component tests). `reader` is Kafka's unless given."""
    letters: DeadLetters[Any] = DeadLetters(service.consumer)
    status = Status(foundation, service, lag)
    replays = _replays(foundation, service, reader or partial(KafkaReader, foundation.shared.kafka, client_id="tandem-replay"))
    return create_app(
        title=service.title,
        service=foundation.service,
        routers=[*service.routers, operations_router(status.read, letters), replays_router(replays)],
        health=foundation.health,
        auth=foundation.authenticator,
        randomness=foundation.randomness,
        metrics=foundation.metrics,
        lifespan=lifespan,
    )


def _replays(foundation: Foundation[S], service: Service, reader: Callable[[], TopicReader]) -> Replays:
    kafka = foundation.shared.kafka
    return Replays(
        consumer=service.consumer,
        replicas=service.replicas,
        indexes=[*message_path.INDEXES, *service.indexes],
        reader=reader,
        tasks=foundation.tasks,
        randomness=foundation.randomness,
        inbox_keeps=timedelta(days=kafka.inbox_retention_days),
        replica=kafka.group_instance_id,
    )
