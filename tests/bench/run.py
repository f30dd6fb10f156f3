"""One run: servers and services are started, every part is measured, and all of it ends. A part that fails is named, the others go on."""

import asyncio
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.footprint import Footprint, children_of, sample
from deploy.local.stack import Stack, StackOptions, running_stack
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings
from tests.bench import importing
from tests.bench.parts import Parts, Say, addresses
from tests.bench.pipeline import latency, pairs
from tests.bench.report import Figure, Report, jvm_flags

SETTLED_WITHIN_SECONDS, LOOK_EVERY_SECONDS = 180.0, 1.0
CHILD_WORKS_SECONDS, IDLE_TRIES = 0.05, 5
IDLE_CPU_GOAL, IDLE_RSS_GOAL = 12.0, 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. `facts`: how many facts at how many a second."""

    quick: bool
    rows: int
    events: int
    pairs: int
    settle_seconds: float
    idle_seconds: float
    facts: Mapping[int, int]


FULL = Plan(quick=False, rows=2_000, events=2_000, pairs=5, settle_seconds=15.0, idle_seconds=30.0, facts={5: 150, 50: 600})
QUICK = Plan(quick=True, rows=500, events=1_000, pairs=2, settle_seconds=4.0, idle_seconds=10.0, facts={5: 30, 50: 150})


class Bench(Parts):
    """Collects figures into a report."""

    def __init__(self, plan: Plan, say: Say) -> None:
        """`say` tells progress."""
        super().__init__(Report(quick=plan.quick), say)
        self.plan = plan

    async def run(self) -> Report:
        """Measure everything on servers of its own."""
        with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
            try:
                async with running_stack(StackOptions(), self.say) as stack:
                    await self._on(stack, Path(folder))
            except Exception as fault:  # noqa: BLE001 - named in the report, which is written all the same
                self.report.unmeasured["servers and services"] = f"{type(fault).__name__}: {fault}"
        return self.report

    async def _on(self, stack: Stack, folder: Path) -> None:
        self.report.servers = [f"{server.product} {server.version}" for server in (stack.kafka, stack.mongo)]
        self.report.jvm_flags = jvm_flags([running.pid for running in stack.kafka.processes])
        await self.part("idle", lambda: self._idle(stack))
        await self.part("import", lambda: self._import(stack, folder))
        await stack.services.stop()
        kafka, mongo = addresses(stack)
        await self.part("pipeline", lambda: self._pipeline(kafka, mongo))
        await self.part("latency", lambda: latency.compare(kafka, mongo, facts=self.plan.facts, repetitions=1, say=self.say))

    async def _idle(self, stack: Stack) -> list[Figure]:
        pids = {running.name: running.pid for running in stack.processes.alive}
        for _ in range(IDLE_TRIES):
            await settled(pids, self.plan.settle_seconds)
            before = children_of(pids.values())
            found = await sample(pids, self.plan.idle_seconds)
            if children_of(pids.values()).keys() == before.keys():
                return idle_figures(found)
            self.say("  a process started or ended something meanwhile: once more")
        raise RuntimeError("the processes never became idle")

    async def _import(self, stack: Stack, folder: Path) -> list[Figure]:
        rate = await importing.measure(stack, self.plan.rows, folder, self.say)
        return [Figure(part="import", name=f"{self.plan.rows} people, all services running", value=round(rate, 1), unit="rows/s")]

    async def _pipeline(self, kafka: KafkaSettings, mongo: MongoSettings) -> list[Figure]:
        return pairs.figures(await pairs.measure(kafka, mongo, events=self.plan.events, pairs=self.plan.pairs, say=self.say))


async def settled(pids: Mapping[str, int], for_seconds: float, within: float = SETTLED_WITHIN_SECONDS) -> None:
    """Wait until no process has a child that comes, goes or works: what a start sets going (compiling the engine) is not idle."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    seen, since = children_of(pids.values()), loop.time()
    while loop.time() - since < for_seconds and loop.time() < deadline:
        await asyncio.sleep(min(LOOK_EVERY_SECONDS, for_seconds / 4))
        now = children_of(pids.values())
        if now.keys() != seen.keys() or sum(now.values()) - sum(seen.values()) > CHILD_WORKS_SECONDS:
            since = loop.time()
        seen = now


def idle_figures(found: Footprint) -> list[Figure]:
    """Return CPU and memory of each process, and of all with their goals."""
    figures = []
    for one in found.figures:
        figures += [
            Figure(part="idle", name=f"{one.name} CPU", value=round(one.cpu_percent, 2), unit="% of a core", better="lower"),
            Figure(part="idle", name=f"{one.name} memory", value=round(one.rss_mib, 1), unit="MiB", better="lower"),
        ]
    cpu, rss = round(found.cpu_percent, 2), round(found.rss_mib, 1)
    figures += [
        Figure(part="idle", name="all CPU", value=cpu, unit="% of a core", goal=IDLE_CPU_GOAL, better="lower"),
        Figure(part="idle", name="all memory", value=rss, unit="MiB", goal=IDLE_RSS_GOAL, better="lower"),
    ]
    return figures
