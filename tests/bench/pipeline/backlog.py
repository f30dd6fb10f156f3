"""A consumer before a mountain: its memory, a kill -9 on the way up, the speed after its restart and before a small hill.

It climbs for minutes, not to the top: how long a million take is the database's affair, what a million that wait cost is ours.
"""

import asyncio
import sys
from dataclasses import dataclass, field

from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings, connect
from tests.bench.pipeline import filling
from tests.bench.pipeline.one_run import Measured, Run
from tests.bench.pipeline.pairs import ROOT, Say, fresh
from tests.bench.report import Figure

MEMORY_GOAL, SPEED_GOAL = 1.1, 0.9
HILL, TELL_EVERY = 6_000, 1_000
REPLICA = "bench-0"
"""A stable name, as a service has it: the group lets the restarted member in at once."""


@dataclass(slots=True)
class Climb:
    """What a process told on its way."""

    told: list[Measured] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Return the events a second, from the first telling to the last: the start is not meant."""
        first, last = self.told[0], self.told[-1]
        return (last.events - first.events) / (last.seconds - first.seconds)

    @property
    def cpu(self) -> float:
        """Return the microseconds of CPU per event."""
        first, last = self.told[0], self.told[-1]
        return (last.cpu_seconds - first.cpu_seconds) * 1e6 / (last.events - first.events)

    @property
    def memory_growth(self) -> float:
        """Return the most memory in the second half of the way, by that after the first tenth: caches are warm by then."""
        warm, half = self.told[len(self.told) // 10].rss_mib, self.told[len(self.told) // 2 :]
        return max(each.rss_mib for each in half) / warm


async def measure(kafka: KafkaSettings, mongo: MongoSettings, *, backlog: int, seconds: float, say: Say) -> list[Figure]:
    """Climb a hill for comparison; then the mountain: be killed after a third or after `seconds`, climb on as long as twice that."""
    hill = await _filled(kafka, mongo, min(HILL, backlog))
    small = await climb(hill, until=hill.events, within=seconds)
    say(f"  {small.told[-1].events:,} of {hill.events:,} waiting: {small.rate:.0f} events/s")
    say(f"  putting {backlog:,} events on the topic …")
    run = await _filled(kafka, mongo, backlog)
    before = await climb(run, until=backlog // 3, within=seconds)
    say(f"  killed after {before.told[-1].events:,}: {before.rate:.0f} events/s, {before.told[-1].rss_mib:.0f} MiB")
    left = backlog - before.told[-1].events - run.kafka.batch_max_records  # the batch in hand may have been committed
    after = await climb(run.model_copy(update={"events": left}), until=left, within=2 * seconds)
    say(f"  then {after.told[-1].events:,}: {after.rate:.0f} events/s, {after.told[-1].rss_mib:.0f} MiB")
    return figures(backlog, small, before, after)


async def _filled(kafka: KafkaSettings, mongo: MongoSettings, events: int) -> Run:
    kafka, mongo = fresh(kafka.model_copy(update={"group_instance_id": REPLICA}), mongo)
    database = connect(mongo, "bench", wall=filling.WALL, randomness=filling.RANDOMNESS)
    await filling.collections(database)
    await database.close()
    await filling.topic(kafka)
    await filling.facts(kafka, events)
    return Run(side="ours", part="consumer", events=events, tell_every=TELL_EVERY, service="bench", kafka=kafka, mongo=mongo)


async def climb(run: Run, until: int, within: float) -> Climb:
    """Let a process consume; kill it with -9 once it has done so many or worked so long, if it has not ended by then."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.pipeline.one_run", run.model_dump_json(), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    way = Climb()
    assert child.stdout is not None
    try:
        async for line in child.stdout:
            way.told.append(Measured.model_validate_json(line))
            if way.told[-1].events >= until or way.told[-1].seconds >= within:
                break
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
    if not way.told or (way.told[-1].events < until and way.told[-1].seconds < within):
        raise RuntimeError(f"the consumer ended with {child.returncode} before {until} events")
    return way


def figures(backlog: int, small: Climb, before: Climb, after: Climb) -> list[Figure]:
    """Return speed before and after the kill and before the hill, and memory on the longer way."""
    name, growth = f"{backlog:,} waiting", round(after.memory_growth, 3)
    return [
        Figure(part="backlog", name=f"{small.told[-1].events:,} waiting", value=round(small.rate), unit="events/s"),
        Figure(part="backlog", name=f"{name}, before the kill", value=round(before.rate), unit="events/s"),
        Figure(part="backlog", name=f"{name}, after the restart", value=round(after.rate), unit="events/s"),
        Figure(part="backlog", name="speed after the restart", value=round(after.rate / before.rate, 2), unit="of before", goal=SPEED_GOAL),
        Figure(part="backlog", name="CPU after the restart", value=round(after.cpu / before.cpu, 2), unit="of before", better="lower"),
        Figure(part="backlog", name="CPU after the restart", value=round(after.cpu / small.cpu, 2), unit="of the hill's", better="lower"),
        Figure(part="backlog", name="consumed after the restart", value=after.told[-1].events, unit="events"),
        Figure(part="backlog", name="memory at the end", value=round(after.told[-1].rss_mib, 1), unit="MiB", better="lower"),
        Figure(part="backlog", name="memory, second half to start", value=growth, unit="times", goal=MEMORY_GOAL, better="lower"),
    ]
