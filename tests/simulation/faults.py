"""What goes wrong in a run: a plan as data, made from the seed before the run, readable and repeatable."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from shared.kernel.randomness import Randomness, seeded

AT_A_CALL = ("crash-before", "crash-after", "request-lost", "reply-lost", "slow", "refused")
AT_A_TIME = ("crash", "away", "pause", "jump", "rebalance")
SERVICES = ("profile", "matching", "scheduling", "notification")
SERVERS = (*(f"database:{service}" for service in SERVICES), "broker", "mail")
AMOUNTS = (0, 1, 3, 8, 20)
FAULTS_UNTIL = 38.0
"""Virtual seconds; afterwards everything is healed and the run must come to rest."""
PAUSE_LONGEST, AWAY_LONGEST, JUMP_LARGEST = 20.0, 9.0, 4.5
OCCURRENCE_LARGEST = 7
"""As a power of two: the k-th call of a kind, k drawn log-uniformly."""

_PATH = (
    "commit:batch",
    "commit:relay.forget",
    "find:outbox",
    "upsert:inbox",
    "insert:outbox",
    "append",
    "poll",
    "offsets",
    "commit:lease.relay",
)
POINTS: dict[str, tuple[str, ...]] = {
    "profile": (*_PATH[1:3], "insert:outbox", "append", "commit:command", "commit:import", "commit:timer", "upsert:idempotency_keys"),
    "matching": (
        *_PATH,
        "commit:command",
        "commit:round",
        "commit:timer",
        "commit:parked.run",
        "replace:pairings",
        "upsert:idempotency_keys",
    ),
    "scheduling": (*_PATH, "commit:command", "commit:timer", "insert:diaries", "replace:schedules"),
    "notification": (*_PATH, "mail", "commit:delivery", "update:deliveries", "commit:timer"),
}
"""Named points of the path by service; a point stands for every call whose name begins with it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: at the `nth` call at a point, or at a time."""

    kind: str
    target: str
    """A process (`matching-1`) or a server (`broker`)."""
    point: str = ""
    nth: int = 0
    at: float = 0.0
    amount: float = 0.0
    """Seconds of a pause or an absence, or how far a clock jumps."""


def plan(seed: int, processes: Sequence[str], most: int | None = None) -> list[Fault]:
    """Return the faults of a seed; half of all kinds are drawn from, another half each time."""
    drawing = seeded(f"{seed}:plan")
    kinds = [kind for kind in (*AT_A_CALL, *AT_A_TIME) if drawing.random() < 0.5] or ["crash-after"]
    amount = AMOUNTS[int(drawing.random() * len(AMOUNTS))] if most is None else most
    return [_drawn(kinds[int(drawing.random() * len(kinds))], processes, drawing) for _ in range(amount)]


def _drawn(kind: str, processes: Sequence[str], drawing: Randomness) -> Fault:
    target = processes[int(drawing.random() * len(processes))]
    at = round(5.0 + drawing.random() * (FAULTS_UNTIL - 5.0), 3)
    share = drawing.random()
    if kind in AT_A_CALL:
        points = POINTS[target.split("-", maxsplit=1)[0]]
        return Fault(kind, target, points[int(drawing.random() * len(points))], int(2 ** (share * OCCURRENCE_LARGEST)))
    if kind == "away":
        return Fault(kind, SERVERS[int(drawing.random() * len(SERVERS))], at=at, amount=round(0.2 + share * AWAY_LONGEST, 3))
    if kind == "pause":
        return Fault(kind, target, at=at, amount=round(0.5 + share * PAUSE_LONGEST, 3))
    if kind == "jump":
        return Fault(kind, target, at=at, amount=round((share * 2 - 1) * JUMP_LARGEST, 3))
    return Fault(kind, target, at=at)


def as_json(faults: Sequence[Fault]) -> str:
    """Write a plan down."""
    return json.dumps([asdict(fault) for fault in faults])


def from_json(text: str) -> list[Fault]:
    """Read a plan that was written down."""
    return [Fault(**each) for each in json.loads(text)]
