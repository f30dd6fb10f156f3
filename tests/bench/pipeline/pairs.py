"""Tandem beside loops written by hand: pairs in turn, each run a process with topics and databases of its own; ratios within a pair.

Speeds depend on the machine and on the database, ratios of CPU per event of our own process much less: the goals are theirs.
"""

import asyncio
import statistics
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from shared.kernel.randomness import SystemRandomness, new_id
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings, connect
from tests.bench.pipeline import filling
from tests.bench.pipeline.one_run import Measured, Run
from tests.bench.report import Figure

ROOT = Path(__file__).resolve().parents[3]
CONSUMER_GOAL, RELAY_GOAL = 0.95, 0.8
WHATS = {"relay": "relay", "consumer-batch": "consumer, one write per batch", "consumer-each": "consumer, one write per event"}
RELAYED_FOLD = 4
"""Rows of a relay's run per event of a consumer's: they cost a tenth, and a run must outlast its own start."""

Sides = dict[str, list[Measured]]
Say = Callable[[str], None]


def fresh(kafka: KafkaSettings, mongo: MongoSettings) -> tuple[KafkaSettings, MongoSettings]:
    """Return settings for topics, groups and databases that nobody has used."""
    prefix = f"b{new_id(SystemRandomness())[:8]}"
    return kafka.model_copy(update={"topic_prefix": f"{prefix}-"}), mongo.model_copy(update={"database_prefix": prefix})


async def prepare(kafka: KafkaSettings, mongo: MongoSettings, part: str, events: int) -> None:
    """Put there what a run is to work on."""
    database = connect(mongo, "bench", wall=filling.WALL, randomness=filling.RANDOMNESS)
    try:
        await filling.collections(database)
        await filling.topic(kafka)
        if part == "relay":
            await filling.outbox(database, events)
        else:
            await filling.facts(kafka, events)
    finally:
        await database.close()


async def process(run: Run) -> Measured:
    """Make one run in a process of its own."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.pipeline.one_run", run.model_dump_json(), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    try:
        output, _ = await child.communicate()
    finally:
        if child.returncode is None:
            child.kill()
    if child.returncode != 0:
        raise RuntimeError(f"{run.side} {run.part} ended with {child.returncode}")
    return Measured.model_validate_json(output.splitlines()[-1])


async def measure(kafka: KafkaSettings, mongo: MongoSettings, *, events: int, pairs: int, say: Say) -> dict[str, Sides]:
    """Run both sides of everything in turn; `say` is told of every pair."""
    results: dict[str, Sides] = {what: {"ours": [], "raw": []} for what in WHATS}
    for pair in range(pairs):
        for what, sides in results.items():
            part, _, writes = what.partition("-")
            count = events * RELAYED_FOLD if part == "relay" else events
            for side in ("ours", "raw") if pair % 2 == 0 else ("raw", "ours"):
                own_kafka, own_mongo = fresh(kafka, mongo)
                await prepare(own_kafka, own_mongo, part, count)
                told: dict[str, Any] = {"side": side, "part": part, "writes": writes or "batch", "events": count, "service": "bench"}
                sides[side].append(await process(Run(**told, kafka=own_kafka, mongo=own_mongo)))
            say(f"  pair {pair + 1} of {pairs}, {what}: {_told(sides)}")
    return results


def _told(sides: Sides) -> str:
    return ", ".join(f"{side} {_rate(runs[-1]):.0f} events/s and {_cpu(runs[-1]):.0f} µs of CPU" for side, runs in sides.items())


def _rate(run: Measured) -> float:
    return run.events / run.seconds


def _cpu(run: Measured) -> float:
    return run.cpu_seconds * 1e6 / run.events


def compared(sides: Sides) -> dict[str, Any]:
    """Compare runs that were made in pairs: ratios within each pair first, their median after, so that a slow minute hits both."""
    together = list(zip(sides["ours"], sides["raw"], strict=True))
    return {
        "events_per_second": {side: spread([_rate(each) for each in runs], 0) for side, runs in sides.items()},
        "cpu_microseconds_per_event": {side: spread([_cpu(each) for each in runs], 1) for side, runs in sides.items()},
        "ratio_of_throughput": spread([_rate(ours) / _rate(raw) for ours, raw in together]),
        "ratio_of_events_per_cpu": spread([_cpu(raw) / _cpu(ours) for ours, raw in together]),
    }


def spread(values: Sequence[float], digits: int = 2) -> dict[str, float]:
    """Return median and range."""
    return {"value": round(statistics.median(values), digits), "low": round(min(values), digits), "high": round(max(values), digits)}


def figures(results: dict[str, Sides]) -> list[Figure]:
    """Return rates and CPU of both sides, and the paired ratios with their goals."""
    found = []
    for what, name in WHATS.items():
        told = compared(results[what])
        for side, whose in (("ours", "Tandem"), ("raw", "by hand")):
            found += [
                Figure(part=name, name=f"{whose}", unit="events/s", **told["events_per_second"][side]),
                Figure(part=name, name=f"{whose}, CPU", unit="µs/event", better="lower", **told["cpu_microseconds_per_event"][side]),
            ]
        goal = RELAY_GOAL if what == "relay" else CONSUMER_GOAL
        found += [
            Figure(part=name, name="throughput", unit="of by hand", **told["ratio_of_throughput"]),
            Figure(part=name, name="events per CPU", unit="of by hand", goal=goal, **told["ratio_of_events_per_cpu"]),
        ]
    return found
