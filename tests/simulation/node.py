"""One process of a service in the simulation: the composition that ships, over simulated servers; comes back after a crash with nothing."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import httpx2
from fastapi import FastAPI

from services.matching import main as matching
from services.matching.application.ports import KeepLeaf, Progress, SolveOrder
from services.matching.domain.round import Solution
from services.matching.domain.snapshot import FrozenMember, Group, digest_of, leaves_of
from services.matching.settings import MatchingSettings
from services.notification import main as notification
from services.notification.application.ports import Message
from services.notification.domain.delivery import SENT, Outcome, State
from services.notification.settings import NotificationSettings
from services.profile import main as profile
from services.profile.settings import ProfileSettings
from services.scheduling import main as scheduling
from services.scheduling.settings import SchedulingSettings
from shared.foundation import Foundation
from shared.http.settings import AuthSettings
from shared.kernel.randomness import seeded
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database
from shared.persistence.errors import CommitUnknown, DatabaseAway, TransientFault
from shared.running import Running, application
from shared.service import Service
from shared.settings import ClockSettings, SharedSettings
from tests.simulation.broker import SESSION_SECONDS, SimulatedBroker, SimulatedLink, SimulatedSender
from tests.simulation.loop import Process
from tests.simulation.mail import SimulatedMailServer
from tests.simulation.world import EPOCH, SPEEDS, Effect, Gone, Refused, SimulatedClock, World
from tests.support.memory.database import MemoryDriver, MemoryServer, MemorySession
from tests.support.principals import TrustingAuthenticator

RATE = 60_000.0
ORPHANS_END_AFTER = 6.0
BUILDS: Mapping[str, tuple[Callable[[Any], Service], Callable[[], Any]]] = {
    "profile": (profile.build, ProfileSettings),
    "matching": (matching.build, MatchingSettings),
    "scheduling": (scheduling.build, SchedulingSettings),
    "notification": (notification.build, NotificationSettings),
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


class PairingEngine:
    """Stands in for the round engine: neighbours in the order of ids, where nothing bars them."""

    async def solve(
        self, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]], *, keep: KeepLeaf, progress: Progress
    ) -> Solution:
        """Pair whoever is free and not barred; the others have no eligible partner."""
        everybody = [member async for part in members for member in part]
        free = [member for member in everybody if member.resting is None and member.seats > 0]
        groups: list[Group] = []
        while free:
            first = free.pop(0)
            partner = next((each for each in free if _may(first, each)), None)
            if partner is not None:
                free.remove(partner)
                groups.append(Group(members=(first.card.member_id, partner.card.member_id), weight=1))
        paired = dict.fromkeys(member for group in groups for member in group.members)
        over = {each.card.member_id: each.resting or "no-eligible-partner" for each in everybody if each.card.member_id not in paired}
        leaves = list(leaves_of(groups, over, groups_max=2, unmatched_max=3))
        for leaf in leaves:
            await keep(leaf)
        progress("solved", 1.0)
        return Solution(
            size=len(everybody),
            pairs=len(groups),
            trios=0,
            unmatched=len(over),
            weight=len(groups),
            bound=None,
            engine="simulated",
            engine_version="1",
            result_hash=digest_of([order.round_id, sorted(over.items())]),
            leaves=len(leaves),
        )


def _may(one: FrozenMember, other: FrozenMember) -> bool:
    a, b = one.card, other.card
    lines = b.member_id in a.manager_chain or a.member_id in b.manager_chain
    return not lines and b.member_id not in (*one.barred, *one.live, *one.met)


class SimulatedMailer:
    """A conversation with the simulated mail server."""

    def __init__(self, node: "Node", server: SimulatedMailServer) -> None:
        self._node, self._server = node, server
        self.available = True

    async def send(self, message: Message) -> Outcome:
        """Hand one mail over."""
        try:
            code = await self._node.world.hop(self._node, "mail", "mail", lambda: self._server.take(message.recipient, message.content))
        except (Gone, Refused):
            return Outcome(state=State.PENDING, code="smtp-away")
        return SENT if code < 400 else Outcome(state=State.PENDING, code=f"smtp-{code}")

    async def close(self) -> None:
        """End it."""


class Peers(httpx2.AsyncBaseTransport):
    """How a process reaches the others' HTTP: through the world, in the other's own process."""

    def __init__(self, reach: Callable[[httpx2.Request], Any]) -> None:
        self._reach = reach

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry one request."""
        answer: httpx2.Response = await self._reach(request)
        return answer


class Node:
    """A replica of one service."""

    def __init__(self, world: World, name: str, servers: "Servers") -> None:
        """Nothing runs before `start`."""
        self.world, self.name, self._servers = world, name, servers
        self.service = name.split("-", maxsplit=1)[0]
        self.skew, self.incarnation = 0.0, 0
        pace = seeded(f"{world.seed}:{name}:speed")
        self.speed = SPEEDS[int(pace.random() * len(SPEEDS))]
        self.stream = pace
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
        self.world.loop.start(self.process, self._main(), "main")

    def died(self) -> None:
        """Let the servers find out in their own time."""
        self.app = None
        member, left = repr(self.process), self.driver.sessions if self.driver is not None else []
        self.world.later(SESSION_SECONDS, lambda: self._servers.broker.expire(self.name, member))

        def end_orphans() -> None:
            for session in left:
                if session.state == "open":
                    session._release("aborted")

        self.world.later(ORPHANS_END_AFTER, end_orphans)

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
            link=SimulatedLink(self.world, self._servers.broker, service.consumer, self.name, member, self._broker_hop),
            sender=SimulatedSender(self._servers.broker, member, self._broker_hop),
        )
        self.app = application(f, service)
        await running.start()

    def _foundation(self) -> Foundation[Any]:
        wall, randomness = SimulatedClock(self.world, self), seeded(f"{self.world.seed}:{self.name}:{self.incarnation}:draws")
        self.driver = SimulatedDriver(self._servers.databases[self.service], self)
        shared = SharedSettings(
            kafka=KafkaSettings(group_instance_id=self.name),
            auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json", service_token=self._servers.service_token),
            clock=ClockSettings(start=EPOCH, epoch=EPOCH, rate=RATE),
        )
        return Foundation(
            self.service,
            shared,
            BUILDS[self.service][1](),
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
            dispatcher._mailers = [SimulatedMailer(self, self._servers.mail) for _ in range(3)]
        return replace(service, jobs=jobs)


class Servers:
    """Databases, broker, mail server, and the ways between processes."""

    def __init__(self, world: World, replicas: Mapping[str, int]) -> None:
        """Make the servers and the processes; `start` begins them."""
        self.world = world
        self.databases = {service: MemoryServer() for service in replicas}
        self.broker = SimulatedBroker(wall=_ServerClock(world))
        self.mail = SimulatedMailServer(world)
        self.service_token = ""
        self.replicas = {service: [Node(world, f"{service}-{n + 1}", self) for n in range(many)] for service, many in replicas.items()}
        world.rebalance = self.broker.rebalance

    def start(self) -> None:
        """Start every process."""
        for nodes in self.replicas.values():
            for node in nodes:
                node.start()

    async def reach(self, _caller: Node, request: httpx2.Request) -> httpx2.Response:
        """Carry a request to the first replica of a service that is up, and the answer back if it comes."""
        ports = {8101: "profile", 8102: "matching", 8103: "scheduling", 8104: "notification"}
        return await self.serve(self.replicas[ports[request.url.port or 0]][0], request)

    async def serve(self, node: Node, request: httpx2.Request) -> httpx2.Response:
        """Have a request served in the process of `node`.

        Raises:
            httpx2.ConnectError, httpx2.ReadTimeout: nobody there, or no answer in time.

        """
        loop, app = self.world.loop, node.app
        if app is None or not node.process.alive:
            raise httpx2.ConnectError("down", request=request)
        answer = loop.create_future()

        async def served() -> None:
            response = await httpx2.ASGITransport(app).handle_async_request(request)
            content = await response.aread()
            result = httpx2.Response(response.status_code, headers=response.headers, content=content, request=request)
            self.world._answer_later(answer, self.world.leg(node), None, result)

        self.world.later(self.world.leg(node), lambda: loop.start(node.process, served(), "request") if node.process.alive else None)
        self.world._answer_later(answer, 30.0, httpx2.ReadTimeout("no answer", request=request), None)
        problem, response = await answer
        if problem is not None:
            raise problem
        result: httpx2.Response = response
        return result


class _ServerClock:
    def __init__(self, world: World) -> None:
        self._world = world
        self._clock = SimulatedClock(world, _True())

    def now(self) -> Any:
        return self._clock.now()

    def real_seconds(self, span: Any) -> float:
        return self._clock.real_seconds(span)


class _True:
    """A server whose clock is never off."""

    name, skew = "server", 0.0
    process = Process("server", 0)

    def start(self) -> None:
        """Do nothing: it runs always."""

    def died(self) -> None:
        """Do nothing."""
