"""The goals of the engine and what was measured for them (issue "matching engine", section 4)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from tests.bench.report import Figure

Told = Mapping[str, Any]
Better = Literal["higher", "lower"]
Goal = tuple[str, str, int, str, Callable[[Told], float], float, Better]


def _certified(told: Told) -> float:
    return round(100 * (1 - float(told["gap"])), 4)


def _certified_all(told: Told) -> float:
    return round(100 * (1 - float(told["gap_all"])), 4)


def _cpu(told: Told) -> float:
    return float(told["cpu_seconds"])


def _times(rival: str, key: str = "times_our_cpu") -> Callable[[Told], float]:
    def read(told: Told) -> float:
        return next(float(result[key]) for result in told["rivals"] if result["rival"] == rival)

    return read


def _solve(shape: str, size: int, seconds: float, all_pairs: float) -> list[Goal]:
    return [
        (f"{shape} {size:,}: whole round", shape, size, "CPU s", _cpu, seconds, "lower"),
        (f"{shape} {size:,}: certified on candidates", shape, size, "%", _certified, 99.9, "higher"),
        (f"{shape} {size:,}: certified on all pairs", shape, size, "%", _certified_all, all_pairs, "higher"),
    ]


def _p99(told: Told) -> float:
    return float(told["suggestions"]["p99_ms"])


GOALS: list[Goal] = [
    *_solve("company", 10_000, 1.0, 99.9),
    *_solve("survey", 10_000, 6.0, 99.9),
    *_solve("survey68", 10_000, 6.0, 99.9),
    *_solve("survey", 40_000, 60.0, 99.9),
    *_solve("company", 100_000, 120.0, 98.5),
    ("company 100,000: peak memory", "company", 100_000, "MiB", lambda told: float(told["peak_mib"]), 1_024, "lower"),
    ("networkx on the same graph, 2,000", "company", 2_000, "x", _times("networkx"), 500, "higher"),
    ("rustworkx on the same graph, 10,000", "company", 10_000, "x", _times("rustworkx"), 200, "higher"),
    ("mentor-match on the same people, 2,000", "company", 2_000, "x", _times("mentor-match"), 50, "higher"),
    ("score against mentor-match's, 2,000", "company", 2_000, "x", _times("mentor-match", "our_score_times_theirs"), 1.1, "higher"),
    ("suggestions p99, 10,000", "company", 10_000, "ms", _p99, 1.0, "lower"),
    ("suggestions p99, 100,000", "company", 100_000, "ms", _p99, 5.0, "lower"),
]


def figures(cases: Sequence[Told]) -> tuple[list[Figure], list[str]]:
    """Return each goal with the median over the seeds of its plain case (one seat, K 20), and the goals not measured."""
    found, missing = [], []
    for name, shape, size, unit, read, goal, better in GOALS:
        values = []
        for told in cases:
            if (told["shape"], told["size"], told["seats"], told["candidates"]) == (shape, size, 1, 20):
                try:
                    values.append(read(told))
                except StopIteration:
                    continue
        if not values:
            missing.append(name)
            continue
        values.sort()
        middle = values[len(values) // 2]
        found.append(Figure(part="engine", name=name, value=middle, unit=unit, low=values[0], high=values[-1], goal=goal, better=better))
    return found, missing
