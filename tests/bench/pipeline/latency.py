"""From a commit to its effect in another service, at a steady rate, and beside it a bare produce-consume round trip."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.kernel.clock import WallClock
from shared.kernel.randomness import Randomness, SystemRandomness, new_id
from shared.kernel.tasks import Tasks
from shared.messaging.broker import BrokerLink
from shared.messaging.received import Received
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings, connect
from tests.bench.pipeline import filling
from tests.bench.pipeline.one_run import kept
from tests.bench.pipeline.pairs import fresh, spread
from tests.bench.report import Figure
from tests.support.path import Node, OnEvent, Work
from tests.support.probing import until

TOPIC = topics.PROFILE_MEMBER
WARM_UP = 5
ARRIVE_WITHIN_SECONDS = 120.0
GOALS = {"p50": 3.0, "p99": 5.0}
"""In bare round trips of the same run."""
WHATS = ("bare produce to consume", "commit to handler", "commit to effect", "bare find of the database")


def quantiles(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50 and p99 in milliseconds (the nearest rank: a value that was really measured)."""
    ordered = sorted(seconds)
    return {f"p{share}": round(ordered[max(0, -(-len(ordered) * share // 100) - 1)] * 1000, 2) for share in (50, 99)}


async def steadily(count: int, per_second: float, act: Callable[[int], Coroutine[Any, Any, None]]) -> None:
    """Start `act` at fixed moments, whether or not the one before has ended: a slow answer must not thin out the load."""
    tasks = Tasks(lambda _name, _fault: None)
    loop = asyncio.get_running_loop()
    began = loop.time()
    acting = []
    for number in range(count):
        await asyncio.sleep(max(0.0, began + number / per_second - loop.time()))
        acting.append(tasks.spawn(f"act-{number}", act(number)))
    await asyncio.gather(*acting)


async def ours(
    kafka: KafkaSettings, mongo: MongoSettings, randomness: Randomness, *, count: int, per_second: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the quantiles of the time from a commit's return to the call of the handler, and to the return of its own commit."""
    committed: dict[str, float] = {}
    handled: dict[str, float] = {}
    arrived: dict[str, float] = {}

    async def on_left(event: Received[Any], work: Work) -> None:
        handled.setdefault(event.envelope.subject, time.perf_counter())
        await kept(event, work)
        work.tx.after_commit(lambda: arrived.update({event.envelope.subject: time.perf_counter()}))

    async with _two_services(*fresh(kafka, mongo), randomness, on_left) as profile:

        async def publish(number: int, kind: str = "m") -> None:
            await filling.fact(profile.database, profile.bell, f"{kind}{number}")
            committed[f"{kind}{number}"] = time.perf_counter()

        for number in range(WARM_UP):
            await publish(number, "warm")
        await until(lambda: _all_there(arrived, WARM_UP), within=ARRIVE_WITHIN_SECONDS, saying="the warm-up has arrived")
        await steadily(count, per_second, publish)
        await until(lambda: _all_there(arrived, WARM_UP + count), within=ARRIVE_WITHIN_SECONDS, saying="all facts have arrived")
    measured = {key: at for key, at in committed.items() if key.startswith("m")}
    return quantiles([handled[key] - at for key, at in measured.items()]), quantiles([arrived[key] - at for key, at in measured.items()])


@contextlib.asynccontextmanager
async def _two_services(kafka: KafkaSettings, mongo: MongoSettings, randomness: Randomness, on_left: OnEvent) -> AsyncIterator[Node]:
    """Run a consumer of the facts of a publisher whose relay runs; yield the publisher."""
    profile, matching = (
        Node(name, connect(mongo, name, wall=WallClock(), randomness=randomness), kafka, handlers={contracts.MemberLeft: on_left})
        for name in ("profile", "matching")
    )
    await profile.prepare()
    await matching.prepare()
    link = BrokerLink(matching.consumer, kafka, randomness=randomness)
    await link.run()
    profile.tasks.spawn("relay", profile.relay(KafkaSender(kafka, "bench")).run())
    try:
        yield profile
    finally:
        await link.stop()
        await profile.tasks.stop(5)
        await profile.database.close()
        await matching.database.close()


async def _all_there(arrived: dict[str, float], count: int) -> bool:
    return len(arrived) >= count


async def raw(kafka: KafkaSettings, randomness: Randomness, *, count: int, per_second: float) -> dict[str, float]:
    """Return the quantiles of the time from the call of a producer (all replicas acknowledge) to the record at a consumer."""
    topic = f"b{new_id(randomness)[:8]}-roundtrip"
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap_servers, acks="all", enable_idempotence=kafka.enable_idempotence)
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=kafka.bootstrap_servers, auto_offset_reset="earliest")
    sent: dict[bytes, float] = {}
    arrived: dict[str, float] = {}

    async def receive() -> None:
        async for record in consumer:
            arrived[record.value.decode()] = time.perf_counter()

    async def send(number: int, kind: str = "m") -> None:
        value = f"{kind}{number}".encode()
        sent[value] = time.perf_counter()
        await producer.send_and_wait(topic, value, key=value)

    async with contextlib.AsyncExitStack() as endings:
        await _create(kafka, topic)
        await producer.start()
        endings.push_async_callback(producer.stop)
        await send(0, "warm")
        await consumer.start()
        endings.push_async_callback(consumer.stop)
        receiving = Tasks(lambda _name, _fault: None)
        receiving.spawn("receive", receive())
        endings.push_async_callback(receiving.stop, 5)
        for number in range(1, WARM_UP):
            await send(number, "warm")
        await until(lambda: _all_there(arrived, WARM_UP), within=ARRIVE_WITHIN_SECONDS, saying="the warm-up has arrived")
        await steadily(count, per_second, send)
        await until(lambda: _all_there(arrived, WARM_UP + count), within=ARRIVE_WITHIN_SECONDS, saying="all records have arrived")
    return quantiles([arrived[value.decode()] - at for value, at in sent.items() if value.startswith(b"m")])


async def _create(kafka: KafkaSettings, topic: str) -> None:
    administration = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap_servers)
    await administration.start()
    try:
        await administration.create_topics([NewTopic(topic, num_partitions=kafka.partitions, replication_factor=kafka.replication_factor)])
    finally:
        await administration.close()


async def bare_find(mongo: MongoSettings, randomness: Randomness, *, count: int, per_second: float) -> dict[str, float]:
    """Return the quantiles of one read by id: three database commands lie between a commit and the handler of its fact."""
    database = connect(mongo, "bench", wall=WallClock(), randomness=randomness)
    took: list[float] = []

    async def find(_: int) -> None:
        began = time.perf_counter()
        await database.collection("nothing").find_one({"_id": "nobody"})
        took.append(time.perf_counter() - began)

    try:
        await find(0)
        took.clear()
        await steadily(count, per_second, find)
    finally:
        await database.close()
    return quantiles(took)


async def compare(
    kafka: KafkaSettings, mongo: MongoSettings, *, facts: Mapping[int, int], repetitions: int, say: Callable[[str], None]
) -> list[Figure]:
    """Take turns with a bare round trip at several rates; ratios within each pair, their median told."""
    randomness, told = SystemRandomness(), []
    for per_second, count in facts.items():
        runs: list[tuple[dict[str, float], ...]] = []
        for _ in range(repetitions):
            bare = await raw(kafka, randomness, count=count, per_second=per_second)
            found = await bare_find(mongo, randomness, count=count, per_second=per_second)
            runs.append((bare, *await ours(kafka, mongo, randomness, count=count, per_second=per_second), found))
            say(f"  at {per_second} a second, ms: {', '.join(f'{what} {each}' for what, each in zip(WHATS, runs[-1], strict=True))}")
        told += figures(per_second, runs)
    return told


def figures(per_second: int, runs: Sequence[tuple[dict[str, float], ...]]) -> list[Figure]:
    """Return the milliseconds and how many bare round trips they are."""
    part = f"latency, {per_second} events/s"
    told = [
        Figure(part=part, name=f"{what} {name}", unit="ms", better="lower", **spread([run[place][name] for run in runs], 1))
        for place, what in enumerate(WHATS)
        for name in GOALS
    ]
    for name, goal in GOALS.items():
        ratios = spread([run[1][name] / run[0][name] for run in runs])
        told.append(Figure(part=part, name=f"commit to handler {name}", unit="bare round trips", goal=goal, better="lower", **ratios))
    return told
