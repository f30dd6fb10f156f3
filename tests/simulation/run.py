"""One run: seed and plan in, verdict and digest out."""

import asyncio
import gc
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from shared.http.auth import Principal, Role
from tests.simulation import oracle
from tests.simulation.company import Company
from tests.simulation.facts import event_id
from tests.simulation.faults import Fault
from tests.simulation.loop import Deadlock, TooManySteps
from tests.simulation.node import Servers
from tests.simulation.world import World
from tests.support.principals import token_of

REPLICAS = {"profile": 1, "matching": 2, "scheduling": 1, "notification": 1}
PROCESSES = tuple(f"{service}-{n + 1}" for service, many in REPLICAS.items() for n in range(many))
LASTS = 40.0
SETTLES_WITHIN = 100.0
STEPS_MAX = 250_000
PEOPLE = 5


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


def run(seed: int, faults: Sequence[Fault], *, keep_trace: bool = False, lasts: float = LASTS, settles: float = SETTLES_WITHIN) -> Verdict:
    """Live a company's months (`lasts` virtual seconds) under faults, heal, come to rest (within `settles`), and judge."""
    collecting = gc.isenabled()
    gc.disable()
    gc.freeze()
    written: list[dict[str, Any]] = []
    world = World(seed, faults, keep_trace=keep_trace)
    _listen(written, world)
    world.loop.steps_max = STEPS_MAX
    servers = Servers(world, REPLICAS)
    servers.service_token = token_of(Principal(subject="notification", roles=(Role.SERVICE,)))
    company = Company(world, servers, PEOPLE, lasts)
    found: list[oracle.Violation] = []
    try:
        try:
            world.loop.run(_story(world, servers, company, found, settles), within=LASTS + SETTLES_WITHIN * 3)
        except (Deadlock, TooManySteps) as fault:
            found.append(oracle.Violation("ends", repr(fault)))
        found += oracle.judge(oracle.Evidence(servers, company, written, world.loop.troubles))
        return _verdict(world, servers, found)
    finally:
        _bury(world)
        structlog.reset_defaults()
        gc.unfreeze()
        if collecting:
            gc.enable()


def _verdict(world: World, servers: Servers, found: list[oracle.Violation]) -> Verdict:
    records = [event_id(record) for record in servers.broker.appended]
    mails = [message for _, message in servers.mail.taken]
    return Verdict(
        seed=world.seed,
        digest=world.trace.digest,
        violations=found,
        fired=world.fired,
        hits=world.hits,
        reached=oracle.reached(servers),
        trace=world.trace.lines,
        copies=len(records) - len(set(records)),
        mails_again=len(mails) - len(set(mails)),
        seconds=world.loop.time(),
        steps=world.loop.steps,
    )


async def _story(world: World, servers: Servers, company: Company, found: list[oracle.Violation], settles: float) -> None:
    servers.start()
    world.unleash()
    await company.months()
    world.heal()
    loop = world.loop
    began = loop.time()
    await asyncio.sleep(oracle.GRACE.total_seconds())
    while waiting := oracle.unrest(servers):
        if loop.time() - began > settles:
            found.append(oracle.Violation("comes-to-rest", "; ".join(waiting)))
            return
        await asyncio.sleep(1.0)


def _listen(written: list[dict[str, Any]], world: World) -> None:
    """Catch what the services would log as an error: a bug that was survived is still a bug."""

    def catch(_logger: Any, level: str, line: Any) -> Any:
        if level in {"error", "critical"}:
            fault = line.get("exc_info")
            written.append({**line, "at": round(world.loop.time(), 6), "fault": fault})
        raise structlog.DropEvent

    structlog.configure(processors=[catch], wrapper_class=structlog.make_filtering_bound_logger(40), cache_logger_on_first_use=False)


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
