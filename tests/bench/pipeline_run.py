"""One run of one side of the pipeline benchmark, in a process of its own: `python -m tests.bench.pipeline_run '{…}'` prints JSON.

`ours` is the message path as it ships; `raw` is what one would write by hand with aiokafka and motor: the same batches, contracts,
effects, inbox and one transaction per batch, without dead letters, lanes, leases or log lines.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from pydantic import BaseModel
from pymongo import UpdateOne

from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.contracts.envelope import Envelope
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.broker import BrokerLink
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from shared.observability.logging import configure_logging
from shared.persistence.mongo import MongoSettings, connect
from tests.support.path import Node
from tests.support.probing import until

TOPIC = topics.PROFILE_MEMBER


class Run(BaseModel):
    """What to run."""

    side: str
    part: str
    events: int
    service: str
    kafka: KafkaSettings
    mongo: MongoSettings


class Measured(BaseModel):
    """What came out."""

    seconds: float
    cpu_seconds: float


async def timed(work: Callable[[], Awaitable[None]]) -> Measured:
    """Measure time and CPU of some work."""
    began, cpu = time.perf_counter(), time.process_time()
    await work()
    return Measured(seconds=time.perf_counter() - began, cpu_seconds=time.process_time() - cpu)


async def consume_ours(run: Run) -> Measured:
    """Drain the topic with the shipped consumer; the clock runs from the first batch to the last effect."""
    randomness = SystemRandomness()
    node = Node(run.service, connect(run.mongo, run.service, wall=WallClock(), randomness=randomness), run.kafka)
    await node.prepare()
    begin, done, count = asyncio.Event(), asyncio.Event(), 0
    apply = node.consumer.apply

    async def counted(topic: Any, records: Any, **options: Any) -> None:
        nonlocal count
        begin.set()
        await apply(topic, records, **options)
        count += len(records)
        if count >= run.events:
            done.set()

    node.consumer.apply = counted  # type: ignore[method-assign]
    link = BrokerLink(node.consumer, run.kafka, randomness=randomness)
    starting = asyncio.gather(link.run())
    await begin.wait()
    measured = await timed(lambda: _wait(done))
    await starting
    await link.stop()
    return measured


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


async def consume_raw(run: Run) -> Measured:
    """Drain the topic with a loop written by hand."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(run.mongo.url, w="majority", journal=True)
    database = client[f"{run.mongo.database_prefix}_{run.service}"]
    for name in ("inbox", "effects"):
        await database.create_collection(name)
    consumer = AIOKafkaConsumer(
        run.kafka.name_of(TOPIC),
        bootstrap_servers=run.kafka.bootstrap_servers,
        group_id=run.kafka.group_of(run.service, TOPIC),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    count = 0
    batch = await consumer.getmany(timeout_ms=10_000, max_records=run.kafka.batch_max_records)

    async def drain() -> None:
        nonlocal batch, count
        while count < run.events:
            records = [record for each in batch.values() for record in each]
            if records:
                await _apply_raw(client, database, records)
                await consumer.commit()
                count += len(records)
            if count < run.events:
                batch = await consumer.getmany(timeout_ms=50, max_records=run.kafka.batch_max_records)

    measured = await timed(drain)
    await consumer.stop()
    client.close()
    return measured


async def _apply_raw(client: Any, database: Any, records: list[Any]) -> None:
    events = [(Envelope.read(record.headers), contracts.MemberLeft.model_validate_json(record.value)) for record in records]
    now = WallClock().now()
    marks = [UpdateOne({"_id": envelope.id}, {"$setOnInsert": {"at": now}}, upsert=True) for envelope, _ in events]
    async with await client.start_session() as session, session.start_transaction():
        result = await database["inbox"].bulk_write(marks, session=session)
        for position in sorted(result.upserted_ids or {}):
            envelope, data = events[position]
            change = {"$push": {"sequences": envelope.sequence}}
            await database["effects"].update_one({"_id": data.member_id}, change, upsert=True, session=session)


async def relay_ours(run: Run) -> Measured:
    """Drain the outbox with the shipped relay."""
    randomness = SystemRandomness()
    node = Node(run.service, connect(run.mongo, run.service, wall=WallClock(), randomness=randomness), run.kafka)
    sender = KafkaSender(run.kafka, "bench")
    await sender.open()
    relay = node.relay(sender)
    await relay._lease.try_take()

    async def drain() -> None:
        while await relay.run_once():
            pass

    measured = await timed(drain)
    await sender.close()
    return measured


async def relay_raw(run: Run) -> Measured:
    """Drain the outbox with a loop written by hand: read in order, one record per key in flight, delete what is acknowledged."""
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(run.mongo.url, w="majority", journal=True)
    outbox = client[f"{run.mongo.database_prefix}_{run.service}"]["outbox"]
    producer = AIOKafkaProducer(bootstrap_servers=run.kafka.bootstrap_servers, acks="all", enable_idempotence=run.kafka.enable_idempotence)
    await producer.start()

    async def drain() -> None:
        while rows := await outbox.find({}, sort=[("at", 1)], limit=500).to_list(None):
            lanes: dict[str, list[Any]] = {}
            for row in rows:
                lanes.setdefault(row["key"], []).append(row)
            while lanes:
                wave = [lane.pop(0) for lane in lanes.values()]
                lanes = {key: lane for key, lane in lanes.items() if lane}
                sent = [
                    await producer.send(
                        run.kafka.name_of(TOPIC), row["value"], key=row["key"].encode(), headers=[(n, bytes(v)) for n, v in row["headers"]]
                    )
                    for row in wave
                ]
                await asyncio.gather(*sent)
            await outbox.delete_many({"_id": {"$in": [row["_id"] for row in rows]}})

    measured = await timed(drain)
    await producer.stop()
    client.close()
    return measured


async def fill(run: Run) -> Measured:
    """Put facts into the outbox of a service."""
    randomness = SystemRandomness()
    node = Node(run.service, connect(run.mongo, run.service, wall=WallClock(), randomness=randomness), run.kafka)
    await node.prepare()
    link = BrokerLink(node.consumer, run.kafka, randomness=randomness)
    await link.administration.ensure_topics([TOPIC])
    measured = await timed(lambda: node.publish(500, run.events // 500))
    await until(lambda: _known(link), saying="the topic is known")
    await link.administration.close()
    return measured


async def _known(link: BrokerLink) -> bool:
    return await link.administration.lag("nobody", [TOPIC]) is not None


PARTS: dict[tuple[str, str], Callable[[Run], Awaitable[Measured]]] = {
    ("ours", "consumer"): consume_ours,
    ("raw", "consumer"): consume_raw,
    ("ours", "relay"): relay_ours,
    ("raw", "relay"): relay_raw,
    ("ours", "fill"): fill,
}


def main() -> None:
    """Run as a program."""
    run = Run.model_validate_json(sys.argv[1])
    with Path("/dev/null").open("w", encoding="utf-8") as nowhere:
        configure_logging(run.service, stream=nowhere)
        measured = asyncio.run(_run(run))
    sys.stdout.write(measured.model_dump_json() + "\n")


async def _run(run: Run) -> Measured:
    return await PARTS[run.side, run.part](run)


if __name__ == "__main__":
    main()
