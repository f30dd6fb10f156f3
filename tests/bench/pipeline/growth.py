"""Does an event cost more the more events are stored? The same work beside few and many rows of the outbox, inbox and topic."""

from collections.abc import Sequence

from shared.kernel.randomness import new_id
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings, connect
from tests.bench.pipeline import filling
from tests.bench.pipeline.one_run import Measured, Run
from tests.bench.pipeline.pairs import Say, fresh, process, spread
from tests.bench.report import Figure

GROWTH_GOAL = 1.2
"""A second run of the very same thing may differ as much on a busy machine."""
Found = dict[str, dict[int, list[Measured]]]


async def measure(kafka: KafkaSettings, mongo: MongoSettings, *, stored: Sequence[int], events: int, repetitions: int, say: Say) -> Found:
    """Return the runs by stage and by number of stored events; sizes take turns."""
    found: Found = {stage: {size: [] for size in stored} for stage in ("relay", "consumer")}
    places = {}
    for size in stored:
        say(f"  storing {size:,} events …")
        places[size] = fresh(kafka, mongo)
        await _store(*places[size], size, events * repetitions)
    for _ in range(repetitions):
        for stage in found:
            for size, (own_kafka, own_mongo) in places.items():
                run = Run(side="ours", part=stage, events=events, service=stage, kafka=own_kafka, mongo=own_mongo)
                found[stage][size].append(await process(run))
                last = found[stage][size][-1]
                say(f"  {stage}, {size:,} stored: {last.events / last.seconds:.0f} events/s, {_cpu(last):.0f} µs of CPU each")
    return found


async def _store(kafka: KafkaSettings, mongo: MongoSettings, size: int, more: int) -> None:
    """Fill an outbox, an inbox with `size` ids that nobody sends any more, replicas of as many other keys, and a topic."""
    relay, consumer = (connect(mongo, each, wall=filling.WALL, randomness=filling.RANDOMNESS) for each in ("relay", "consumer"))
    try:
        await filling.topic(kafka)
        await filling.collections(relay)
        await filling.outbox(relay, size + more)
        await filling.collections(consumer)
        await filling.marks(consumer, "consumer", [new_id(filling.RANDOMNESS) for _ in range(size)])
        await filling.replicas(consumer, size)
        await filling.facts(kafka, more)
    finally:
        await relay.close()
        await consumer.close()


def _cpu(run: Measured) -> float:
    return run.cpu_seconds * 1e6 / run.events


def figures(found: Found) -> list[Figure]:
    """Return cost and speed per size, and how the cost grew from the smallest to the largest."""
    told = []
    for stage, sizes in found.items():
        for size, runs in sizes.items():
            rates, costs = spread([each.events / each.seconds for each in runs], 0), spread([_cpu(each) for each in runs], 1)
            told += [
                Figure(part="growth", name=f"{stage}, {size:,} stored", unit="events/s", **rates),
                Figure(part="growth", name=f"{stage}, {size:,} stored, CPU", unit="µs/event", better="lower", **costs),
            ]
        few, many = min(sizes), max(sizes)
        ratios = spread([_cpu(large) / _cpu(small) for small, large in zip(sizes[few], sizes[many], strict=True)])
        name = f"{stage}, CPU, {many:,} to {few:,}"
        told.append(Figure(part="growth", name=name, unit="times", goal=GROWTH_GOAL, better="lower", **ratios))
    return told
