"""The life of one service process: settings, logging, service, serving, stop. All four `__main__.py` are one call of it."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import FastAPI
from pydantic_settings import BaseSettings

from shared.foundation import Foundation
from shared.http.server import leave_within, server_of
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.observability import log_events
from shared.observability.logging import configure_logging, get_log
from shared.persistence.mongo import connect
from shared.running import Running
from shared.service import Service
from shared.settings import BadSettings, LogSettings, ServiceSettings, SharedSettings, load

S = TypeVar("S", bound=ServiceSettings)
Build = Callable[[Foundation[S]], Service]
EXIT_BAD_SETTINGS = 2
LEAVE_SECONDS_MAX = 1.5
YOUNG_OBJECTS = 10_000


def run_service(name: str, settings: type[S], build: Build[S], *, extra: Sequence[type[BaseSettings]] = ()) -> int:
    """Run the service `name` until SIGTERM or SIGINT; return the exit code (0 after a graceful stop).

    `extra` are further settings classes that the service reads (checked with the others). `build` may raise `BadSettings`, too.
    """
    try:
        shared, own = load(settings, *extra)
        close_log = _logging(name, shared.log)
        try:
            asyncio.run(_serve(name, shared, own, build))
        finally:
            close_log()
    except BadSettings as fault:
        print(f"tandem {name} cannot start: {fault}", file=sys.stderr)  # noqa: T201  # for whoever typed the command
        return EXIT_BAD_SETTINGS
    return 0


def collect_seldom() -> None:
    """Look for cycles less often, and never again in what the start has made: a batch of events is thousands of young objects.

    With Python's 700 the collector takes a quarter of what reading a batch costs; this garbage is a few megabytes at most.
    """
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)


def _logging(name: str, settings: LogSettings) -> Callable[[], None]:
    try:
        return configure_logging(name, level=settings.level, file=settings.file)
    except OSError:
        raise BadSettings(["TANDEM_LOG__FILE: this file cannot be written"]) from None


async def _serve(name: str, shared: SharedSettings, own: S, build: Build[S]) -> None:
    wall, randomness = WallClock(), SystemRandomness()
    database = connect(shared.mongo, name, wall=wall, randomness=randomness, replica=shared.kafka.group_instance_id)
    foundation = Foundation(name, shared, own, wall=wall, randomness=randomness, database=database)
    service = build(foundation)
    running = Running(foundation, service)
    loop = asyncio.get_running_loop()
    stopping_since: list[float] = []

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await running.start()
        collect_seldom()
        yield
        stopping_since.append(loop.time())
        await running.stop()
        leave_within(LEAVE_SECONDS_MAX)

    app = running.application(lifespan)
    get_log().info(log_events.PROCESS_STARTED, port=own.http_port)
    await server_of(app, host=own.http_host, port=own.http_port).serve()
    if stopping_since:
        get_log().info(log_events.PROCESS_STOPPED, ms=(loop.time() - stopping_since[0]) * 1000)
