"""One run: seed and plan in, verdict and digest out."""

import asyncio
import gc
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import fastapi.dependencies.models
import structlog

from shared.http.auth import Principal, Role
from shared.kernel.tasks import Tasks
from tests.simulation import oracle, rules_business, rules_path
from tests.simulation.company import Company
from tests.simulation.facts import Ledger, event_id
from tests.simulation.faults import LIFE, Fault
from tests.simulation.loop import Deadlock, TooManySteps
from tests.simulation.node import Servers
from tests.simulation.restarts import cheap_restarts
from tests.simulation.world import World
from tests.support.principals import token_of

REPLICAS = {"profile": 2, "matching": 2, "scheduling": 2, "notification": 2}
PROCESSES = tuple(f"{service}-{n + 1}" for service, many in REPLICAS.items() for n in range(many))
SETTLES_WITHIN = 100.0
CHECKED_EVERY = 7.0
OPERATORS_LOOK_EVERY, OPERATORS_LOOK_AT_REST = 5.0, 1.0
STEPS_MAX = 400_000
LONGEST = 600.0
PEOPLE = 5
ALWAYS = (*rules_path.ALWAYS, *rules_business.ALWAYS)
RULES = (*ALWAYS, *rules_path.AT_REST, *rules_business.AT_REST)


@dataclass
class Verdict:
    """What a run showed."""

    seed: int
    digest: str
    violations: list[oracle.Violation]
    fired: list[Fault]
    hits: Mapping[str, int]
    reached: Mapping[str, int] = field(default_factory=dict)
    trace: list[str] = field(default_factory=list)
    copies: int = 0
    """Records on topics beyond one per fact."""
    mails_again: int = 0
    seconds: float = 0.0
    steps: int = 0
    checks: int = 0
    """How often a rule was asked."""


class Stop(Exception):
    """A checkpoint found something: the trace ends here."""


class _Run:
    """One run and all that is in it."""

    def __init__(self, seed: int, faults: Sequence[Fault], *, keep_trace: bool, lasts: float, settles: float) -> None:
        self.world = World(seed, faults, keep_trace=keep_trace)
        self.world.loop.steps_max = STEPS_MAX
        self.servers = Servers(self.world, REPLICAS)
        self.servers.service_token = token_of(Principal(subject="notification", roles=(Role.SERVICE,)))
        self.company = Company(self.world, self.servers, PEOPLE, lasts)
        self.written: list[dict[str, Any]] = []
        self.evidence = oracle.Evidence(self.servers, self.company, Ledger(self.servers), self.written, self.world.loop.troubles)
        self.found: list[oracle.Violation] = []
        self.checks = 0
        self._settles = settles

    def live(self) -> None:
        """Go from the beginning to the verdict."""
        _listen(self.written, self.world)
        try:
            with cheap_restarts():
                self.world.loop.run(self._story(), within=LONGEST)
        except Stop:
            return
        except (Deadlock, TooManySteps) as fault:
            self.found.append(oracle.Violation("ends", repr(fault)))
        self._check(RULES)

    async def _story(self) -> None:
        loop = self.world.loop
        self.servers.start()
        tasks = Tasks(lambda _name, _fault: None)
        checkpoints = tasks.spawn("checkpoints", self._checkpoints())
        months = tasks.spawn("months", self.company.months(self.world.unleash))
        tasks.spawn("operators", self.company.look_after(OPERATORS_LOOK_EVERY))
        await asyncio.wait([months, checkpoints], return_when=asyncio.FIRST_COMPLETED)
        for done in (each for each in (months, checkpoints) if each.done()):
            done.result()
        self.world.heal()
        began = loop.time()
        tasks.spawn("operators at rest", self.company.look_after(OPERATORS_LOOK_AT_REST))
        await asyncio.sleep(oracle.GRACE.total_seconds())
        while waiting := oracle.unrest(self.servers):
            if loop.time() - began > self._settles:
                self.found.append(oracle.Violation("comes-to-rest", "; ".join(waiting)))
                return
            await asyncio.sleep(0.5)

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(CHECKED_EVERY)
            self._check(ALWAYS)
            if self.found:
                raise Stop

    def _check(self, rules: Sequence[oracle.Rule]) -> None:
        self.found += oracle.judge(self.evidence, rules)
        self.checks += len(rules)

    def verdict(self) -> Verdict:
        """Say what it showed."""
        records = [event_id(record) for record in self.servers.broker.appended]
        mails = [message for _, message in self.servers.mail.taken]
        return Verdict(
            seed=self.world.seed,
            digest=self.world.trace.digest,
            violations=self.found,
            fired=self.world.fired,
            hits=self.world.hits,
            reached=oracle.reached(self.evidence),
            trace=self.world.trace.lines,
            copies=len(records) - len(set(records)),
            mails_again=len(mails) - len(set(mails)),
            seconds=self.world.loop.time(),
            steps=self.world.loop.steps,
            checks=self.checks,
        )


def run(seed: int, faults: Sequence[Fault], *, keep_trace: bool = False, lasts: float = LIFE, settles: float = SETTLES_WITHIN) -> Verdict:
    """Live a company's months (`lasts` virtual seconds) under faults, heal, come to rest (within `settles`), and judge."""
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()
    it = _Run(seed, faults, keep_trace=keep_trace, lasts=lasts, settles=settles)
    try:
        it.live()
        return it.verdict()
    finally:
        _bury(it.world)
        structlog.reset_defaults()
        _forget_routes()
        gc.unfreeze()
        if collecting:
            gc.enable()


def _listen(written: list[dict[str, Any]], world: World) -> None:
    """Catch what the services would log as an error: a bug that was survived is still a bug."""

    def catch(_logger: Any, level: str, line: Any) -> Any:
        if level in {"error", "critical"}:
            fault = line.get("exc_info")
            written.append({**line, "at": round(world.loop.time(), 6), "fault": fault})
        raise structlog.DropEvent

    structlog.configure(processors=[catch], wrapper_class=structlog.make_filtering_bound_logger(40), cache_logger_on_first_use=False)


def _forget_routes() -> None:
    """Empty FastAPI's caches of what a route's function is: they would hold each run's processes for ever."""
    for cached in vars(fastapi.dependencies.models).values():
        if hasattr(cached, "cache_clear"):
            cached.cache_clear()


def _bury(world: World) -> None:
    """End the coroutines of all processes, now that nothing they do can count; what their endings say is of no interest."""
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        for process in list(world.loop._processes):
            world.loop.kill(process)
        for task in world.loop.graveyard:
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            if not task.done():
                with suppress(BaseException):
                    task.get_coro().close()
        world.loop.graveyard.clear()
        gc.collect()
    finally:
        sys.unraisablehook = hook
