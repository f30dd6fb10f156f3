"""The world of one run: the hop between processes and servers, what befalls them, clocks, and the trace of it all."""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Protocol

from shared.kernel.randomness import Randomness, seeded
from tests.simulation.faults import AT_SOME_CALLS, Fault, point_of
from tests.simulation.loop import Process, SimulatedLoop, new_loop

EPOCH = datetime(2027, 3, 1, 8, tzinfo=UTC)
LEGS = (0.001, 0.001, 0.002, 0.002, 0.005, 0.02)
RATES = (60_000.0, 120_000.0, 240_000.0)
"""How fast business time runs: a second of the run is 17 hours, or a day and a half, or nearly three."""
SPEEDS = (1, 1, 2, 5)
SLOW_TIMES = 200
SLOW_LONGEST = 5.0
CLIENT_TIMEOUT = 2.0
DOWN_SECONDS = (0.05, 2.0)
Effect = Callable[[], Any]


class Gone(Exception):
    """A call got no answer: request lost, answer lost, server away or too slow. Nobody knows which."""


class Refused(Exception):
    """The server said no for a reason of its own."""


class Simulated(Protocol):
    """A process of a service, as the world sees it."""

    name: str
    service: str
    process: Process
    skew: float
    speed: int
    stream: Randomness

    def start(self) -> None:
        """Begin anew, with nothing but what the servers have."""
        ...

    def died(self) -> None:
        """Tell the servers that will notice: the power was cut."""
        ...

    def unheard(self) -> None:
        """Tell the servers that will notice: it stands still."""
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

    def __init__(self, world: "World", owner: Simulated | None) -> None:
        """`owner.skew` is read each time: clocks jump. A server has no owner, and its clock is right."""
        self._world, self._owner = world, owner

    def now(self) -> datetime:
        """Return what this process thinks it is."""
        skew = self._owner.skew if self._owner is not None else 0.0
        return EPOCH + timedelta(milliseconds=int((self._world.loop.time() + skew) * 1000))

    def real_seconds(self, span: timedelta) -> float:
        """One second is one second."""
        return span.total_seconds()


class World:
    """Everything that a run has outside its services."""

    def __init__(self, seed: int, faults: Sequence[Fault], *, keep_trace: bool = False) -> None:
        """Make an empty world; `faults` befall it once they are unleashed."""
        self.seed = seed
        self.rate = RATES[int(seeded(f"{seed}:rate").random() * len(RATES))]
        self.loop: SimulatedLoop = new_loop(seeded(f"{seed}:order"))
        self.trace = Trace(keep_trace)
        self.nodes: dict[str, Simulated] = {}
        self.fired: list[Fault] = []
        self.hits: Counter[str] = Counter()
        self.strikes: dict[str, Callable[[Fault], None]] = {
            "away": self._away,
            "crash": lambda fault: self.crash(self.nodes[fault.target]),
            "jump": self._jump,
            "pause": lambda fault: self.stop(self.nodes[fault.target], fault.amount),
        }
        """What happens at a time, by kind; the servers add theirs."""
        self.luck = seeded(f"{seed}:luck")
        self._planned_faults = faults
        self._at_calls: dict[tuple[str, str], list[Fault]] = {}
        self._points: dict[tuple[str, str], str] = {}
        self._calls: Counter[tuple[str, str]] = Counter()
        self._away_until: dict[str, float] = {}
        self._unleashed_at: float | None = None
        self.healed = False

    def business_now(self) -> datetime:
        """Return business time, as a process with a right clock sees it."""
        return EPOCH + timedelta(seconds=self.loop.time() * self.rate)

    def note(self, who: str, what: str, code: str = "") -> None:
        """Write a line of the trace."""
        self.trace.add(f"{self.loop.time():.6f} {who} {what} {code}".rstrip())

    def later(self, delay: float, work: Callable[[], object]) -> None:
        """Do something in the world's own name after a while."""
        self.loop.happen(delay, work)

    # --- one remote call ------------------------------------------------------------------------------------------

    async def hop(self, node: Simulated, server: str, point: str, effect: Effect) -> Any:
        """Request travels, effect in one step at the server, answer travels.

        Raises:
            Gone: there was no answer.
            Refused: a planned refusal, named by its kind; nothing happened.

        """
        fault = self.planned(node, point)
        kind = fault.kind if fault is not None else ""
        answer = self.loop.create_future()
        leg = self.leg(node)
        if kind == "slow":
            leg = min(SLOW_LONGEST, leg * SLOW_TIMES)
        if kind == "crash-before":
            self.later(0.0, partial(self.crash, node))
            await self.loop.create_future()
        elif kind == "request-lost":
            self.answer_later(answer, CLIENT_TIMEOUT, Gone(), None)
        elif kind in AT_SOME_CALLS and kind != "rebalance-in-batch":
            self.answer_later(answer, leg, Refused(kind), None)
        else:
            self.later(leg, partial(self._arrive, node, node.process, server, point, effect, answer, kind))
            if leg > CLIENT_TIMEOUT:
                self.answer_later(answer, CLIENT_TIMEOUT, Gone(), None)
        if fault is not None and kind == "stopped":
            self.stop(node, fault.amount)
        problem, result = await answer
        if problem is not None:
            raise problem
        return result

    def leg(self, node: Simulated) -> float:
        """Return how long one way takes, from the process's own stream and speed."""
        return LEGS[int(node.stream.random() * len(LEGS))] * node.speed

    def _arrive(self, node: Simulated, sender: Process, server: str, point: str, effect: Effect, answer: Any, kind: str) -> None:  # noqa: PLR0917
        if not sender.alive and self.luck.random() < 0.5:
            return  # it was on the wire when the power was cut
        if self._away_until and self._away_until.get(server, 0.0) > self.loop.time():
            self.answer_later(answer, self.luck.random(), Gone(), None)
            return
        if kind == "rebalance-in-batch":
            self.strikes["rebalance"](Fault("rebalance", node.name))
        problem: Exception | None = None
        result = None
        try:
            result = effect()
        except Exception as met:  # noqa: BLE001 - whatever the server answers travels back
            problem = met
        self.note(repr(sender), point, "" if problem is None else type(problem).__name__)
        if kind == "crash-after":
            self.crash(node)
        elif kind == "reply-lost":
            self.answer_later(answer, CLIENT_TIMEOUT, Gone(), None)
        else:
            self.answer_later(answer, self.leg(node), problem, result)

    def answer_later(self, answer: Any, delay: float, problem: Exception | None, result: Any) -> None:
        """Have an answer arrive after a while; the first one counts."""
        self.loop.happen(delay, partial(_give, answer, problem, result))

    def planned(self, node: Simulated, call: str) -> Fault | None:
        """Return what is to befall this call, if anything; count it."""
        if self._unleashed_at is None or self.healed:
            return None
        point = self._points.get((node.service, call))
        if point is None:
            point = self._points[node.service, call] = point_of(node.service, call)
        if not point:
            return None
        place = (node.name, point)
        self.hits[f"{node.service} {point}"] += 1
        self._calls[place] += 1
        waiting = self._at_calls.get(place)
        if waiting is None:
            return None
        number, now = self._calls[place], self.loop.time() - self._unleashed_at
        for fault in waiting:
            if (fault.nth == number) if fault.nth else (fault.at <= now):
                waiting.remove(fault)
                self._fire(fault)
                return fault
        return None

    # --- what befalls processes and servers -----------------------------------------------------------------------

    def unleash(self) -> None:
        """Begin with the faults."""
        self._unleashed_at = self.loop.time()
        for fault in self._planned_faults:
            if fault.is_at_a_call:
                point = point_of(self.nodes[fault.target].service, fault.point)
                self._at_calls.setdefault((fault.target, point), []).append(fault)
            else:
                self.later(fault.at, partial(self._strike, fault))

    def _strike(self, fault: Fault) -> None:
        if not self.healed:
            self._fire(fault)
            self.strikes[fault.kind](fault)

    def _fire(self, fault: Fault) -> None:
        self.fired.append(fault)
        self.note(fault.target, f"fault {fault.kind}", fault.point)

    def _away(self, fault: Fault) -> None:
        self._away_until[fault.target] = self.loop.time() + fault.amount

    def _jump(self, fault: Fault) -> None:
        self.nodes[fault.target].skew += fault.amount

    def stop(self, node: Simulated, seconds: float) -> None:
        """Let a process stand still, as SIGSTOP does; what it asked for goes on at the servers."""
        node.process.paused = True
        node.unheard()
        self.later(seconds, partial(setattr, node.process, "paused", False))

    def crash(self, node: Simulated) -> None:
        """Cut the power of a process; it comes back by itself."""
        if not node.process.alive:
            return
        self.note(repr(node.process), "crash")
        self.loop.kill(node.process)
        node.died()
        low, high = DOWN_SECONDS
        self.later(low + (high - low) * self.luck.random(), node.start)

    def heal(self) -> None:
        """End all faults: servers are there, nobody stands still or is slow, clocks tell the time."""
        self.healed = True
        self._away_until.clear()
        for node in self.nodes.values():
            node.process.paused = False
            node.skew, node.speed = 0.0, 1


def _give(answer: Any, problem: Exception | None, result: Any) -> None:
    if not answer.done():
        answer.set_result((problem, result))


Hop = Callable[[str, Effect], Awaitable[Any]]
