"""Does to the suite what a plan says, and undoes it."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from deploy.local.processes import Running
from shared.kernel.clock import WallClock
from shared.kernel.randomness import seeded
from tests.chaos.copies import Struck
from tests.chaos.disk import filled, no_file_grows, noise
from tests.chaos.faults import Fault, Kind
from tests.chaos.reading import Cluster
from tests.chaos.rig import BROKERS, Rig
from tests.unit.tables.workbooks import workbook

DELAY_SECONDS = (0.05, 0.5)
HEADER = ("member_id", "email", "display_name", "department", "level")
PERSON = ("E-0", "e0@corp.example", "Person 0", "sales", 0)


class Striker:
    """Injects faults. `strike` returns when the fault is over and what was killed is being started again, not when all is well."""

    def __init__(self, rig: Rig, cluster: Cluster, upload: Callable[[bytes], Awaitable[None]], seed: int, struck: list[Struck]) -> None:
        """`upload` sends a people file to profile, which needs its temporary folder for it. What befell when is noted in `struck`."""
        self._rig = rig
        self._cluster = cluster
        self._upload = upload
        self._luck = seeded(f"strikes:{seed}")
        self._struck = struck
        self._filled = 0
        self._ways: Mapping[Kind, Callable[[Fault], Awaitable[Callable[[], Awaitable[None]]]]] = {
            Kind.KILL_SERVICE: self._kill_service,
            Kind.STOP_SERVICE: lambda fault: self._stop(rig.process(fault.target), fault),
            Kind.KILL_BROKER: self._kill_broker,
            Kind.STOP_BROKER: self._stop_broker,
            Kind.KILL_DATABASE: self._kill_database,
            Kind.STOP_DATABASE: lambda fault: self._stop(rig.mongo.running[0], fault),
            Kind.DISK_FULL: self._fill_disk,
            Kind.ROLLING_RESTART: self._roll,
        }

    async def strike(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        """Let a fault befall and pass; return what has to be done to mend it (start again what was killed)."""
        noted = Struck(fault, WallClock().now())
        self._struck.append(noted)
        mend = await self._ways.get(fault.kind, self._trouble_door)(fault)

        async def mended() -> None:
            await mend()
            noted.ended = WallClock().now()

        return mended

    async def _kill_service(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        self._rig.stack.services.kill(fault.target)
        await asyncio.sleep(fault.seconds)
        return partial(self._rig.stack.services.restart, fault.target)

    async def _stop(self, running: Running, fault: Fault) -> Callable[[], Awaitable[None]]:
        running.signal_group(signal.SIGSTOP)
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            running.signal_group(signal.SIGCONT)
        return nothing

    async def _kill_broker(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        self._rig.kafka.kill(await self._cluster.some_leader(self._luck))
        await asyncio.sleep(fault.seconds)
        return self._rig.kafka.restart

    async def _stop_broker(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        number = await self._cluster.some_leader(self._luck)
        return await self._stop(next(each for each in self._rig.kafka.running if each.name == f"kafka-{number}"), fault)

    async def _kill_database(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        self._rig.mongo.kill()
        await asyncio.sleep(fault.seconds)
        return self._rig.mongo.restart

    async def _trouble_door(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        door = self._rig.doors[fault.target]
        if fault.kind in {Kind.CUT_KAFKA, Kind.CUT_DATABASE}:
            door.cut()
        elif fault.kind in {Kind.DELAY_KAFKA, Kind.DELAY_DATABASE}:
            low, high = DELAY_SECONDS
            door.delay(low + (high - low) * self._luck.random())
        else:
            door.silence()
        try:
            await asyncio.sleep(fault.seconds)
        finally:
            door.heal()
        return nothing

    async def _fill_disk(self, fault: Fault) -> Callable[[], Awaitable[None]]:
        """By turns profile's temporary folder is full, and no file of its processes may grow at all."""
        disk, processes = self._rig.disk, [self._rig.process(name).pid for name in self._rig.replicas["profile"]]
        self._filled += 1
        with filled(disk) if disk is not None and self._filled % 2 else no_file_grows(processes):
            await self._upload(workbook([[*HEADER, "notes"], [*PERSON, noise()]]))
            await asyncio.sleep(fault.seconds)
        return nothing

    async def _roll(self, _fault: Fault) -> Callable[[], Awaitable[None]]:
        """Restart everything in an orderly way, one after another: what an upgrade does."""
        services, kafka = self._rig.stack.services, self._rig.kafka
        for name in self._rig.names:
            await services.stop_one(name)
            await services.restart(name)
        for number in range(1, BROKERS + 1):
            await kafka.stop(number)
            await kafka.restart()
            await self._cluster.whole()
        await self._rig.mongo.stop()
        return self._rig.mongo.restart


async def nothing() -> None:
    """Mend nothing: it was over when it ended."""
