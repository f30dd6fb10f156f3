"""Ready means: the process we started is alive, *and* the protocol answers, *and* it is ours."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from deploy.local.processes import Running
from deploy.local.trouble import LaunchTrouble, PortTaken

TRIES = 3
LOOK_EVERY_SECONDS = 0.1
ONE_ANSWER_WITHIN_SECONDS = 5.0

Answers = Callable[[], Awaitable[bool]]
T = TypeVar("T")


async def until_ready(name: str, watched: Sequence[Running], answers: Answers, within_seconds: float) -> None:
    """Wait until `answers` says yes while everything in `watched` lives.

    Raises:
        LaunchTrouble: when a watched process ends, or when the time is over; with the log's last lines.

    """
    try:
        async with asyncio.timeout(within_seconds):
            while True:
                for running in watched:
                    running.check_alive()
                if await _one_answer(answers):
                    return
                await asyncio.sleep(LOOK_EVERY_SECONDS)
    except TimeoutError:
        lines = watched[0].last_lines() if watched else ()
        raise LaunchTrouble(f"{name} gave no good answer within {within_seconds:.0f} s.", lines) from None


async def _one_answer(answers: Answers) -> bool:
    try:
        async with asyncio.timeout(ONE_ANSWER_WITHIN_SECONDS):
            return await answers()
    except TimeoutError:
        return False


async def with_other_ports(attempt: Callable[[], Awaitable[T]]) -> T:
    """Run `attempt` (which chooses its own ports) again when somebody was faster at binding one; three tries in all."""
    for _ in range(TRIES - 1):
        try:
            return await attempt()
        except PortTaken:
            continue
    return await attempt()


async def port_open(port: int) -> bool:
    """Say whether somebody listens on the port; asked before a client library that would complain loudly."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True
