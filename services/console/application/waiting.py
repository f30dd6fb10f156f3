"""Asks again until the answer is final; slower and slower, never for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from services.console.domain.endings import ConsoleTrouble

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 1.0


async def until_final(
    ask: Callable[[], Awaitable[dict[str, Any]]], final: Callable[[dict[str, Any]], bool], *, within_seconds: float, what: str
) -> dict[str, Any]:
    """Return the first answer that is final.

    Raises:
        ConsoleTrouble: when the time is over; the work may still go on behind the API.

    """
    pause = FIRST_PAUSE_SECONDS
    try:
        async with asyncio.timeout(within_seconds):
            while True:
                answer = await ask()
                if final(answer):
                    return answer
                await asyncio.sleep(pause)
                pause = min(LONGEST_PAUSE_SECONDS, pause * 1.5)
    except TimeoutError:
        raise ConsoleTrouble(f"{what} was not finished within {within_seconds:.0f} s; it may still go on") from None
