"""What a run finds: facts on the topic, rows in the outbox, ids in the inbox. Written in bulk, by none of the code that is measured."""

import asyncio
from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import Any

from aiokafka import AIOKafkaProducer

from shared.contracts import envelope as envelopes
from shared.contracts import profile as contracts
from shared.kernel.cause import Cause
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness, new_id
from shared.messaging import inbox
from shared.messaging.administration import Administration
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.messaging.outbox import Outbox
from shared.messaging.settings import KafkaSettings
from shared.messaging.status import INDEXES
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.indexes import Index
from shared.persistence.leases import COLLECTION as LEASES
from tests.support.path import EFFECTS

TOPIC = contracts.MemberLeft.TOPIC
KEYS = 500
AT_ONCE = 1_000
KEPT = timedelta(days=1_000)
APART = timedelta(milliseconds=1)
"""Between two rows of the outbox: a thousand facts a second."""
WALL, RANDOMNESS = WallClock(), SystemRandomness()


async def collections(database: Database) -> None:
    """Make collections and indexes as a service does."""
    await database.ensure_indexes([*INDEXES, Index(collection=EFFECTS)])


async def topic(kafka: KafkaSettings) -> None:
    """Make the topic as a service does."""
    administration = Administration(kafka, client_id="bench")
    try:
        await administration.ensure_topics([TOPIC])
    finally:
        await administration.close()


def _envelope(number: int) -> tuple[envelopes.Envelope, contracts.MemberLeft]:
    """Return the n-th fact: keys in turn, so that the n-th of each key has sequence n."""
    fact = contracts.MemberLeft(member_id=f"k{number % KEYS}")
    event_id, correlation_id = new_id(RANDOMNESS), new_id(RANDOMNESS)
    return envelopes.Envelope(
        id=event_id,
        type=fact.TYPE,
        source=envelopes.source_of("profile"),
        subject=fact.key,
        time=WALL.now(),
        sequence=number // KEYS + 1,
        correlation_id=correlation_id,
    ), fact


async def facts(kafka: KafkaSettings, count: int, first: int = 0) -> list[str]:
    """Put facts on the topic; return their ids."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, linger_ms=20, max_batch_size=65_536)
    await producer.start()
    ids: list[str] = []
    try:
        for begin in range(first, first + count, AT_ONCE):
            sent: list[Awaitable[Any]] = []
            for number in range(begin, min(begin + AT_ONCE, first + count)):
                envelope, fact = _envelope(number)
                value = envelopes.data_bytes(fact)
                sent.append(await producer.send(kafka.name_of(TOPIC), value, key=fact.key.encode(), headers=envelope.headers()))
                ids.append(envelope.id)
            await asyncio.gather(*sent)
    finally:
        await producer.stop()
    return ids


async def outbox(database: Database, count: int) -> None:
    """Put rows into the outbox as a relay left them that died: its lease says how far it had come."""
    began = WALL.now() - count * APART
    for begin in range(0, count, AT_ONCE):
        rows = [_row(number, began + number * APART) for number in range(begin, min(begin + AT_ONCE, count))]
        await database.collection(OUTBOX).insert_many(rows)
    lease = {"_id": "relay", "owner": "former", "replica": None, "token": 1, "until": began, "reached": began}
    await database.collection(LEASES).insert_one(lease)


def _row(number: int, at: datetime) -> Document:
    envelope, fact = _envelope(number)
    return {
        "_id": envelope.id,
        "topic": TOPIC.name,
        "key": envelope.subject,
        "version": envelope.sequence,
        "index": 0,
        "at": at,
        "headers": [list(header) for header in envelope.headers()],
        "value": envelopes.data_bytes(fact),
        "correlation_id": envelope.correlation_id,
    }


async def fact(database: Database, bell: Doorbell, key: str) -> None:
    """Commit one fact and ring the relay: the smallest transaction that tells something, one insert and the commit."""

    async def put(tx: Transaction) -> None:
        cause = Cause(correlation_id=new_id(RANDOMNESS))
        rows = Outbox(tx, service="profile", cause=cause, clock=WALL, randomness=RANDOMNESS, doorbell=bell)
        await rows.add(contracts.MemberLeft(member_id=key), sequence=1)

    await database.transact("bench.fact", put)


async def replicas(database: Database, count: int) -> None:
    """Put documents of other keys beside those that the events are about."""
    for begin in range(0, count, AT_ONCE):
        rows = [{"_id": f"other-{number}", "sequences": list(range(10))} for number in range(begin, min(begin + AT_ONCE, count))]
        await database.collection(EFFECTS).insert_many(rows)


async def marks(database: Database, service: str, ids: list[str]) -> None:
    """Put ids into the inbox, as if their events had been handled."""
    now = WALL.now()
    for begin in range(0, len(ids), AT_ONCE):
        rows = [{"_id": f"{service}:{each}", "at": now, "expires_at": now + KEPT} for each in ids[begin : begin + AT_ONCE]]
        await database.collection(inbox.COLLECTION).insert_many(rows)
