"""What one would write by hand with aiokafka, pydantic and motor: the same reads and inserts in the same batches, and nothing else.

No dead letters, lanes, leases, retries, fencing or log lines: a faulty record or a lost connection ends it.
"""

import asyncio
from datetime import timedelta
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReplaceOne

from shared.contracts import profile as contracts
from shared.contracts.envelope import Envelope
from shared.kernel.clock import WallClock
from shared.messaging.settings import KafkaSettings
from shared.persistence.ids import IDS_OF_A_BATCH, by_ids
from shared.persistence.mongo import MongoSettings

TOPIC = contracts.MemberLeft.TOPIC
ROWS = 500
KEPT = timedelta(days=1_100)


class Counting(Protocol):
    """What is told how far it is."""

    events: int
    done: int

    def begin(self) -> None:
        """Start the clocks."""

    def add(self, events: int) -> None:
        """Count events."""


def _database(mongo: MongoSettings, service: str) -> tuple[Any, Any]:
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(mongo.url, w="majority", journal=True, tz_aware=True)
    return client, client[f"{mongo.database_prefix}_{service}"]


async def consumer(kafka: KafkaSettings, mongo: MongoSettings, service: str, writes: str, meter: Counting) -> None:
    """Drain the topic."""
    client, database = _database(mongo, service)
    inbox, effects = database["inbox"], database["effects"]
    reader = AIOKafkaConsumer(
        kafka.name_of(TOPIC),
        bootstrap_servers=kafka.bootstrap_servers,
        group_id=kafka.group_of(service, TOPIC),
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await reader.start()
    while meter.done < meter.events:
        batch = await reader.getmany(timeout_ms=1_000, max_records=kafka.batch_max_records)
        records = [record for each in batch.values() for record in each]
        if records:
            meter.begin()
            await _apply(client, inbox, effects, writes, service, records)
            await reader.commit()
            meter.add(len(records))
    await reader.stop()
    client.close()


async def _apply(client: Any, inbox: Any, effects: Any, writes: str, service: str, records: list[Any]) -> None:  # noqa: PLR0917
    events = [(Envelope.read(record.headers), contracts.MemberLeft.model_validate_json(record.value)) for record in records]
    now = WallClock().now()
    marks = [f"{service}:{envelope.id}" for envelope, _ in events]
    async with await client.start_session() as session, session.start_transaction():
        known = {each["_id"] for each in await inbox.find({"_id": {"$in": marks}}, {"_id": 1}, session=session).to_list(None)}
        rows = [{"_id": each, "at": now, "expires_at": now + KEPT} for each in marks if each not in known]
        if rows:
            await inbox.insert_many(rows, session=session)
        new = [event for event, mark in zip(events, marks, strict=True) if mark not in known]
        if writes == "each":
            for envelope, data in new:
                await effects.update_one({"_id": data.member_id}, {"$push": {"sequences": envelope.sequence}}, upsert=True, session=session)
        elif new:
            await _replace(effects, new, session)


async def _replace(effects: Any, new: list[tuple[Envelope, Any]], session: Any) -> None:
    wanted = list({data.member_id for _, data in new})
    finds = [effects.find(some, session=session) for some in by_ids(wanted, at_once=IDS_OF_A_BATCH)]
    known = {each["_id"]: each["sequences"] for found in finds for each in await found.to_list(None)}
    for envelope, data in new:
        known[data.member_id] = [*known.get(data.member_id, [])[-9:], envelope.sequence]
    writes = [ReplaceOne({"_id": key}, {"_id": key, "sequences": sequences}, upsert=True) for key, sequences in known.items()]
    await effects.bulk_write(writes, session=session)


async def relay(kafka: KafkaSettings, mongo: MongoSettings, service: str, meter: Counting) -> None:
    """Empty the outbox: read in order, one record per key in flight, delete what is acknowledged."""
    client, database = _database(mongo, service)
    outbox, topic = database["outbox"], kafka.name_of(TOPIC)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=kafka.enable_idempotence)
    await producer.start()
    meter.begin()
    while meter.done < meter.events:
        rows = await outbox.find({}, sort=[("at", 1)], limit=ROWS).to_list(None)
        lanes: dict[str, list[Any]] = {}
        for row in rows:
            lanes.setdefault(row["key"], []).append(row)
        while lanes:
            wave = [lane.pop(0) for lane in lanes.values()]
            lanes = {key: lane for key, lane in lanes.items() if lane}
            sent = [await producer.send(topic, row["value"], key=row["key"].encode(), headers=_headers(row)) for row in wave]
            await asyncio.gather(*sent)
        await outbox.delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
        meter.done += len(rows)
    meter.add(0)
    await producer.stop()
    client.close()


def _headers(row: Any) -> list[tuple[str, bytes]]:
    return [(name, bytes(value)) for name, value in row["headers"]]
