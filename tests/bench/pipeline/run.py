"""One run of the pipeline benchmark: servers of its own, every part measured, all of it ended. A part that fails is named."""

import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from deploy.local.stack import Stack, StackOptions, running_stack
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings
from tests.bench.parts import Parts, Say, addresses
from tests.bench.pipeline import backlog, command_to_mail, growth, latency, pairs
from tests.bench.report import Figure, Report, jvm_flags

PARTS = ("command", "pairs", "latency", "growth", "backlog")
A_WORKING_DAY = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. `facts`: how many facts at how many a second."""

    quick: bool
    events: int
    pairs: int
    stored: tuple[int, ...]
    repetitions: int
    backlog: int
    climb_seconds: float
    commands: int
    facts: Mapping[int, int]


FULL = Plan(
    quick=False,
    events=5_000,
    pairs=7,
    stored=(10_000, 100_000),
    repetitions=3,
    backlog=1_000_000,
    climb_seconds=90.0,
    commands=40,
    facts={5: 100, 50: 500},
)
QUICK = Plan(
    quick=True,
    events=1_000,
    pairs=2,
    stored=(1_000, 10_000),
    repetitions=2,
    backlog=10_000,
    climb_seconds=20.0,
    commands=8,
    facts={5: 25, 50: 150},
)


class PipelineBench(Parts):
    """Collects figures into a report."""

    def __init__(self, plan: Plan, parts: tuple[str, ...], say: Say) -> None:
        """Measure `parts`; `say` tells progress."""
        super().__init__(Report(quick=plan.quick), say)
        self.plan = plan
        self.parts = parts

    async def run(self) -> Report:
        """Measure everything; services run only for the part that needs them."""
        try:
            async with AsyncExitStack() as endings:
                folder = Path(endings.enter_context(tempfile.TemporaryDirectory(prefix="tandem-bench-")))
                stack = await endings.enter_async_context(running_stack(StackOptions(clock_start=A_WORKING_DAY), self.say))
                self.report.servers = [f"{server.product} {server.version}" for server in (stack.kafka, stack.mongo)]
                self.report.jvm_flags = jvm_flags([running.pid for running in stack.kafka.processes])
                await self._on(stack, folder)
        except Exception as fault:  # noqa: BLE001 - named in the report, which is written all the same
            self.report.unmeasured["servers and services"] = f"{type(fault).__name__}: {fault}"
        return self.report

    async def _on(self, stack: Stack, folder: Path) -> None:
        plan, (kafka, mongo) = self.plan, addresses(stack)
        if "command" in self.parts:
            await self.part("command to mail", lambda: command_to_mail.measure(stack, folder, commands=plan.commands, say=self.say))
        await stack.services.stop()
        if "pairs" in self.parts:
            await self.part("pairs", lambda: self._pairs(kafka, mongo))
        if "latency" in self.parts:
            await self.part("latency", lambda: latency.compare(kafka, mongo, facts=plan.facts, repetitions=plan.repetitions, say=self.say))
        if "growth" in self.parts:
            await self.part("growth", lambda: self._growth(kafka, mongo))
        if "backlog" in self.parts:
            await self.part("backlog", lambda: self._backlog(kafka, mongo))

    async def _pairs(self, kafka: KafkaSettings, mongo: MongoSettings) -> list[Figure]:
        return pairs.figures(await pairs.measure(kafka, mongo, events=self.plan.events, pairs=self.plan.pairs, say=self.say))

    async def _backlog(self, kafka: KafkaSettings, mongo: MongoSettings) -> list[Figure]:
        return await backlog.measure(kafka, mongo, backlog=self.plan.backlog, seconds=self.plan.climb_seconds, say=self.say)

    async def _growth(self, kafka: KafkaSettings, mongo: MongoSettings) -> list[Figure]:
        plan = self.plan
        found = await growth.measure(kafka, mongo, stored=plan.stored, events=plan.events, repetitions=plan.repetitions, say=self.say)
        return growth.figures(found)
