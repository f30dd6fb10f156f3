"""Ctrl-C and SIGTERM as one cancellation, so that every ending runs once and in order."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

from shared.kernel.tasks import Tasks

NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(Exception):
    """Somebody asked us to stop; everything was ended. `exit_code` is the shell's custom (130 for Ctrl-C)."""

    def __init__(self, number: signal.Signals) -> None:
        """Remember the signal."""
        super().__init__(number.name)
        self.exit_code = 128 + number


async def interruptible(work: Coroutine[Any, Any, int]) -> int:
    """Run `work` and return its exit code; the first signal cancels it, further ones wait for its endings like everybody.

    Raises:
        Interrupted: after a signal, when the endings are done.

    """
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []
    task = Tasks(lambda _name, _fault: None).spawn("command", work)

    def on_signal(number: signal.Signals) -> None:
        if not received:
            task.cancel()
        received.append(number)

    for number in NUMBERS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        await asyncio.wait([task])
    finally:
        for number in NUMBERS:
            loop.remove_signal_handler(number)
    if received and task.cancelled():
        raise Interrupted(received[0])
    code: int = task.result()
    return code
