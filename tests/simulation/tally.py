"""What a sweep of many seeds has seen so far: added up, kept in a file so that it can be continued, told as JSON."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.simulation.faults import Fault, catalogue
from tests.simulation.run import Verdict

HITS_MIN, PER_SEEDS = 50, 10_000
"""In so many seeds each fault of the catalogue must have struck so often; a shorter sweep needs its share."""
SWEEP_SMALLEST = 500
"""Below this many seeds what was never hit is told, not held against the sweep."""
COUNTERS = ("faults", "calls", "states")


@dataclass
class Tally:
    """Sums over seeds."""

    seeds: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    """By kind, service and point."""
    calls: Counter[str] = field(default_factory=Counter)
    """How often each point was passed."""
    states: Counter[str] = field(default_factory=Counter)
    """What runs came to: facts by name, dead letters by their end, keys released, leases taken over."""
    checks: int = 0
    steps: int = 0
    virtual_seconds: float = 0.0
    cpu_seconds: float = 0.0
    second_copies: int = 0
    mails_again: int = 0
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, verdict: Verdict, cpu_seconds: float) -> None:
        """Add a run."""
        self.seeds += 1
        self.faults.update(map(_place_of, verdict.fired))
        self.calls.update(verdict.hits)
        self.states.update(verdict.reached)
        self.checks += verdict.checks
        self.steps += verdict.steps
        self.virtual_seconds += verdict.seconds
        self.cpu_seconds += cpu_seconds
        self.second_copies += verdict.copies
        self.mails_again += verdict.mails_again
        if verdict.violations:
            broken = [f"{found.rule}: {found.what}" for found in verdict.violations]
            self.failures.append({"seed": verdict.seed, "rules": broken, "again": again(verdict.seed)})

    def merge(self, other: "Tally") -> None:
        """Add another sweep's sums."""
        for name in COUNTERS:
            getattr(self, name).update(getattr(other, name))
        for name in ("seeds", "checks", "steps", "virtual_seconds", "cpu_seconds", "second_copies", "mails_again", "failures"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    def seldom(self) -> dict[str, int]:
        """Return the faults of the catalogue that struck too seldom for so many seeds, and how often."""
        wanted = max(1, self.seeds * HITS_MIN // PER_SEEDS)
        hits = {f"{kind} {service} {point}": self.faults[f"{kind} {service} {point}"] for kind, service, point in catalogue()}
        return {place: times for place, times in hits.items() if times < wanted}

    @property
    def is_covered(self) -> bool:
        """Return whether every fault struck often enough, if the sweep is long enough to tell."""
        return self.seeds < SWEEP_SMALLEST or not self.seldom()

    def summary(self) -> dict[str, Any]:
        """Return the sweep in one object."""
        kinds = Counter[str]()
        for place, times in self.faults.items():
            kinds[place.split(" ")[0]] += times
        return {
            "seeds": self.seeds,
            "faults": self.faults.total(),
            "faults_by_kind": dict(kinds.most_common()),
            "oracle_checks": self.checks,
            "failures": self.failures,
            "fault_points": {"in_catalogue": len(catalogue()), "struck_too_seldom": self.seldom()},
            "virtual_hours": round(self.virtual_seconds / 3600, 1),
            "steps": self.steps,
            "cpu_seconds": round(self.cpu_seconds, 1),
            "second_copies": self.second_copies,
            "mails_again": self.mails_again,
            "states": dict(self.states.most_common()),
            "calls": dict(self.calls.most_common()),
            "faults_by_point": dict(self.faults.most_common()),
        }


@dataclass
class State:
    """A sweep that can be continued: which chunks of seeds are done, and their sums. A file holds one line a chunk."""

    done: dict[int, Tally] = field(default_factory=dict)
    """By the first seed of each chunk."""

    @classmethod
    def read(cls, path: Path | None) -> "State":
        """Read a state that was kept, or begin. A chunk that failed is not done: it runs again, by the code of today."""
        kept = cls()
        lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path is not None and path.exists() else []
        for first, sums in map(json.loads, lines):
            if not sums["failures"]:
                kept.done[first] = Tally(**(sums | {name: Counter(sums[name]) for name in COUNTERS}))
        return kept

    def add(self, first: int, tally: Tally, path: Path | None) -> None:
        """Add a chunk, and keep it."""
        self.done[first] = tally
        if path is not None:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps([first, vars(tally)]) + "\n")


def again(seed: int) -> str:
    """Return the command that repeats a seed."""
    return f"make simulate SEEDS={seed}:{seed + 1}"


def _place_of(fault: Fault) -> str:
    if fault.is_at_a_call:
        return f"{fault.kind} {fault.target.rsplit('-', 1)[0]} {fault.point}"
    return f"{fault.kind} {fault.target}"
