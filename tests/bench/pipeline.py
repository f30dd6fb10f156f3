"""Our message path against a loop written by hand: pairs in turn on the same servers, ratios of throughput and of CPU per event.

`python -m tests.bench.pipeline [--events 2000] [--pairs 5]` prints JSON. Speeds depend on the machine, the ratios do not: the goal
is 0.5 of the hand-written loop now, 0.8 later.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from shared.kernel.randomness import SystemRandomness, new_id
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings
from tests.bench.pipeline_run import Measured, Run

ROOT = Path(__file__).resolve().parents[2]


def _aside(line: str) -> None:
    sys.stderr.write(line + "\n")


async def measure(
    kafka: KafkaSettings, mongo: MongoSettings, *, events: int = 2_000, pairs: int = 5, say: Callable[[str], None] = _aside
) -> dict[str, Any]:
    """Return rates, CPU per event and paired ratios, each as median with range; `say` is told of every pair."""
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
        say(f"  pair {pair + 1} of {pairs}: " + ", ".join(_told(part, sides, events) for part, sides in results.items()))
    return {"events": events, "pairs": pairs} | {part: compared(sides, events) for part, sides in results.items()}


def _told(part: str, sides: dict[str, list[Measured]], events: int) -> str:
    return f"{part} " + " / ".join(f"{side} {events / runs[-1].seconds:.0f}" for side, runs in sides.items()) + " events/s"


def compared(sides: dict[str, list[Measured]], events: int) -> dict[str, Any]:
    """Compare runs that were made in pairs: ratios within each pair first, their median after, so that a slow minute hits both."""
    rates = [raw.seconds / ours.seconds for ours, raw in zip(sides["ours"], sides["raw"], strict=True)]
    cpus = [raw.cpu_seconds / ours.cpu_seconds for ours, raw in zip(sides["ours"], sides["raw"], strict=True)]
    return {
        "events_per_second": {side: _spread([events / each.seconds for each in runs], 0) for side, runs in sides.items()},
        "cpu_microseconds_per_event": {
            side: _spread([each.cpu_seconds * 1e6 / events for each in runs], 0) for side, runs in sides.items()
        },
        "ratio_of_throughput": _spread(rates),
        "ratio_of_events_per_cpu": _spread(cpus),
    }


def _spread(values: list[float], digits: int = 2) -> dict[str, float]:
    return {"median": round(statistics.median(values), digits), "low": round(min(values), digits), "high": round(max(values), digits)}


async def _process(run: Run) -> Measured:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.pipeline_run", run.model_dump_json(), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"{run.side} {run.part} ended with {process.returncode}")
    return Measured.model_validate_json(output.splitlines()[-1])


def main() -> None:
    """Run against the servers named by the environment."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=2_000)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    kafka = KafkaSettings(bootstrap_servers=os.environ["TANDEM_KAFKA__BOOTSTRAP_SERVERS"])
    mongo = MongoSettings(url=os.environ["TANDEM_MONGO__URL"])
    report = asyncio.run(measure(kafka, mongo, events=options.events, pairs=options.pairs, say=_aside))
    sys.stdout.write(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
