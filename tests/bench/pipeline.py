"""Our message path against a loop written by hand: pairs in turn on the same servers, ratios of throughput and of CPU per event.

`python -m tests.bench.pipeline [--events 2000] [--pairs 3]` prints JSON. Speeds depend on the machine, the ratios do not: the goal
is 0.5 of the hand-written loop now, 0.8 later. The latency part commits facts one by one and takes the time until their effect.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from shared.contracts import profile as contracts
from shared.kernel.clock import WallClock
from shared.kernel.randomness import Randomness, SystemRandomness, new_id
from shared.messaging.broker import BrokerLink
from shared.messaging.received import Received
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings, connect
from tests.bench.pipeline_run import Measured, Run
from tests.support.path import Node, Work, noted

ROOT = Path(__file__).resolve().parents[2]


async def measure(kafka: KafkaSettings, mongo: MongoSettings, *, events: int = 2_000, pairs: int = 3) -> dict[str, Any]:
    """Return rates, paired ratios and latencies."""
    randomness = SystemRandomness()
    results: dict[str, dict[str, list[Measured]]] = {part: {"ours": [], "raw": []} for part in ("relay", "consumer")}
    for pair in range(pairs):
        for side in ("ours", "raw") if pair % 2 == 0 else ("raw", "ours"):
            prefix = f"b{new_id(randomness)[:8]}"
            settings = kafka.model_copy(update={"topic_prefix": f"{prefix}-"})
            place = mongo.model_copy(update={"database_prefix": prefix})
            publisher = Run(side="ours", part="fill", events=events, service="profile", kafka=settings, mongo=place)
            await _process(publisher)
            results["relay"][side].append(await _process(publisher.model_copy(update={"side": side, "part": "relay"})))
            consumer = publisher.model_copy(update={"side": side, "part": "consumer", "service": "matching"})
            results["consumer"][side].append(await _process(consumer))
    report: dict[str, Any] = {"events": events, "pairs": pairs}
    for part, sides in results.items():
        report[part] = _compared(sides, events)
    report["latency_ms"] = await latency(kafka, mongo, randomness)
    return report


def _compared(sides: dict[str, list[Measured]], events: int) -> dict[str, Any]:
    rates = [raw.seconds / ours.seconds for ours, raw in zip(sides["ours"], sides["raw"], strict=True)]
    cpus = [raw.cpu_seconds / ours.cpu_seconds for ours, raw in zip(sides["ours"], sides["raw"], strict=True)]
    return {
        "events_per_second": {side: round(events / statistics.median(each.seconds for each in runs)) for side, runs in sides.items()},
        "ratio_of_throughput": _spread(rates),
        "ratio_of_events_per_cpu": _spread(cpus),
    }


def _spread(values: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(values), 2), "low": round(min(values), 2), "high": round(max(values), 2)}


async def _process(run: Run) -> Measured:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.pipeline_run", run.model_dump_json(), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{run.side} {run.part} ended with {process.returncode}")
    return Measured.model_validate_json(output.splitlines()[-1])


async def latency(kafka: KafkaSettings, mongo: MongoSettings, randomness: Randomness, *, facts: int = 200) -> dict[str, float]:
    """Return the time from a commit to its effect in another service, both in this process, about 20 facts a second."""
    prefix = f"b{new_id(randomness)[:8]}"
    settings = kafka.model_copy(update={"topic_prefix": f"{prefix}-"})
    place = mongo.model_copy(update={"database_prefix": prefix})
    began: dict[int, float] = {}
    took: list[float] = []

    async def on_left(event: Received[Any], work: Work) -> None:
        await noted(event, work)
        work.tx.after_commit(lambda: took.append(time.perf_counter() - began[event.envelope.sequence]))

    wall = WallClock()
    profile = Node("profile", connect(place, "profile", wall=wall, randomness=randomness), settings)
    consuming = connect(place, "matching", wall=wall, randomness=randomness)
    matching = Node("matching", consuming, settings, handlers={contracts.MemberLeft: on_left})
    await profile.prepare()
    await matching.prepare()
    link = BrokerLink(matching.consumer, settings, randomness=randomness)
    await link.run()
    profile.tasks.spawn("relay", profile.relay(KafkaSender(settings, "bench")).run())
    for number in range(1, facts + 1):
        began[number] = time.perf_counter()  # before the commit: its time is part of it
        await profile.publish(1, 1)
        await asyncio.sleep(0.05)
    await link.stop()
    await profile.tasks.stop(5)
    took.sort()
    return {f"p{share}": round(took[min(len(took) - 1, len(took) * share // 100)] * 1000, 1) for share in (50, 95, 99)}


def main() -> None:
    """Run against the servers named by the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--pairs", type=int, default=3)
    options = parser.parse_args()
    kafka = KafkaSettings(bootstrap_servers=os.environ["TANDEM_KAFKA__BOOTSTRAP_SERVERS"])
    mongo = MongoSettings(url=os.environ["TANDEM_MONGO__URL"])
    report = asyncio.run(measure(kafka, mongo, events=options.events, pairs=options.pairs))
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
