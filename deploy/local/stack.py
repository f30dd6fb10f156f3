"""Servers, issuer, mailbox and services together: `async with running_stack(options) as stack`. Whatever happens, all of it ends."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from deploy.local.folder import DataFolder
from deploy.local.leftovers import claim, sweep_temporary_runs
from deploy.local.mail import MailSink, mail_sink
from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.servers import Backend, Place, find_or_start_kafka, find_or_start_mongo
from deploy.local.services import READY_WITHIN_SECONDS, SERVICES, Services
from deploy.local.tokens import TokenIssuer
from shared.contracts.base import instant_text
from shared.kernel.clock import Clock, ScaledClock, WallClock
from shared.kernel.randomness import Randomness, SystemRandomness

WATCH_EVERY_SECONDS = 0.5

Say = Callable[[str], None]


def say_nothing(_: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackOptions:
    """What may differ between `tandem up`, the demo and the end-to-end tests."""

    keep: Path | None = None
    """Data survive in this folder; without it they are temporary."""
    logs: Path | None = None
    mail_folder: Path | None = None
    clock_start: datetime | None = None
    """Business time at the epoch; without it business time is the wall's."""
    clock_delay: timedelta = timedelta(0)
    """So long after the servers are up business time stands still, so that services can start and prepare."""
    clock_rate: float = 1.0
    clock_until: datetime | None = None
    """Business time at which it stands still again."""
    backend: Backend = Backend.PROCESSES
    servers: tuple[Server, Server] | None = None
    """Kafka and MongoDB that run already and are somebody else's to stop."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Further environment for all services."""
    own: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Further environment for one service, or for one replica."""
    replicas: Mapping[str, int] = field(default_factory=dict)
    """How many processes a service has; one that is not named has one."""
    ready_within_seconds: float = READY_WITHIN_SECONDS
    """How long a service may take to be ready."""


@dataclass(slots=True, kw_only=True)
class Stack:
    """A running Tandem on this machine."""

    folder: DataFolder
    logs: Path
    kafka: Server
    mongo: Server
    mail: MailSink
    issuer: TokenIssuer
    services: Services
    clock: Clock
    processes: Processes

    @property
    def urls(self) -> dict[str, str]:
        """Return where each service's HTTP API is."""
        return self.services.urls

    @property
    def banner(self) -> list[str]:
        """Return the lines that every start prints."""
        mail = f"mail: kept in {self.mail.folder}, SMTP on {self.mail.host}:{self.mail.port}"
        return [self.kafka.banner(), self.mongo.banner(), mail, f"logs: {self.logs}"]

    def token(self, subject: str, roles: Sequence[str], programmes: Sequence[str] = ()) -> str:
        """Return an access token of the run's own issuer."""
        return self.issuer.token(subject, roles, programmes)

    async def died(self) -> None:
        """Never return while all is well.

        Raises:
            LaunchTrouble: as soon as a process has ended by itself: names it and shows the last lines of its log.

        """
        while True:
            for running in (*self.kafka.processes, *self.mongo.processes, *self.services.running.values()):
                running.check_alive()
            await asyncio.sleep(WATCH_EVERY_SECONDS)


@asynccontextmanager
async def running_stack(options: StackOptions | None = None, say: Say = say_nothing) -> AsyncIterator[Stack]:
    """Start everything, wait until it answers, and stop it at the end: services first, then Kafka, then MongoDB.

    Raises:
        LaunchTrouble: when something cannot be started; nothing is left running.

    """
    options = options or StackOptions()
    wall, randomness = WallClock(), SystemRandomness()
    async with AsyncExitStack() as endings:
        folder = _claimed_folder(options, say)
        endings.callback(folder.remove)
        processes = Processes(folder.pids)
        endings.callback(processes.end_now)
        place = _place(options, folder, processes, randomness)
        say("starting Kafka and MongoDB …")
        kafka, mongo = options.servers or await _start_servers(place, endings)
        mail = await endings.enter_async_context(mail_sink(_made(options.mail_folder or folder.mail)))
        issuer = TokenIssuer(folder.keys, wall, randomness)
        clock, clock_settings = _clock(options, wall)
        settings = {**kafka.settings, **mongo.settings, **clock_settings, **options.settings}
        own = _own_settings(issuer, mail, options.own)
        services = Services(
            processes, place.logs, settings, own, replicas=options.replicas, ready_within_seconds=options.ready_within_seconds
        )
        say("starting the services …")
        await services.start()
        endings.push_async_callback(services.stop)
        endings.callback(say, "stopping …")
        yield Stack(
            folder=folder,
            logs=place.logs,
            kafka=kafka,
            mongo=mongo,
            mail=mail,
            issuer=issuer,
            services=services,
            clock=clock,
            processes=processes,
        )


def _claimed_folder(options: StackOptions, say: Say) -> DataFolder:
    """Return this run's folder, ours alone, after what killed launchers left behind was ended."""
    ended = sweep_temporary_runs()
    folder = DataFolder.kept(options.keep) if options.keep else DataFolder.temporary()
    for name in (*ended, *claim(folder)):
        say(f"ended {name}, left behind by a run that was killed")
    return folder


def _place(options: StackOptions, folder: DataFolder, processes: Processes, randomness: Randomness) -> Place:
    return Place(
        processes=processes,
        kafka=folder.kafka,
        mongo=folder.mongo,
        logs=_made(options.logs or folder.logs),
        randomness=randomness,
        backend=options.backend,
    )


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()


async def _start_servers(place: Place, endings: AsyncExitStack) -> tuple[Server, Server]:
    """Start both at once; whichever came up is stopped at the end, also when the other did not come up."""
    starting: list[Awaitable[Server]] = [find_or_start_mongo(place), find_or_start_kafka(place)]
    mongo, kafka = await asyncio.gather(*starting, return_exceptions=True)
    for server in (mongo, kafka):  # the last one entered is stopped first: Kafka before MongoDB
        if isinstance(server, Server):
            endings.push_async_callback(server.stop)
    for server in (kafka, mongo):
        if isinstance(server, BaseException):
            raise server
    assert isinstance(kafka, Server)  # noqa: S101 - for the type checker
    assert isinstance(mongo, Server)  # noqa: S101
    return kafka, mongo


def _clock(options: StackOptions, wall: Clock) -> tuple[Clock, dict[str, str]]:
    if options.clock_start is None:
        return wall, {}
    epoch = wall.now() + options.clock_delay
    settings = {
        "TANDEM_CLOCK__START": instant_text(options.clock_start),
        "TANDEM_CLOCK__EPOCH": instant_text(epoch),
        "TANDEM_CLOCK__RATE": str(options.clock_rate),
    }
    if options.clock_until is not None:
        settings["TANDEM_CLOCK__UNTIL"] = instant_text(options.clock_until)
    return ScaledClock(options.clock_start, epoch, options.clock_rate, wall, options.clock_until), settings


def _own_settings(issuer: TokenIssuer, mail: MailSink, further: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    smtp = {"TANDEM_SMTP__HOST": mail.host, "TANDEM_SMTP__PORT": str(mail.port)}
    own = {name: dict(issuer.settings(name)) for name in SERVICES}
    own["notification"] |= smtp
    return own | {name: {**own.get(name, {}), **settings} for name, settings in further.items()}
