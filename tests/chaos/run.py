"""One run: traffic, faults by plan with the time to recover after each step, rest, and the oracle's verdict."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import httpx2

from deploy.local.services import SERVICES
from deploy.local.stack import Say
from deploy.local.trouble import LaunchTrouble
from shared.kernel.tasks import Tasks
from tests.chaos.copies import Struck
from tests.chaos.faults import Fault, plan
from tests.chaos.judging import Judgement, errors_logged, judged
from tests.chaos.reading import GROUPS, Cluster
from tests.chaos.recovery import NotRecovered, Recovery, patiently, until_true
from tests.chaos.rig import BROKERS, Rig, running_rig
from tests.chaos.striking import Striker
from tests.chaos.traffic import ANSWER_WITHIN_SECONDS, Traffic

RATE = 60_000.0
"""A second of the run is seventeen hours of business."""
BUSY = "matching:pairing.formed"
"""What members' traffic must have led to in any run."""
FOUNDED_WITHIN_SECONDS, RESTS_WITHIN_SECONDS = 180.0, 240.0
EXPECTED_ERRORS = re.compile(r"library\.logged|part\.died imports (OSError|FileNotFoundError)")
"""Libraries complain of servers that are away; an import that meets a full disk begins again. Anything else is a bug that was survived."""


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the caller may choose."""

    seed: int
    faults: int
    replicas: Mapping[str, int]
    out: Path
    together: Sequence[int]
    seconds_max: float = float("inf")
    """No step is begun after so long; what was done until then is judged all the same."""


@dataclass(frozen=True)
class Step:
    """Faults that overlapped, and the seconds from the end of the last one until all was well."""

    faults: list[Fault]
    recovered_seconds: float


@dataclass
class Outcome:
    """What a run showed."""

    steps: list[Step] = field(default_factory=list)
    judgement: Judgement | None = None
    troubles: list[str] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    rested_seconds: float = 0.0
    cut_short: bool = False

    @property
    def good(self) -> bool:
        """Return whether nothing was lost, doubled or out of order, and all came to rest."""
        return self.judgement is not None and not self.judgement.violations and not self.troubles


@dataclass(kw_only=True)
class Harness:
    """All that looks at the suite from outside."""

    rig: Rig
    cluster: Cluster
    traffic: Traffic
    living: asyncio.Task[None]
    struck: list[Struck] = field(default_factory=list)
    """All faults so far, with their times."""

    @property
    def recovery(self) -> Recovery:
        """Return what measures recovery."""
        return Recovery(self.cluster, self.rig.databases, self.traffic)


async def run(options: Options, say: Say) -> Outcome:
    """Live through a plan; a harness that fails is a failed run, too."""
    outcome = Outcome()
    rigged = running_rig(options.out, outcome.troubles, replicas=options.replicas, rate=RATE, say=say)
    async with rigged as rig, harness(rig, options.seed, outcome.troubles) as around:
        try:
            await _suffer(options, around, outcome, say)
            outcome.rested_seconds, outcome.judgement = await rest(around, outcome.troubles, say)
            if not outcome.judgement.reached[BUSY]:
                outcome.troubles.append(f"no {BUSY}: an idle suite proves nothing")
        except (NotRecovered, LaunchTrouble) as fault:
            outcome.troubles.append(str(fault))
        outcome.errors = dict(errors_logged(rig.stack.logs))
        outcome.troubles += [f"logged as an error: {what}" for what in outcome.errors if not EXPECTED_ERRORS.search(what)]
    return outcome


@asynccontextmanager
async def harness(rig: Rig, seed: int, troubles: list[str]) -> AsyncIterator[Harness]:
    """Found the company and let it live."""
    tasks = Tasks(lambda name, fault: troubles.append(f"{name}: {fault!r}"))
    cluster, founded = Cluster(rig.kafka.address), asyncio.Event()
    async with httpx2.AsyncClient(timeout=ANSWER_WITHIN_SECONDS, trust_env=False) as client:
        traffic = Traffic(rig.stack, client, rig.replicas, seed, RATE)
        try:
            async with asyncio.timeout(FOUNDED_WITHIN_SECONDS):
                living = tasks.spawn("company", traffic.live(founded.set))
                await founded.wait()
                await traffic.admit_probe()
            yield Harness(rig=rig, cluster=cluster, traffic=traffic, living=living)
        finally:
            await tasks.stop(2)


async def _suffer(options: Options, around: Harness, outcome: Outcome, say: Say) -> None:
    rig, loop = around.rig, asyncio.get_running_loop()
    brokers = [f"broker-{number}" for number in range(1, BROKERS + 1)]
    steps = plan(options.seed, options.faults, rig.names, brokers, options.together)
    striker, began, done = Striker(rig, around.cluster, around.traffic.upload, options.seed, around.struck), loop.time(), 0
    say(f"the company stands; undisturbed, a command reaches everybody in {await around.recovery.seconds():.1f} s")
    for step in steps:
        if loop.time() - began > options.seconds_max:
            outcome.cut_short = True
            return
        if around.living.done():
            raise NotRecovered("the company has stopped living: an idle suite proves nothing")
        mending = await asyncio.gather(*(striker.strike(fault) for fault in step))
        seconds, _ = await asyncio.gather(around.recovery.seconds(), asyncio.gather(*(mend() for mend in mending)))
        done += len(step)
        outcome.steps.append(Step(step, seconds))
        say(f"{done:4d}/{options.faults} {', '.join(map(str, step))}: well after {seconds:.1f} s")
        await around.cluster.whole()


async def rest(around: Harness, troubles: list[str], say: Say) -> tuple[float, Judgement]:
    """End the traffic, wait until nothing moves, stop the services, and judge; return how long it took to rest, too."""
    loop = asyncio.get_running_loop()
    around.traffic.end()
    say("no more faults, no more commands: coming to rest …")
    began, now = loop.time(), around.rig.stack.clock.now()
    try:
        async with asyncio.timeout(RESTS_WITHIN_SECONDS):
            await asyncio.wait([around.living])  # should it have died, the troubles say so
            now = await _stand_still(around)
    except TimeoutError:
        troubles.append(f"not at rest after {RESTS_WITHIN_SECONDS:.0f} s")
    seconds = loop.time() - began
    await around.rig.stack.services.stop()
    for service in SERVICES:
        await until_true(partial(around.rig.witness.has_seen, service))
    records = await around.cluster.records()
    return seconds, judged(around.rig.stack, around.traffic, around.rig.witness.seen, records, struck=around.struck, now=now)


async def _stand_still(around: Harness) -> datetime:
    """Stop the services when nothing moves, again when a timer rang meanwhile; return the business time of the last look before."""
    while True:
        await until_true(lambda: _quiet(around))
        now = around.rig.stack.clock.now()
        await around.rig.stack.services.stop()
        if await _quiet(around):
            return now
        await around.rig.stack.services.start()


async def _quiet(around: Harness) -> bool:
    """Say whether no row waits in an outbox, no event unread or held, no mail unsent."""
    for service in SERVICES:
        database = around.rig.databases.of(service)
        for name in ("outbox", "parked"):
            if await database[name].find_one({}, {"_id": 1}):
                return False
    if await around.rig.databases.of("notification")["deliveries"].find_one({"state": "pending"}, {"_id": 1}):
        return False
    ends = await patiently(around.cluster.ends)
    return await patiently(lambda: around.cluster.has_read(list(GROUPS), ends))
