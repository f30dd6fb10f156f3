"""The only way to start a background task: the reference is kept and its death is reported."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

OnDeath = Callable[[str, BaseException], None]


class Tasks:
    """The background tasks of one process. Built by `main.py`, stopped by it."""

    def __init__(self, on_death: OnDeath) -> None:
        """`on_death` hears of a task that ended with an exception (never of a cancelled one)."""
        self._running: dict[asyncio.Task[Any], None] = {}
        self._on_death = on_death

    def spawn(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Start `work` as a task called `name`."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running[task] = None
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.pop(task, None)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._on_death(task.get_name(), fault)

    async def stop(self, within_seconds: float) -> None:
        """Cancel what still runs and wait for it, at most `within_seconds`."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=within_seconds)
