"""The optimiser in a process of its own: heartbeats, HTTP and consumers stay alive while a round is solved (N4).

Both sides speak lines of JSON: `round_worker.py` reads an order and slices of members, and answers with progress, leaves, a solution.
Cancelling `solve` kills the process; a process whose parent died ends by itself.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from pydantic import TypeAdapter

from services.matching.adapters.records import Shapes
from services.matching.application.ports import EngineFailed, KeepLeaf, Progress, SolveOrder
from services.matching.domain.round import Solution
from services.matching.domain.snapshot import FrozenMember, Leaf
from shared.kernel.tasks import Tasks
from shared.persistence.errors import DatabaseFault

WORKER = "services.matching.adapters.round_worker"
WARMING = "services.matching.engine.warm"
LINE_BYTES_MAX = 64 * 1024 * 1024
END_MARK = b"end\n"


class ProcessRoundEngine:
    """Fulfils `application.ports.RoundEngine`."""

    def __init__(self, shapes: Shapes, tasks: Tasks, *, threads: int, command: Sequence[str] = ("-m", WORKER)) -> None:
        """`threads` bounds what the worker takes of the machine; `command` is what Python is started with."""
        self._shapes = shapes
        self._tasks = tasks
        self._threads = threads
        self._command = tuple(command)
        self._solution: TypeAdapter[Solution] = TypeAdapter(Solution)
        self._one_at_a_time = asyncio.Lock()

    async def solve(
        self, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]], *, keep: KeepLeaf, progress: Progress
    ) -> Solution:
        """Feed the worker and take its answer piece by piece; memory here stays bounded by one slice and one leaf."""
        if self._one_at_a_time.locked():
            progress("compiling", 0.0)
        async with self._one_at_a_time:
            return await self._solve(order, members, keep, progress)

    async def _solve(
        self, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]], keep: KeepLeaf, progress: Progress
    ) -> Solution:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES_MAX,
        )
        if process.stdin is None or process.stdout is None:
            raise EngineFailed("no-pipes")
        feeding = self._tasks.spawn("round.feed", self._feed(process.stdin, order, members))
        try:
            return await self._read(process.stdout, keep, progress)
        except EngineFailed:
            if feeding.done() and not feeding.cancelled() and (fault := feeding.result()) is not None:
                raise fault from None
            raise
        finally:
            feeding.cancel()
            await _ended(process)

    async def warm(self) -> None:
        """Have the engine's machine code made (once per machine; a second or two when it is there), so that no round waits for it.

        A round that comes meanwhile waits: compiling twice at once would take both longer.
        """
        async with self._one_at_a_time:
            nothing = asyncio.subprocess.DEVNULL
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", WARMING, stdin=nothing, stdout=nothing, stderr=nothing)
            try:
                await process.wait()
            finally:
                await _ended(process)

    async def _feed(
        self, pipe: asyncio.StreamWriter, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]]
    ) -> DatabaseFault | None:
        """Send everything and an end mark; without the mark the worker does not take a part for the whole."""
        head = {"rules": order.rules.to_mapping(), "seed": order.seed, "frozen_at": order.frozen_at.isoformat(), "threads": self._threads}
        try:
            pipe.write(json.dumps(head).encode() + b"\n")
            async for part in members:
                pipe.write(self._shapes.frozen.dump_json(list(part)) + b"\n")
                await pipe.drain()
            pipe.write(END_MARK)
            await pipe.drain()
        except DatabaseFault as fault:
            return fault
        except (BrokenPipeError, ConnectionResetError):
            return None  # the worker died: reading tells
        finally:
            pipe.close()
        return None

    async def _read(self, pipe: asyncio.StreamReader, keep: KeepLeaf, progress: Progress) -> Solution:
        while (answer := await self._next(pipe)) is not None:
            if isinstance(answer, Leaf):
                await keep(answer)
            elif isinstance(answer, Solution):
                return answer
            else:
                progress(*answer)
        raise EngineFailed("worker-died")

    async def _next(self, pipe: asyncio.StreamReader) -> Leaf | Solution | tuple[str, float] | None:
        """Return what the next line says, None at the end."""
        try:
            line = await pipe.readline()
            answer: dict[str, Any] = json.loads(line) if line else {}
            if "leaf" in answer:
                return self._shapes.leaf.validate_python(answer["leaf"])
            if "solution" in answer:
                return self._solution.validate_python(answer["solution"])
            if "stage" in answer:
                return str(answer["stage"]), float(answer["share"])
        except ValueError:
            raise EngineFailed("garbled-answer") from None
        if "failed" in answer:
            raise EngineFailed(answer["failed"])
        if line:
            raise EngineFailed("garbled-answer")
        return None


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()
