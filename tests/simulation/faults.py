"""What goes wrong in a run: a plan as data, made from the seed before the run, readable and repeatable.

Times count from the moment at which the company is founded; a fault at a call strikes at the first such call from its time on, or at the
`nth`. A point stands for every call of that service whose name begins with it.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from shared.kernel.randomness import Randomness, seeded

SERVICES = ("profile", "matching", "scheduling", "notification")
SERVERS = (*(f"database:{service}" for service in SERVICES), "broker", "mail")
WINDOW, LIFE = 34.0, 36.0
"""Virtual seconds in which faults begin, and in which people are at work; then everything is healed and the run must come to rest."""
YEARLY, YEAR = 49, 150.0

AT_ANY_CALL = ("crash-before", "crash-after", "request-lost", "reply-lost", "slow", "stopped")
AT_SOME_CALLS: Mapping[str, tuple[str, ...]] = {
    "conflict": ("commit", "insert", "update", "upsert", "replace", "delete", "find"),
    "rebalance-in-batch": ("commit:batch", "commit:event", "insert:inbox"),
    "refused": ("append", "poll", "offsets"),
    "smtp-4xx": ("mail",),
    "smtp-5xx": ("mail",),
}
"""Kinds that only some calls can meet: a write conflict, a rebalance while a batch is in work, a server that says no."""
AT_A_TIME = ("crash", "away", "fail-over", "pause", "jump", "rebalance", "redelivered", "reordered", "poison", "not-yet", "bug")
KINDS = (*AT_ANY_CALL, *AT_SOME_CALLS, *AT_A_TIME)

_CONSUMING = ("poll", "offsets", "insert:inbox", "commit:batch", "commit:parked", "find:lanes", "commit:set-aside", "insert:dead_letters")
_SENDING = ("insert:outbox", "find:outbox", "append", "delete:outbox", "commit:relay.forget", "commit:lease.relay")
_ANSWERING = ("http", "upsert:idempotency_keys", "commit:command")
_WAKING = ("find:timers", "delete:timers", "commit:timer", "commit:lease.timers")
POINTS: Mapping[str, tuple[str, ...]] = {
    "profile": (*_SENDING, *_ANSWERING, *_WAKING, "replace:members", "commit:profile"),
    "matching": (*_SENDING, *_CONSUMING, *_ANSWERING, *_WAKING, "replace:pairings", "replace:places", "commit:round", "commit:dead-letter"),
    "scheduling": (*_SENDING, *_CONSUMING, *_ANSWERING, *_WAKING, "replace:schedules", "insert:diaries", "commit:dead-letter"),
    "notification": (*_SENDING, *_CONSUMING, "mail", "commit:deliveries", "update:deliveries", "replace:recipients", "commit:dead-letter"),
}
AMOUNTS = (0, 10, 120, 260, 420, 600)
"""How many faults a plan has."""
_WEIGHTS = {"crash": 1, "away": 1, "fail-over": 3, "pause": 1, "jump": 2, "rebalance": 3, "redelivered": 3, "reordered": 3}
_SELDOM = {"poison": 3, "not-yet": 3, "bug": 3}
"""How many of each kind a plan holds at most: each holds up a key until an operator comes."""
_SHARE_AT_CALLS = 0.8
_RARE = ("commit:parked", "commit:set-aside", "insert:dead_letters", "commit:dead-letter", "commit:timer", "insert:diaries")
_RARE_WEIGHT, _RARE_BY = 3, 0.4
"""Points that few calls pass are drawn more often, and early, so that they are struck at all."""
_LENGTHS = {
    "away": (0.2, 4.0),
    "pause": (0.3, 16.0),
    "reordered": (1.0, 8.0),
    "not-yet": (0.2, 6.0),
    "bug": (0.5, 5.0),
    "stopped": (0.2, 16.0),
}
_JUMP_LARGEST = 4.5


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at a call, by its number or by a time, or at a time."""

    kind: str
    target: str
    """A process (`matching-1`), a server (`broker`) or a service (`poison`, `not-yet`, `bug`, `redelivered`)."""
    point: str = ""
    nth: int = 0
    at: float = 0.0
    amount: float = 0.0
    """Seconds of a pause or an absence, or how far a clock jumps; what kind of poison."""

    @property
    def is_at_a_call(self) -> bool:
        """Return whether it waits for a call."""
        return bool(self.point)


def point_of(service: str, call: str) -> str:
    """Return the point of the catalogue that a call belongs to, or nothing."""
    return next((point for point in POINTS[service] if call.startswith(point)), "")


def kinds_at(point: str) -> list[str]:
    """Return the kinds of faults that a call at a point can meet."""
    some = [kind for kind, calls in AT_SOME_CALLS.items() if point.startswith(calls)]
    return [*AT_ANY_CALL, *some]


def catalogue() -> list[tuple[str, str, str]]:
    """Return every (kind, service, point) that can happen at a call."""
    return [(kind, service, point) for service, points in POINTS.items() for point in points for kind in kinds_at(point)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What befalls a run, and how long people are at work in it."""

    faults: tuple[Fault, ...]
    lasts: float = LIFE

    def as_json(self) -> str:
        """Write it down."""
        return json.dumps({"lasts": self.lasts, "faults": [asdict(fault) for fault in self.faults]})

    @classmethod
    def from_json(cls, text: str) -> "Plan":
        """Read one that was written down."""
        read = json.loads(text)
        return cls(tuple(Fault(**each) for each in read["faults"]), read["lasts"])


def plan_of(seed: int, processes: Sequence[str]) -> Plan:
    """Return the plan of a seed; one seed in fifty lives a year."""
    if seed % 50 == YEARLY:
        return Plan(tuple(plan(seed, processes, window=YEAR)), YEAR)
    return Plan(tuple(plan(seed, processes)))


def plan(seed: int, processes: Sequence[str], most: int | None = None, window: float = WINDOW) -> list[Fault]:
    """Return the faults of a seed: none, few or many; half of all kinds are drawn from, another half each time."""
    drawing = seeded(f"{seed}:plan")
    kinds = [kind for kind in KINDS if drawing.random() < 0.5] or ["crash-after"]
    amount = AMOUNTS[int(drawing.random() * len(AMOUNTS))] if most is None else most
    at_calls = [each for each in catalogue() for _ in range(_RARE_WEIGHT if each[2] in _RARE else 1) if each[0] in kinds]
    at_times = [kind for kind in kinds for _ in range(_WEIGHTS.get(kind, 0))]
    faults = [*_seldom(kinds, window, drawing)][:amount]
    while len(faults) < amount:
        if at_calls and (not at_times or drawing.random() < _SHARE_AT_CALLS):
            faults.append(_at_a_call(at_calls, processes, window, drawing))
        elif at_times:
            faults.append(_at_a_time(at_times[int(drawing.random() * len(at_times))], processes, window, drawing))
        else:
            break
    return faults


def _at_a_call(catalogued: list[tuple[str, str, str]], processes: Sequence[str], window: float, drawing: Randomness) -> Fault:
    kind, service, point = catalogued[int(drawing.random() * len(catalogued))]
    at = round(drawing.random() * window * (_RARE_BY if point in _RARE else 1), 3)
    return Fault(kind, _one(_replicas(service, processes), drawing), point, at=at, amount=_length(kind, drawing))


def _at_a_time(kind: str, processes: Sequence[str], window: float, drawing: Randomness) -> Fault:
    at, target = round(drawing.random() * window, 3), _one(processes, drawing)
    if kind == "away":
        target = _one(SERVERS, drawing)
    elif kind == "fail-over":
        target = _one(SERVERS[: len(SERVICES)], drawing)
    elif kind in {"redelivered", "rebalance", "reordered"}:
        target = _one([each for each in processes if not each.startswith("profile")], drawing)
    if kind == "jump":
        return Fault(kind, target, at=at, amount=round((drawing.random() * 2 - 1) * _JUMP_LARGEST, 3))
    return Fault(kind, target, at=at, amount=_length(kind, drawing))


def _seldom(kinds: Sequence[str], window: float, drawing: Randomness) -> Iterator[Fault]:
    for kind, most in _SELDOM.items():
        for _ in range(int(drawing.random() * (most + 1)) if kind in kinds else 0):
            amount = float(int(drawing.random() * 3)) if kind == "poison" else _length(kind, drawing)
            yield Fault(kind, _one(SERVICES[1:], drawing), at=round(drawing.random() * window, 3), amount=amount)


def _replicas(service: str, processes: Sequence[str]) -> list[str]:
    return [each for each in processes if each.startswith(service)]


def _one(some: Sequence[str], drawing: Randomness) -> str:
    return some[int(drawing.random() * len(some))]


def _length(kind: str, drawing: Randomness) -> float:
    low, high = _LENGTHS.get(kind, (0.0, 0.0))
    return round(low + drawing.random() ** 2 * (high - low), 3)


def one_of_each(processes: Sequence[str]) -> Iterator[Fault]:
    """Yield single faults: each kind once at each point of each service (`--enumerate`)."""
    for kind, service, point in catalogue():
        yield Fault(kind, _replicas(service, processes)[0], point, at=6.0, amount=_LENGTHS.get(kind, (0.0, 0.0))[1])
