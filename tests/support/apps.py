"""A service's HTTP side without a network: its real composition over the database in memory (component tests)."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import httpx2
from fastapi import FastAPI

from shared.foundation import Foundation
from shared.http import commands
from shared.http.settings import AuthSettings
from shared.kernel.clock import Clock, WallClock
from shared.kernel.randomness import seeded
from shared.messaging import status
from shared.messaging.reading import TopicReader
from shared.observability.tracing import Tracing
from shared.persistence.database import Database
from shared.running import application
from shared.service import Service
from shared.settings import ServiceSettings, SharedSettings
from tests.support.memory.database import memory_database
from tests.support.principals import TrustingAuthenticator

S = TypeVar("S", bound=ServiceSettings)


@dataclass(frozen=True)
class App(Generic[S]):
    """A service put together as in production, except for database, tokens and broker."""

    foundation: Foundation[S]
    service: Service
    http: FastAPI
    client: httpx2.AsyncClient

    @property
    def database(self) -> Database:
        """Return the service's database."""
        return self.foundation.database


@asynccontextmanager
async def running_app(
    name: str,
    build: Callable[[Foundation[S]], Service],
    settings: S,
    *,
    database: Database | None = None,
    clock: Clock | None = None,
    shared: SharedSettings | None = None,
    reader: Callable[[], TopicReader] | None = None,
    tracing: Tracing | None = None,
    **client_options: Any,
) -> AsyncIterator[App[S]]:
    """Build the service `name`; `clock` replaces business time, `reader` what replays read, `tracing` the telemetry that is off.

    Calls need `headers=bearer(principal)` (tests.support.principals).
    """
    wall = WallClock()
    foundation = Foundation(
        name,
        shared or SharedSettings(auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json")),
        settings,
        wall=wall,
        randomness=seeded(name),
        database=database or memory_database(wall=wall),
        authenticator=TrustingAuthenticator(),
        tracing=tracing,
    )
    if clock is not None:
        foundation.clock = clock
    service = build(foundation)
    await foundation.database.ensure_indexes([*status.INDEXES, *commands.INDEXES, *service.indexes])
    app = application(foundation, service, reader=reader)
    transport = httpx2.ASGITransport(app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", **client_options) as client:
        yield App(foundation, service, app, client)
    await foundation.tasks.stop(5)
    await foundation.close()
