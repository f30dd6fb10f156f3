"""One event loop with virtual time and one seeded source, on which several simulated processes live, crash and come back.

Derived from `AbstractEventLoop`, not `BaseEventLoop`: whatever is not written here (sockets, signals, threads,
subprocesses) raises, so nothing real can leak into a run. asyncio promises the order of calls within a loop; therefore
each process has one queue of its own and the seed chooses the process, never reorders inside one.
"""

import asyncio
import heapq
from asyncio import events
from collections import deque
from collections.abc import Callable, Coroutine, Generator
from contextvars import Context, ContextVar, copy_context
from typing import Any

from shared.kernel.randomness import Randomness

STEPS_MAX = 20_000_000


class Deadlock(Exception):
    """Nothing is ready and no timer is due: somebody waits for what never comes."""


class TooManySteps(Exception):
    """The run does not come to an end."""


class Process:
    """One incarnation of a simulated operating-system process: its queue, whether it lives, whether it is stopped."""

    def __init__(self, name: str, incarnation: int = 1) -> None:
        self.name, self.incarnation = name, incarnation
        self.alive, self.paused = True, False
        self.queue: deque[Call] = deque()
        self.tasks: list[asyncio.Task[Any]] = []

    def __repr__(self) -> str:
        return f"{self.name}#{self.incarnation}"


class Call:
    """A queued call: asyncio's handle with what this loop needs of it, at half the price."""

    __slots__ = ("_args", "_callback", "_context", "_when", "is_cancelled")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None, when: float = 0.0) -> None:
        """Call in `context`, or in a copy of the one at hand."""
        self._callback, self._args, self._when = callback, args, when
        self._context = context if context is not None else copy_context()
        self.is_cancelled = False

    def run(self) -> None:
        """Do it."""
        self._context.run(self._callback, *self._args)

    def cancel(self) -> None:
        """Let it be passed over when its time comes."""
        self.is_cancelled = True

    def cancelled(self) -> bool:
        """Return whether it was cancelled."""
        return self.is_cancelled

    def when(self) -> float:
        """Return its time."""
        return self._when


OWNER: ContextVar[Process] = ContextVar("owner")


class _Numbered:
    """What has a number for its hash, from the first time that somebody asks, so that sets of such things iterate alike in every run."""

    _number: int

    def __hash__(self) -> int:
        try:
            return self._number
        except AttributeError:
            self._number = self.get_loop().next_number()  # type: ignore[attr-defined]
            return self._number


class SimulatedFuture(_Numbered, asyncio.Future[Any]):
    """A future of the simulated loop."""


class SimulatedTask(_Numbered, asyncio.Task[Any]):
    """A task of the simulated loop."""


class SimulatedLoop(asyncio.AbstractEventLoop):
    """The loop. `time()` is virtual; it jumps to the next timer when nobody has anything to do."""

    def __init__(self, randomness: Randomness) -> None:
        self._randomness = randomness
        self._now = 0.0
        self._numbers = 0
        self._timers: list[tuple[float, int, Any, Process | None]] = []
        self._sequence = 0
        self._processes: list[Process] = []
        self.world = self.new_process("world")
        self.graveyard: list[asyncio.Task[Any]] = []
        self.troubles: list[dict[str, Any]] = []
        self.steps, self.steps_max = 0, STEPS_MAX

    def next_number(self) -> int:
        """Return a number that nothing had before."""
        self._numbers += 1
        return self._numbers

    def new_process(self, name: str, incarnation: int = 1) -> Process:
        """Return a new process on this loop."""
        process = Process(name, incarnation)
        self._processes.append(process)
        return process

    def kill(self, process: Process) -> None:
        """Cut the power: no `except`, no `finally`, nothing of it runs again; its tasks are kept so that nothing is collected."""
        process.alive = False
        process.queue.clear()
        self._processes.remove(process)
        self.graveyard += process.tasks

    def start(self, process: Process, work: Coroutine[Any, Any, Any], name: str) -> asyncio.Task[Any]:
        """Start `work` as a task of `process`."""
        context = copy_context()
        context.run(OWNER.set, process)
        return self.create_task(work, name=name, context=context)

    def run(self, work: Coroutine[Any, Any, Any], within: float) -> Any:
        """Run `work` in the world's context until it is done.

        Raises:
            Deadlock: when nothing can happen any more.
            TooManySteps: when the run does not end within virtual `within` seconds or the limit of steps.

        """
        task = self.start(self.world, work, "world")
        events._set_running_loop(self)
        try:
            while not task.done():
                self._step()
                if self._now > within or self.steps > self.steps_max:
                    raise TooManySteps(f"at {self._now:.6f} s after {self.steps} steps")
        finally:
            events._set_running_loop(None)
        return task.result()

    def _step(self) -> None:
        self.steps += 1
        ready = [process for process in self._processes if process.queue and not process.paused]
        if not ready:
            self._advance()
            return
        chosen = ready[0] if len(ready) == 1 else ready[int(self._randomness.random() * len(ready))]
        call = chosen.queue.popleft()
        if not call.is_cancelled:
            try:
                call.run()
            except Exception as fault:  # noqa: BLE001 - as asyncio does: told, and the loop goes on
                self.call_exception_handler({"message": f"{chosen}: {fault!r}", "exception": fault})

    def _advance(self) -> None:
        """Jump to the next timer that can matter; what is nobody's happens, calls of processes are queued."""
        while self._timers:
            when, _, due, process = heapq.heappop(self._timers)
            if process is None:
                self._now = max(self._now, when)
                due()
                return
            if process.alive and not due.is_cancelled:
                self._now = max(self._now, when)
                process.queue.append(due)
                return
        raise Deadlock(f"at {self._now:.6f} s")

    def happen(self, delay: float, what: Callable[[], object]) -> None:
        """Have something happen after a while that no process does: servers, the wire, faults."""
        self._sequence += 1
        heapq.heappush(self._timers, (round(self._now + delay, 6), self._sequence, what, None))

    def _owner(self, context: Context | None) -> Process:
        return context.get(OWNER, self.world) if context is not None else OWNER.get(self.world)

    # What asyncio asks of a loop. Signatures are wider than typeshed's variadic ones.

    def time(self) -> float:
        """Return virtual seconds since the run began."""
        return self._now

    def call_soon(self, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.Handle:  # type: ignore[override]
        """Queue a call behind the others of its process; calls of the dead are dropped."""
        call = Call(callback, args, context)
        owner = self._owner(context)
        if owner.alive:
            owner.queue.append(call)
        return call  # type: ignore[return-value]

    def call_later(self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:  # type: ignore[override]
        """Queue a call for later."""
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None) -> asyncio.TimerHandle:  # type: ignore[override]
        """Queue a call for an instant; ties by the order of asking."""
        call = Call(callback, args, context, when)
        self._sequence += 1
        heapq.heappush(self._timers, (round(when, 6), self._sequence, call, self._owner(context)))
        return call  # type: ignore[return-value]

    def create_future(self) -> asyncio.Future[Any]:
        """Return a future with a stable hash."""
        return SimulatedFuture(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, Any] | Coroutine[Any, Any, Any],
        *,
        name: str | None = None,
        context: Context | None = None,
        **_: Any,
    ) -> asyncio.Task[Any]:
        """Return a task with a stable hash that belongs to the process in its context."""
        task = SimulatedTask(coro, loop=self, name=name or "task", context=context)
        self._owner(context).tasks.append(task)
        return task

    def get_task_factory(self) -> None:
        """Say that there is none (anyio asks)."""

    def get_debug(self) -> bool:
        """Say that asyncio's debug mode is off."""
        return False

    def is_running(self) -> bool:
        """Say that the loop runs."""
        return True

    def is_closed(self) -> bool:
        """Say that the loop is open."""
        return False

    def failed(self, task: asyncio.Task[Any]) -> None:
        """Keep what a task that nobody waits for died of."""
        if not task.cancelled() and (fault := task.exception()) is not None:
            self.troubles.append({"message": f"{task.get_name()} died: {fault!r}"})

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """Keep what nobody caught: the oracle calls it a violation."""
        self.troubles.append(context)

    async def shutdown_asyncgens(self) -> None:
        """Nothing to shut down."""


def new_loop(randomness: Randomness) -> SimulatedLoop:
    """Return a loop; what it does not implement raises `NotImplementedError` when it is called."""
    return SimulatedLoop(randomness)  # type: ignore[abstract]
