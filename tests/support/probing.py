"""Waiting that explains what it waited for; tests never sleep for a fixed time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def until(predicate: Callable[[], Awaitable[T]], *, within: float = 30.0, saying: str, every: float = 0.02) -> T: ...


@overload
async def until(predicate: Callable[[], T], *, within: float = 30.0, saying: str, every: float = 0.02) -> T: ...


async def until(predicate: Callable[[], Any], *, within: float = 30.0, saying: str, every: float = 0.02) -> Any:
    """Ask `predicate` (plain or async) until it answers with something true; return the answer, or fail with the last one seen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        answer = predicate()
        seen = await answer if inspect.isawaitable(answer) else answer
        if seen:
            return seen
        if loop.time() > deadline:
            raise AssertionError(f"after {within} s still not: {saying} (last seen: {seen!r})")
        await asyncio.sleep(every)
