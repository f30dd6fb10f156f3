"""One run of one side, in a process of its own: `python -m tests.bench.pipeline.one_run '{…}'` prints JSON lines, the last is the result.

`ours` is the message path as it ships, log lines included; `raw` (`by_hand.py`) does the same inserts in the same batches and nothing
else. `writes` says how a handler changes its document: by a call of its own for each event, or put off and written once per batch.
"""

import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Literal

import psutil
from pydantic import BaseModel

from shared.contracts import profile as contracts
from shared.messaging.broker import BrokerLink
from shared.messaging.received import Received
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from shared.observability.logging import configure_logging
from shared.persistence.database import Database
from shared.persistence.errors import DatabaseFault
from shared.persistence.kept import kept_documents
from shared.persistence.mongo import MongoSettings, connect
from shared.process import collect_seldom
from tests.bench.pipeline import by_hand
from tests.bench.pipeline.filling import RANDOMNESS, WALL
from tests.support.path import EFFECTS, Node, Work, noted

Writes = Literal["each", "batch"]
TOLD_PARTS = 50
MEBIBYTE = 1024 * 1024


class Run(BaseModel):
    """What to run. `events` are measured, whatever else is stored."""

    side: Literal["ours", "raw"]
    part: Literal["relay", "consumer"]
    writes: Writes = "batch"
    events: int
    tell_every: int | None = None
    service: str
    kafka: KafkaSettings
    mongo: MongoSettings


class Measured(BaseModel):
    """What came out; before the end of a consumer's run, what has come out by then."""

    events: int
    seconds: float
    cpu_seconds: float
    rss_mib: float = 0.0


class Meter:
    """Begins at the first batch and tells at every fiftieth part, or more often, and once more at the end."""

    def __init__(self, events: int, tell_every: int | None = None) -> None:
        """Expect so many events."""
        self.events = events
        self.done = 0
        self.all_done = asyncio.Event()
        self._began = self._cpu = 0.0
        self._next = self._step = tell_every or max(1, events // TOLD_PARTS)
        self._process = psutil.Process(os.getpid())

    def begin(self) -> None:
        """Start the clocks, once."""
        if not self._began:
            self._began, self._cpu = time.perf_counter(), time.process_time()

    def add(self, events: int) -> None:
        """Count events that took effect."""
        self.done += events
        if self.done >= self._next or self.done >= self.events:
            self._next += self._step
            self._tell()
        if self.done >= self.events:
            self.all_done.set()

    def _tell(self) -> None:
        seconds, cpu = time.perf_counter() - self._began, time.process_time() - self._cpu
        rss = self._process.memory_info().rss / MEBIBYTE
        told = Measured(events=self.done, seconds=seconds, cpu_seconds=cpu, rss_mib=rss)
        sys.stdout.write(told.model_dump_json() + "\n")
        sys.stdout.flush()


def database_of(run: Run) -> Database:
    """Open the run's database."""
    return connect(run.mongo, run.service, wall=WALL, randomness=RANDOMNESS)


async def kept(event: Received[Any], work: Work) -> None:
    """Handle an event the way replicas do: one read and one write for all documents of a batch."""
    documents = kept_documents(work.tx, EFFECTS)
    found = await documents.get(event.envelope.subject) or {"sequences": []}
    documents.put({"_id": event.envelope.subject, "sequences": [*found["sequences"][-9:], event.envelope.sequence]})


async def consumer_ours(run: Run, meter: Meter) -> None:
    """Drain the topic with the shipped consumer."""
    handler = noted if run.writes == "each" else kept
    node = Node(run.service, database_of(run), run.kafka, handlers={contracts.MemberLeft: handler})
    apply = node.consumer.apply

    async def counted(topic: Any, records: Any, **options: Any) -> None:
        meter.begin()
        await apply(topic, records, **options)
        meter.add(len(records))

    node.consumer.apply = counted  # type: ignore[method-assign]
    link = BrokerLink(node.consumer, run.kafka, randomness=RANDOMNESS)
    node.tasks.spawn("link", link.run())
    await meter.all_done.wait()
    await link.stop()
    await node.tasks.stop(5)
    await node.database.close()


async def relay_ours(run: Run, meter: Meter) -> None:
    """Send so many rows of the outbox with the shipped relay, its lease kept as in a service."""
    node = Node(run.service, database_of(run), run.kafka)
    sender = KafkaSender(run.kafka, "bench")
    await sender.open()
    relay = node.relay(sender)
    node.tasks.spawn("lease", relay._lease.keep())
    await relay._lease.wait_held(30)
    send = sender.send

    async def counted(rows: Any) -> Any:
        answers = await send(rows)
        meter.done += len(rows)
        return answers

    sender.send = counted  # type: ignore[method-assign]
    meter.begin()
    while meter.done < run.events:
        with suppress(DatabaseFault):  # as a service does: a database that is slow to answer is asked again
            await relay.run_once()
    meter.add(0)
    await sender.close()
    await node.tasks.stop(5)
    await node.database.close()


PARTS: dict[tuple[str, str], Callable[[Run, Meter], Awaitable[None]]] = {
    ("ours", "consumer"): consumer_ours,
    ("ours", "relay"): relay_ours,
    ("raw", "consumer"): lambda run, meter: by_hand.consumer(run.kafka, run.mongo, run.service, run.writes, meter),
    ("raw", "relay"): lambda run, meter: by_hand.relay(run.kafka, run.mongo, run.service, meter),
}


async def _run(run: Run) -> None:
    collect_seldom()  # on both sides
    await PARTS[run.side, run.part](run, Meter(run.events, run.tell_every))


def main() -> None:
    """Run as a program."""
    run = Run.model_validate_json(sys.argv[1])
    with open(os.devnull, "w", encoding="utf-8") as nowhere:  # noqa: PTH123 - log lines are written, as in a service; nobody reads them
        configure_logging(run.service, stream=nowhere)
        asyncio.run(_run(run))


if __name__ == "__main__":
    main()
