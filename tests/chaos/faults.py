"""What may befall the suite, and the plan of a run: drawn from its seed, the same for the same seed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.kernel.randomness import Randomness, seeded


class Kind(StrEnum):
    """The kinds of faults; the fault matrix of the message path as far as it can be provoked from outside."""

    KILL_SERVICE = "kill-service"
    STOP_SERVICE = "stop-service"
    KILL_BROKER = "kill-leader-broker"
    STOP_BROKER = "stop-leader-broker"
    KILL_DATABASE = "kill-database"
    STOP_DATABASE = "stop-database"
    CUT_KAFKA = "cut-kafka"
    DELAY_KAFKA = "delay-kafka"
    HALF_OPEN_KAFKA = "half-open-kafka"
    CUT_DATABASE = "cut-database"
    DELAY_DATABASE = "delay-database"
    HALF_OPEN_DATABASE = "half-open-database"
    DISK_FULL = "disk-full"
    ROLLING_RESTART = "rolling-restart"


SECONDS: dict[Kind, tuple[float, float]] = {
    Kind.KILL_SERVICE: (0.0, 2.0),
    Kind.STOP_SERVICE: (1.0, 6.0),
    Kind.KILL_BROKER: (1.0, 6.0),
    Kind.STOP_BROKER: (2.0, 6.0),
    Kind.KILL_DATABASE: (0.0, 2.0),
    Kind.STOP_DATABASE: (1.0, 5.0),
    Kind.DISK_FULL: (3.0, 5.0),
    Kind.ROLLING_RESTART: (0.0, 0.0),
}
OTHERWISE = (1.5, 5.0)
LONG = {Kind.STOP_SERVICE: 18.0, Kind.HALF_OPEN_DATABASE: 35.0, Kind.HALF_OPEN_KAFKA: 35.0}
"""Now and then a fault outlasts leases, sessions and the clients' own time limits."""
LONG_SHARE = 0.08
BROKERS = (Kind.KILL_BROKER, Kind.STOP_BROKER)
DATABASE = (Kind.KILL_DATABASE, Kind.STOP_DATABASE)
DECK: tuple[Kind, ...] = (*(kind for kind in Kind if kind is not Kind.ROLLING_RESTART), *(Kind.KILL_SERVICE, Kind.STOP_SERVICE) * 2)
"""Services are killed and stopped three times as often as anything else happens: there are many of them."""
ROLLING_EVERY = 75
TOGETHER = (1, 1, 1, 2, 2, 3)


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: what, against whom (a replica, a broker's door, or the leader of the moment), for how long."""

    kind: Kind
    target: str
    seconds: float

    def __str__(self) -> str:
        """Say it in a line of progress."""
        return f"{self.kind} {self.target} {self.seconds:.1f}s"


def plan(seed: int, count: int, replicas: Sequence[str], brokers: Sequence[str], together: Sequence[int] = TOGETHER) -> list[list[Fault]]:
    """Return `count` faults in steps: those of one step overlap, and no step takes more away than the suite promises to bear.

    At most one broker is away at a time (replication 3, two in sync), a rolling restart stands alone, and nobody is hit twice in a step.
    """
    luck = seeded(f"chaos:{seed}")
    kinds, steps = _kinds(luck), list[list[Fault]]()
    waiting: list[Fault] = []
    drawn, rolled = 0, 0
    while drawn < count:
        if (drawn + 1) // ROLLING_EVERY > rolled:
            steps.append([Fault(Kind.ROLLING_RESTART, "everything", 0.0)])
            drawn, rolled = drawn + 1, rolled + 1
            continue
        step: list[Fault] = []
        for _ in range(min(together[int(luck.random() * len(together))], count - drawn)):
            fault = waiting.pop() if waiting else _fault(next(kinds), luck, replicas, brokers)
            if any(_collide(fault, other) for other in step):
                waiting.append(fault)
                break
            step.append(fault)
        steps.append(step)
        drawn += len(step)
    return steps


def _kinds(luck: Randomness) -> Iterator[Kind]:
    """Yield kinds from shuffled decks: in a long run each comes about as often as another."""
    while True:
        deck = list(DECK)
        while deck:
            yield deck.pop(int(luck.random() * len(deck)))


def _fault(kind: Kind, luck: Randomness, replicas: Sequence[str], brokers: Sequence[str]) -> Fault:
    low, high = SECONDS.get(kind, OTHERWISE)
    seconds = low + (high - low) * luck.random()
    if kind in LONG and luck.random() < LONG_SHARE:
        seconds = LONG[kind]
    if kind in BROKERS:
        target = "leader"
    elif kind in DATABASE:
        target = "database"
    elif kind in {Kind.CUT_KAFKA, Kind.DELAY_KAFKA, Kind.HALF_OPEN_KAFKA}:
        target = brokers[int(luck.random() * len(brokers))]
    elif kind is Kind.DISK_FULL:
        target = "profile"
    else:
        target = replicas[int(luck.random() * len(replicas))]
    return Fault(kind, target, round(seconds, 1))


def _collide(one: Fault, other: Fault) -> bool:
    both = {one.kind, other.kind}
    if Kind.DISK_FULL in both and any(fault.target.startswith("profile") for fault in (one, other) if fault.kind is not Kind.DISK_FULL):
        return True
    return one.target == other.target or both <= {*BROKERS} or both <= {*DATABASE}
