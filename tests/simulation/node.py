"""One process of a service in the simulation: the composition that ships, over simulated servers; comes back after a crash with nothing."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import httpx2
from fastapi import FastAPI

from services.matching import main as matching
from services.matching.settings import MatchingSettings
from services.notification import main as notification
from services.notification.settings import NotificationSettings
from services.profile import main as profile
from services.profile.settings import ProfileSettings
from services.scheduling import main as scheduling
from services.scheduling.settings import SchedulingSettings
from shared.foundation import Foundation
from shared.http.settings import AuthSettings
from shared.kernel.randomness import Randomness, seeded
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database
from shared.persistence.errors import CommitUnknown, DatabaseAway, TransientFault
from shared.running import Running, application
from shared.service import Service
from shared.settings import ClockSettings, SharedSettings
from tests.simulation.broker import SESSION_SECONDS, SimulatedBroker, SimulatedLink, SimulatedSender
from tests.simulation.loop import Process
from tests.simulation.restarts import once
from tests.simulation.standins import PairingEngine, Peers, SimulatedMailer, SimulatedMailServer
from tests.simulation.troubles import Troubles
from tests.simulation.world import EPOCH, SPEEDS, Effect, Gone, Refused, SimulatedClock, World
from tests.support.memory.database import MemoryDriver, MemoryServer, MemorySession
from tests.support.principals import TrustingAuthenticator

HTTP_TIMEOUT, SLOW_ANSWER = 3.0, 2.5
IMPATIENT: Mapping[str, Any] = {"lease": timedelta(seconds=12), "retry_first": timedelta(seconds=1), "retry_longest": timedelta(seconds=4)}
"""Mails are tried again soon, so that a run comes to rest soon."""
BUILDS: Mapping[str, tuple[Callable[[Any], Service], Callable[[], Any]]] = {
    "profile": (profile.build, ProfileSettings),
    "matching": (matching.build, MatchingSettings),
    "scheduling": (scheduling.build, SchedulingSettings),
    "notification": (notification.build, partial(NotificationSettings, **IMPATIENT)),
}


class SimulatedDriver(MemoryDriver):
    """The database as one process reaches it: every call one hop, and sessions that a crash leaves open."""

    def __init__(self, server: MemoryServer, node: "Node") -> None:
        super().__init__(server, self._over_the_wire)
        self._node = node
        self.sessions: list[MemorySession] = []

    async def begin(self, label: str) -> MemorySession:
        """Open a transaction."""
        session = await super().begin(label)
        self.sessions = [each for each in self.sessions if each.state == "open"] + [session]
        return session

    async def _over_the_wire(self, point: str, effect: Effect) -> Any:
        node = self._node
        try:
            return await node.world.hop(node, f"database:{node.service}", point, effect)
        except Gone:
            raise (CommitUnknown if point.startswith("commit:") else DatabaseAway)("simulated") from None
        except Refused:
            raise TransientFault("simulated") from None


class Node:
    """A replica of one service."""

    def __init__(self, world: World, name: str, servers: "Servers") -> None:
        """Nothing runs before `start`."""
        self.world, self.name, self._servers = world, name, servers
        self.service = name.split("-", maxsplit=1)[0]
        self.skew, self.incarnation = 0.0, 0
        pace = seeded(f"{world.seed}:{name}:speed")
        self.speed = SPEEDS[int(pace.random() * len(SPEEDS))]
        self.stream: Randomness = pace
        self.process = Process(name, 0)
        self.app: FastAPI | None = None
        self.driver: SimulatedDriver | None = None
        world.nodes[name] = self

    def start(self) -> None:
        """Begin a new incarnation."""
        self.incarnation += 1
        self.app, self.skew = None, 0.0
        self.stream = seeded(f"{self.world.seed}:{self.name}:{self.incarnation}")
        self.process = self.world.loop.new_process(self.name, self.incarnation)
        self.world.note(repr(self.process), "start")
        self.world.loop.start(self.process, self._main(), "main").add_done_callback(self.world.loop.failed)

    def died(self) -> None:
        """Let the servers find out in their own time."""
        self.app = None
        self.unheard()

    def unheard(self) -> None:
        """Let the servers give up a process that died or stands still: its place in the groups and its transactions end."""
        process, left = self.process, self.driver.sessions if self.driver is not None else []

        def give_up() -> None:
            if process.alive and not process.paused:
                return
            self._servers.broker.expire(self.name, repr(process))
            for session in left:
                session.cut()

        self.world.later(SESSION_SECONDS, give_up)

    async def _broker_hop(self, point: str, effect: Effect) -> Any:
        return await self.world.hop(self, "broker", point, effect)

    async def _main(self) -> None:
        f = self._foundation()
        build, _ = BUILDS[self.service]
        service = self._adapted(build(f))
        member = repr(self.process)
        running = Running(
            f,
            service,
            link=SimulatedLink(self, self._servers.broker, service.consumer, member, self._broker_hop),
            sender=SimulatedSender(self._servers.broker, member, f.wall, self._broker_hop),
        )
        self.app = application(f, service)
        await running.start()

    def _foundation(self) -> Foundation[Any]:
        wall, randomness = SimulatedClock(self.world, self), seeded(f"{self.world.seed}:{self.name}:{self.incarnation}:draws")
        self.driver = SimulatedDriver(self._servers.databases[self.service], self)
        return Foundation(
            self.service,
            *_settings(self.service, self.name, self._servers.service_token, self.world.rate),
            wall=wall,
            randomness=randomness,
            database=Database(self.driver, wall=wall, randomness=randomness),
            authenticator=TrustingAuthenticator(),
            http=httpx2.AsyncClient(transport=Peers(lambda request: self._servers.reach(self, request))),
        )

    def _adapted(self, service: Service) -> Service:
        """Put stand-ins where the real thing is another process or a socket: the round engine and the mail server."""
        jobs = {name: job for name, job in service.jobs.items() if name != "engine-warmth"}
        if "rounds" in jobs:
            object.__setattr__(getattr(jobs["rounds"], "__self__"), "engine", PairingEngine())  # noqa: B009 - the bound job
        if "dispatcher" in jobs:
            dispatcher = getattr(jobs["dispatcher"], "__self__")  # noqa: B009 - the bound job
            dispatcher._mailers = [SimulatedMailer(partial(self.world.hop, self), self._servers.mail) for _ in range(3)]
        self._troubled(service.consumer.applier)
        return replace(service, jobs=jobs)

    def _troubled(self, applier: Any) -> None:
        """Let planned trouble befall handlers: not yet, or a bug, for one event and for a while."""
        execute = applier.execute

        async def troubled(tx: Any, item: Any) -> None:
            self._servers.troubles.meet(self.service, item.event_id)
            await execute(tx, item)

        applier.execute = troubled


@once
def _settings(service: str, name: str, service_token: str, rate: float) -> tuple[SharedSettings, Any]:
    """Return what a process reads from its environment, which is the same after every restart."""
    shared = SharedSettings(
        kafka=KafkaSettings(group_instance_id=name),
        auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json", service_token=service_token),
        clock=ClockSettings(start=EPOCH, epoch=EPOCH, rate=rate),
    )
    return shared, BUILDS[service][1]()


class Servers:
    """Databases, broker, mail server, and the ways between processes."""

    def __init__(self, world: World, replicas: Mapping[str, int]) -> None:
        """Make the servers and the processes; `start` begins them."""
        self.world = world
        self.databases = {service: MemoryServer() for service in replicas}
        self.broker = SimulatedBroker(wall=SimulatedClock(world, None))
        self.mail = SimulatedMailServer()
        self.troubles = Troubles(world, self.broker)
        self.service_token = ""
        self.replicas = {service: [Node(world, f"{service}-{n + 1}", self) for n in range(many)] for service, many in replicas.items()}
        world.strikes |= dict(self.troubles.strikes) | {
            "fail-over": lambda fault: self.databases[fault.target.partition(":")[2]].fail_over(),
            "rebalance": lambda fault: self.broker.rebalance(fault.target),
            "reordered": lambda fault: self.broker.reorder(fault.target, world.loop.time() + fault.amount),
            "redelivered": lambda fault: self.broker.redeliver(world.nodes[fault.target].service, world.luck),
        }

    def start(self) -> None:
        """Start every process."""
        for nodes in self.replicas.values():
            for node in nodes:
                node.start()

    async def reach(self, _caller: Node, request: httpx2.Request) -> httpx2.Response:
        """Carry a request to a replica of a service, and the answer back if it comes."""
        ports = {8101: "profile", 8102: "matching", 8103: "scheduling", 8104: "notification"}
        nodes = self.replicas[ports[request.url.port or 0]]
        return await self.serve(nodes[int(self.world.luck.random() * len(nodes))], request)

    async def serve(self, node: Node, request: httpx2.Request) -> httpx2.Response:
        """Have a request served in the process of `node`.

        Raises:
            httpx2.ConnectError, httpx2.ReadTimeout: nobody there, or no answer in time.

        """
        world, loop = self.world, self.world.loop
        if node.app is None or not node.process.alive:
            raise httpx2.ConnectError("down", request=request)
        fault = world.planned(node, "http")
        kind = fault.kind if fault is not None else ""
        answer = loop.create_future()

        async def served(app: FastAPI) -> None:
            response = await httpx2.ASGITransport(app).handle_async_request(request)
            content = await response.aread()
            result = httpx2.Response(response.status_code, headers=response.headers, content=content, request=request)
            if kind == "crash-after":
                world.crash(node)
            elif kind != "reply-lost":
                world.answer_later(answer, SLOW_ANSWER if kind == "slow" else world.leg(node), None, result)

        def arrive() -> None:
            if kind == "crash-before":
                world.crash(node)
            elif node.app is not None and kind != "request-lost":
                loop.start(node.process, served(node.app), "request")
            if fault is not None and kind == "stopped":
                world.stop(node, fault.amount)

        world.later(world.leg(node), arrive)
        world.answer_later(answer, HTTP_TIMEOUT, httpx2.ReadTimeout("no answer", request=request), None)
        problem, response = await answer
        if problem is not None:
            raise problem
        result: httpx2.Response = response
        return result
