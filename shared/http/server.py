"""uvicorn with a stop that is ours: SIGTERM and SIGINT end it in good order, and the process leaves with code 0."""

import asyncio
import atexit
import contextlib
import os
import signal
from collections.abc import Iterator

import uvicorn
from fastapi import FastAPI

from shared.observability import log_events
from shared.observability.logging import get_log

REQUESTS_SECONDS_MAX = 2
"""How long answers in hand may take at a stop; a command that is cut is rolled back and may be sent again."""


STOP_SECONDS_MAX = 9.0
"""A stop never takes longer, whoever does not answer; what was not finished is in the database and goes on at the next start."""


def leave_within(seconds: float) -> None:
    """Leave the process with code 0 in `seconds` at the latest.

    The last resort of a stop: a thread of the database driver that waits for a hanging server would be joined for as long as its
    socket's time-out lasts.
    """
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)  # the threads have ended by then; what is left needs no alarm
    signal.setitimer(signal.ITIMER_REAL, seconds)


class Server(uvicorn.Server):
    """Stops at the first signal; uvicorn's own handling raises the signal once more after the stop and so exits with -15."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take SIGTERM and SIGINT for the time of serving."""
        loop = asyncio.get_running_loop()
        signals = (signal.SIGTERM, signal.SIGINT)
        for number in signals:
            loop.add_signal_handler(number, self.stop, number.name)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)

    def stop(self, why: str) -> None:
        """Begin the stop; a second signal does not wait for answers in hand."""
        if not self.should_exit:
            leave_within(STOP_SECONDS_MAX)
        get_log().info(log_events.PROCESS_STOPPING, signal=why)
        self.force_exit = self.should_exit
        self.should_exit = True


def server_of(app: FastAPI, *, host: str, port: int) -> Server:
    """Return a server of `app` whose lines go through our formatter."""
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=REQUESTS_SECONDS_MAX,
    )
    return Server(config)
