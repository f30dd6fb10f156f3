"""The optimiser in a process of its own: heartbeats, HTTP and consumers stay alive while a round is solved (N4).

Both sides speak lines of JSON: `round_worker.py` reads an order and slices of members, and answers with progress, leaves, a solution.
Cancelling `solve` kills the process; a process whose parent died ends by itself.
"""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any, TypeVar

from pydantic import TypeAdapter

from services.matching.adapters.shapes import Shapes
from services.matching.adapters.snapshots import PackedSlice
from services.matching.adapters.worker_lines import END_MARK, Job, Stage
from services.matching.application.solver import EngineFailed, KeepPiece, Progress, SolveOrder
from services.matching.domain.draft import Solution
from services.matching.domain.snapshot import FrozenMember, Leaf, Report
from shared.kernel.tasks import Tasks
from shared.persistence.errors import DatabaseFault

T = TypeVar("T")
Members = AsyncIterator[Sequence[FrozenMember]]
WORKER = "services.matching.adapters.round_worker"
WARMING = "services.matching.engine.warm"
LINE_BYTES_MAX = 64 * 1024 * 1024


class ProcessRoundEngine:
    """Fulfils `application.ports.RoundEngine`."""

    def __init__(self, shapes: Shapes, tasks: Tasks, *, threads: int, command: Sequence[str] = ("-m", WORKER)) -> None:
        """`threads` bounds what the worker takes of the machine; `command` is what Python is started with."""
        self._shapes = shapes
        self._tasks = tasks
        self._threads = threads
        self._command = tuple(command)
        self._solution: TypeAdapter[Solution] = TypeAdapter(Solution)
        self._stage: TypeAdapter[Stage] = TypeAdapter(Stage)
        self._job: TypeAdapter[Job] = TypeAdapter(Job)
        self._one_at_a_time = asyncio.Lock()
        self._is_warming = False

    async def solve(
        self,
        order: SolveOrder,
        members: Members,
        *,
        base: AsyncIterator[Leaf] | None = None,
        keep: KeepPiece,
        progress: Progress,
    ) -> Solution:
        """Feed the worker and take its answer piece by piece; memory here stays bounded by one slice and one leaf."""
        answers = self._answers(Job(order=order, threads=self._threads), members, base)
        async with aclosing(answers):
            async for answer in answers:
                if "solution" in answer:
                    return self._read("solution", self._solution, answer["solution"])
                if "leaf" in answer:
                    await keep(self._read("leaf", self._shapes.leaf, answer["leaf"]))
                elif "report" in answer:
                    await keep(Report(answer["report"]))
                else:
                    stage = self._read("stage", self._stage, answer)
                    progress(stage.stage, stage.share)
        raise EngineFailed("worker-died")

    async def compare(self, order: SolveOrder, members: Members, *, base: AsyncIterator[Leaf]) -> AsyncIterator[dict[str, Any]]:
        """N7: pass on what the worker says, last the comparison; nothing is kept."""
        answers = self._answers(Job(order=order, threads=self._threads, compares=True), members, base)
        async with aclosing(answers):
            async for answer in answers:
                yield answer
                if "comparison" in answer:
                    return

    async def preview(self, order: SolveOrder, members: Members) -> dict[str, Any]:
        """N7: have the worker look at a pool; nothing is solved."""
        answers = self._answers(Job(order=order, threads=self._threads, previews=True), members, None)
        async with aclosing(answers):
            async for answer in answers:
                if "preview" in answer:
                    found: dict[str, Any] = answer["preview"]
                    return found
        raise EngineFailed("worker-died")

    def _read(self, what: str, shape: TypeAdapter[T], value: Any) -> T:
        try:
            return shape.validate_python(value)
        except ValueError:
            raise EngineFailed(f"garbled-{what}") from None

    async def _answers(self, job: Job, members: Members, base: AsyncIterator[Leaf] | None) -> AsyncGenerator[dict[str, Any], None]:
        """Yield what the worker says; ending the iteration ends the worker. One works at a time, whoever waits says so."""
        if self._one_at_a_time.locked():
            yield {"stage": "compiling" if self._is_warming else "waiting", "share": 0.0}
        async with self._one_at_a_time:
            process = await self._started()
            feeding = self._tasks.spawn("round.feed", self._feed(process.stdin, job, members, base))
            try:
                while True:
                    yield await self._next(process.stdout)
            except EngineFailed:
                if feeding.done() and not feeding.cancelled() and (fault := feeding.result()) is not None:
                    raise fault from None
                raise
            finally:
                feeding.cancel()
                await _ended(process)

    async def _started(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=LINE_BYTES_MAX,
        )

    async def warm(self) -> None:
        """Have the engine's machine code made (once per machine; a second or two when it is there), so that no round waits for it.

        A round that comes meanwhile waits: compiling twice at once would take both longer.
        """
        async with self._one_at_a_time:
            nothing = asyncio.subprocess.DEVNULL
            process = await asyncio.create_subprocess_exec(sys.executable, "-m", WARMING, stdin=nothing, stdout=nothing, stderr=nothing)
            self._is_warming = True
            try:
                await process.wait()
            finally:
                self._is_warming = False
                await _ended(process)

    async def _feed(
        self, pipe: asyncio.StreamWriter | None, job: Job, members: Members, base: AsyncIterator[Leaf] | None
    ) -> DatabaseFault | None:
        """Send everything and the end marks; without them the worker does not take a part for the whole."""
        if pipe is None:
            return None
        try:
            pipe.write(self._job.dump_json(job) + b"\n")
            async for part in members:
                await _sent(pipe, (part.lines if isinstance(part, PackedSlice) else self._shapes.frozen.dump_json(list(part))) + b"\n")
            await _sent(pipe, END_MARK.encode())
            if base is not None:
                async for leaf in base:
                    await _sent(pipe, self._shapes.leaf.dump_json(leaf) + b"\n")
            await _sent(pipe, END_MARK.encode())
        except DatabaseFault as fault:
            return fault
        except (BrokenPipeError, ConnectionResetError):
            return None  # the worker died: reading tells
        finally:
            pipe.close()
        return None

    async def _next(self, pipe: asyncio.StreamReader | None) -> dict[str, Any]:
        """Return what the next line says; the end without an answer is a death."""
        try:
            line = b"" if pipe is None else await pipe.readline()
        except ValueError:
            raise EngineFailed("answer-too-long") from None
        if not line.endswith(b"\n"):
            raise EngineFailed("worker-died")  # in mid-line, if there is a beginning
        try:
            answer: dict[str, Any] = json.loads(line)
        except ValueError:
            raise EngineFailed("garbled-answer") from None
        if "failed" in answer:
            raise EngineFailed(answer["failed"])
        return answer


async def _sent(pipe: asyncio.StreamWriter, line: bytes) -> None:
    pipe.write(line)
    await pipe.drain()


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()
