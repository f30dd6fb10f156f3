"""Starting and killing worker processes from a test."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.worker import Order

ROOT = Path(__file__).resolve().parents[2]


class Worker:
    """One worker process."""

    def __init__(self, order: Order, process: asyncio.subprocess.Process) -> None:
        """Keep the process."""
        self.order = order
        self.process = process

    async def kill(self) -> None:
        """Cut its power."""
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


class Workers:
    """The worker processes of one test; all end with it."""

    def __init__(self) -> None:
        self._all: list[Worker] = []

    async def start(self, order: Order) -> Worker:
        """Start a process."""
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.worker", order.model_dump_json(), cwd=ROOT, stdout=asyncio.subprocess.DEVNULL
        )
        self._all.append(Worker(order, process))
        return self._all[-1]

    async def kill_all(self) -> None:
        """End whoever still runs."""
        for worker in self._all:
            await worker.kill()


@asynccontextmanager
async def workers() -> AsyncIterator[Workers]:
    """Give a test its workers and end them all."""
    made = Workers()
    try:
        yield made
    finally:
        await made.kill_all()
