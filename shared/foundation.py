"""The technical parts of one process, built once from settings; `main.py` puts a service on top of them.

Nothing here is shared between two foundations: build twice, and the two know nothing of each other.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Generic, TypeVar

import httpx2

from shared.http.auth import Authenticator
from shared.http.client import ServiceClient, token_source
from shared.http.commands import CommandRunner
from shared.http.keys import KeyCache, key_source
from shared.http.tokens import TokenAuthenticator
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness
from shared.kernel.tasks import Tasks
from shared.messaging.consuming import Consumer
from shared.messaging.outbox import Outbox
from shared.messaging.sending import Sender
from shared.messaging.telemetry import PathMetrics
from shared.messaging.traced import TracedSender
from shared.observability import log_events
from shared.observability.health import Health
from shared.observability.logging import get_log
from shared.observability.metrics import Metrics
from shared.observability.tracing import Step, Tracing, no_step, tracing_to
from shared.persistence.database import Database, Transaction
from shared.persistence.doorbell import Doorbell
from shared.settings import BadSettings, ServiceSettings, SharedSettings, TelemetrySettings
from shared.timers.runner import TimerRunner
from shared.timers.timers import Due, Timers

S = TypeVar("S", bound=ServiceSettings)
U = TypeVar("U")
Bind = Callable[[Transaction, Cause], U]
"""Makes the unit of work of one transaction and one cause: the same for HTTP, consumers and timers."""


class Foundation(Generic[S]):
    """Settings, two clocks, randomness, database, bells, figures; and the makers of what a service needs of them."""

    def __init__(
        self,
        service: str,
        shared: SharedSettings,
        settings: S,
        *,
        wall: Clock,
        randomness: Randomness,
        database: Database,
        authenticator: Authenticator | None = None,
        http: httpx2.AsyncClient | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        """`wall` is technical time; business time (`clock`) comes from the settings. Call inside the running loop.

        `authenticator`, `http` (how other services and the issuer are reached) and `tracing` are given by tests and simulations.
        """
        self.service = service
        self.shared = shared
        self.settings = settings
        self.wall = wall
        self.clock = shared.clock.business(wall)
        self.randomness = randomness
        self.database = database
        self.health = Health()
        self.metrics = Metrics()
        self.path_metrics = PathMetrics(self.metrics.registry)
        self.tasks = Tasks(_tell_of_death)
        self.outbox_bell = Doorbell()
        self.timers_bell = Doorbell()
        self.http = http or httpx2.AsyncClient()
        self.authenticator = authenticator or TokenAuthenticator(
            shared.auth, KeyCache(key_source(shared.auth.jwks, self.http)), service=service, wall=wall
        )
        self._token = token_source(shared.auth, self.http)
        self._tracing = tracing or _tracing(service, shared.telemetry)
        self.step: Step = no_step if self._tracing is None else self._tracing.step

    def outbox(self, tx: Transaction, cause: Cause) -> Outbox:
        """Return the door through which facts leave in this transaction."""
        return Outbox(tx, service=self.service, cause=cause, clock=self.clock, randomness=self.randomness, doorbell=self.outbox_bell)

    def timers(self, tx: Transaction, cause: Cause | None = None) -> Timers:
        """Return the durable timers, as seen from this transaction."""
        return Timers(tx, self.timers_bell, cause)

    def commands(self, bind: Bind[U]) -> CommandRunner[U]:
        """Return what runs HTTP commands, one transaction each."""
        return CommandRunner(self.database, self._traced(bind), wall=self.wall)

    def consumer(self, bind: Bind[U]) -> Consumer[U]:
        """Return what applies other services' facts; declare its routes before the process starts."""
        return Consumer(
            service=self.service,
            database=self.database,
            bind=self._traced(bind),
            clock=self.clock,
            randomness=self.randomness,
            settings=self.shared.kafka,
            doorbell=self.outbox_bell,
            metrics=self.path_metrics,
        )

    def timer_runner(
        self, bind: Bind[U], handlers: Mapping[str, Callable[[Due, U], Awaitable[None]]], *, together: Collection[str] = ()
    ) -> TimerRunner[U]:
        """Return what does the due work, by kind of timer; kinds named `together` share a transaction when several are due."""
        return TimerRunner(
            database=self.database,
            bind=self._traced(bind),
            handlers=handlers,
            clock=self.clock,
            randomness=self.randomness,
            doorbell=self.timers_bell,
            tasks=self.tasks,
            replica=self.shared.kafka.group_instance_id,
            together=together,
        )

    def traced_sender(self, sender: Sender) -> Sender:
        """Return what sends facts: with a span for each when telemetry is on, else `sender` itself."""
        return sender if self._tracing is None else TracedSender(sender, self._tracing.step)

    def peer(self, base_url: str) -> ServiceClient:
        """Return a reader of another service's HTTP API."""
        return ServiceClient(base_url, self._token, self.http)

    def _traced(self, bind: Bind[U]) -> Bind[U]:
        return bind if self._tracing is None else self._tracing.traced(bind)

    async def close(self) -> None:
        """Give back what was opened."""
        await self.http.aclose()
        await self.database.close()
        if self._tracing is not None:
            self._tracing.close()


def _tracing(service: str, settings: TelemetrySettings) -> Tracing | None:
    if settings.endpoint is None:
        return None
    try:
        return tracing_to(settings.endpoint, service, settings.share)
    except ImportError:
        raise BadSettings(["TANDEM_TELEMETRY__ENDPOINT: OpenTelemetry is not installed; install tandem[telemetry], or unset it"]) from None


def _tell_of_death(name: str, fault: BaseException) -> None:
    get_log().error(log_events.PART_DIED, part=name, exc_info=fault)


AnyFoundation = Foundation[Any]
