"""The world of one run: the hop between processes and servers, what befalls them, clocks, and the trace of it all."""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from shared.kernel.clock import to_milliseconds
from shared.kernel.randomness import seeded
from tests.simulation.faults import AT_A_CALL, Fault
from tests.simulation.loop import Process, SimulatedLoop, new_loop

EPOCH = datetime(2027, 3, 1, 8, tzinfo=UTC)
LEGS = (0.001, 0.001, 0.002, 0.002, 0.005, 0.02)
SPEEDS = (1, 1, 4, 10)
SLOW_TIMES = 200
SLOW_LONGEST = 20.0
CLIENT_TIMEOUT = 10.0
DOWN_SECONDS = (0.05, 4.0)
Effect = Callable[[], Any]


class Gone(Exception):
    """A call got no answer: request lost, answer lost, server away or too slow. Nobody knows which."""


class Refused(Exception):
    """The server said no for a reason of its own."""


class Simulated(Protocol):
    """A process of a service, as the world sees it."""

    name: str
    process: Process
    skew: float

    def start(self) -> None:
        """Begin anew, with nothing but what the servers have."""
        ...

    def died(self) -> None:
        """Tell the servers that will notice: the power was cut."""
        ...


class Trace:
    """One line per effect at a server, per fault, per start: their digest, and the lines themselves when a run is repeated."""

    def __init__(self, keep: bool) -> None:
        self._digest = hashlib.blake2b(digest_size=16)
        self._keep = keep
        self.lines: list[str] = []

    def add(self, line: str) -> None:
        """Add a line."""
        self._digest.update(line.encode() + b"\n")
        if self._keep:
            self.lines.append(line)

    @property
    def digest(self) -> str:
        """Return the digest of all lines."""
        return self._digest.hexdigest()


class SimulatedClock:
    """A process's own wall clock: virtual time and how far it is off."""

    def __init__(self, world: "World", owner: Simulated) -> None:
        """`owner.skew` is read each time: clocks jump."""
        self._world, self._owner = world, owner

    def now(self) -> datetime:
        """Return what this process thinks it is."""
        return to_milliseconds(EPOCH + timedelta(seconds=self._world.loop.time() + self._owner.skew))

    def real_seconds(self, span: timedelta) -> float:
        """One second is one second."""
        return span.total_seconds()


class World:
    """Everything that a run has outside its services."""

    def __init__(self, seed: int, faults: Sequence[Fault], *, keep_trace: bool = False) -> None:
        """Make an empty world; `faults` befall it."""
        self.seed = seed
        self.loop: SimulatedLoop = new_loop(seeded(f"{seed}:order"))
        self.trace = Trace(keep_trace)
        self.nodes: dict[str, Simulated] = {}
        self.fired: list[Fault] = []
        self.hits: Counter[str] = Counter()
        self.context = Context()
        self._luck = seeded(f"{seed}:luck")
        self._at_calls = [fault for fault in faults if fault.kind in AT_A_CALL]
        self._at_times = [fault for fault in faults if fault.kind not in AT_A_CALL]
        self._calls: Counter[tuple[str, str]] = Counter()
        self._away_until: dict[str, float] = {}
        self._healed = False
        self.rebalance: Callable[[str], None] = lambda _name: None

    def note(self, who: str, what: str, code: str = "") -> None:
        """Write a line of the trace."""
        self.trace.add(f"{self.loop.time():.6f} {who} {what} {code}".rstrip())

    def later(self, delay: float, work: Callable[[], object]) -> None:
        """Do something in the world's own name after a while."""
        self.loop.call_later(delay, work, context=self.context)

    # --- one remote call ------------------------------------------------------------------------------------------

    async def hop(self, node: Simulated, server: str, point: str, effect: Effect) -> Any:
        """Request travels, effect in one step at the server, answer travels.

        Raises:
            Gone: there was no answer.
            Refused: a planned refusal; nothing happened.

        """
        fault = self._planned(node.name, point)
        answer = self.loop.create_future()
        leg = self.leg(node)
        if fault == "slow":
            leg = min(SLOW_LONGEST, leg * SLOW_TIMES)
        if fault == "crash-before":
            self.later(0.0, partial(self.crash, node))
            await self.loop.create_future()
        elif fault == "request-lost":
            self._answer_later(answer, CLIENT_TIMEOUT, Gone(), None)
        elif fault == "refused":
            self._answer_later(answer, leg, Refused(), None)
        else:
            self.later(leg, partial(self._arrive, node, node.process, server, point, effect, answer, fault))
            if leg > CLIENT_TIMEOUT:
                self._answer_later(answer, CLIENT_TIMEOUT, Gone(), None)
        problem, result = await answer
        if problem is not None:
            raise problem
        return result

    def leg(self, node: Simulated) -> float:
        """Return how long one way takes, from the process's own stream and speed."""
        stream: Any = getattr(node, "stream")  # noqa: B009 - set anew by each incarnation
        return float(LEGS[int(stream.random() * len(LEGS))] * getattr(node, "speed"))  # noqa: B009

    def _arrive(self, node: Simulated, sender: Process, server: str, point: str, effect: Effect, answer: Any, fault: str) -> None:  # noqa: PLR0917
        if not sender.alive and self._luck.random() < 0.5:
            return  # it was on the wire when the power was cut
        if self._away_until.get(server, 0.0) > self.loop.time():
            self._answer_later(answer, self._luck.random(), Gone(), None)
            return
        problem: Exception | None = None
        result = None
        try:
            result = effect()
        except Exception as met:  # noqa: BLE001 - whatever the server answers travels back
            problem = met
        self.note(repr(sender), point, "" if problem is None else type(problem).__name__)
        if fault == "crash-after":
            self.crash(node)
        elif fault == "reply-lost":
            self._answer_later(answer, CLIENT_TIMEOUT, Gone(), None)
        else:
            self._answer_later(answer, self.leg(node), problem, result)

    def _answer_later(self, answer: Any, delay: float, problem: Exception | None, result: Any) -> None:
        def give() -> None:
            if not answer.done():
                answer.set_result((problem, result))

        self.later(delay, give)

    def _planned(self, name: str, point: str) -> str:
        self.hits[point] += 1
        if self._healed:
            return ""
        for fault in self._at_calls:
            if fault.target == name and point.startswith(fault.point):
                self._calls[name, fault.point] += 1
                break
        for fault in self._at_calls:
            if fault.target == name and point.startswith(fault.point) and self._calls[name, fault.point] == fault.nth:
                self._at_calls.remove(fault)
                self._fire(fault)
                return fault.kind
        return ""

    # --- what befalls processes and servers -----------------------------------------------------------------------

    def unleash(self) -> None:
        """Have the faults at their times happen."""
        for fault in self._at_times:
            self.later(fault.at, partial(self._befall, fault))

    def _befall(self, fault: Fault) -> None:
        if self._healed:
            return
        self._fire(fault)
        node = self.nodes.get(fault.target)
        if fault.kind == "away":
            self._away_until[fault.target] = self.loop.time() + fault.amount
        elif node is None:
            return
        elif fault.kind == "crash":
            self.crash(node)
        elif fault.kind == "jump":
            node.skew += fault.amount
        elif fault.kind == "rebalance":
            self.rebalance(node.name)
        elif fault.kind == "pause":
            stopped = node.process
            stopped.paused = True
            self.later(fault.amount, lambda: setattr(stopped, "paused", False))

    def _fire(self, fault: Fault) -> None:
        self.fired.append(fault)
        self.note(fault.target, f"fault {fault.kind}", fault.point)

    def crash(self, node: Simulated) -> None:
        """Cut the power of a process; it comes back by itself."""
        if not node.process.alive:
            return
        self.note(repr(node.process), "crash")
        self.loop.kill(node.process)
        node.died()
        low, high = DOWN_SECONDS
        self.later(low + (high - low) * self._luck.random(), node.start)

    def heal(self) -> None:
        """End all faults: servers are there, nobody stands still, clocks tell the time."""
        self._healed = True
        self._away_until.clear()
        for node in self.nodes.values():
            node.process.paused = False
            node.skew = 0.0


Hop = Callable[[str, Effect], Awaitable[Any]]
