"""Other ways to pair the same people, all judged by the same yardstick; the exact ones get the engine's own candidate graph."""

import importlib
import random
from collections.abc import Callable
from importlib.metadata import version
from time import process_time
from typing import Any

import numpy as np

from services.matching.engine.pairwise import PASSES, score_pairs
from services.matching.engine.solver import Solved

Pairs = list[tuple[int, int]]
Edge = tuple[int, int, int]
Rival = Callable[[Solved, list[Edge]], tuple[Pairs, float]]
"""Returns pairs and CPU seconds; what it takes to bring the input into a library's form does not count."""


def edges_of(solved: Solved, coverage: int) -> list[Edge]:
    """Return candidate edges with what a pair is worth when everybody has one seat: score, fairness and twice the coverage bonus."""
    bonus, found = solved.pool.bonus, solved.edges
    return [
        (u, v, weight + int(bonus[u] + bonus[v]) + 2 * coverage)
        for u, v, weight in zip(found.u.tolist(), found.v.tolist(), found.weight.tolist(), strict=True)
    ]


def judged(solved: Solved, pairs: Pairs, coverage: int) -> tuple[int, int]:
    """Check that nobody is in two pairs, that every gate is open and everybody has a seat; return value and score."""
    if not pairs:
        return 0, 0
    u, v = np.array(pairs, np.int64).T.copy()
    assert len(np.unique(np.concatenate((u, v)))) == 2 * len(pairs), "somebody is in two pairs"
    weight, gate = score_pairs(solved.pool, solved.model, u, v)
    assert (gate == PASSES).all(), "a gate is closed"
    assert (weight > 0).all(), "nobody gains"
    assert (solved.pool.seats[np.concatenate((u, v))] > 0).all(), "somebody has no seat"
    score = int(weight.sum(dtype=np.int64))
    return score + int(solved.pool.bonus[u].sum() + solved.pool.bonus[v].sum()) + 2 * coverage * len(pairs), score


def greedy(_solved: Solved, edges: list[Edge]) -> tuple[Pairs, float]:
    """Take the best pair left, again and again."""
    begun = process_time()
    pairs = _first_come(sorted(edges, key=lambda edge: (-edge[2], edge[0], edge[1])))
    return pairs, process_time() - begun


def at_random(_solved: Solved, edges: list[Edge]) -> tuple[Pairs, float]:
    """Take allowed pairs as they come."""
    shuffled = [*edges]
    random.Random(1).shuffle(shuffled)
    begun = process_time()
    return _first_come(shuffled), process_time() - begun


def _first_come(edges: list[Edge]) -> Pairs:
    used: set[int] = set()
    pairs = []
    for u, v, _ in edges:
        if u not in used and v not in used:
            used |= {u, v}
            pairs.append((u, v))
    return pairs


def networkx(_solved: Solved, edges: list[Edge]) -> tuple[Pairs, float]:
    """Exact, by networkx."""
    library = importlib.import_module("networkx")
    graph = library.Graph()
    graph.add_weighted_edges_from(edges)
    begun = process_time()
    found = library.max_weight_matching(graph)
    return [(min(pair), max(pair)) for pair in found], process_time() - begun


def rustworkx(solved: Solved, edges: list[Edge]) -> tuple[Pairs, float]:
    """Exact, by rustworkx."""
    library = importlib.import_module("rustworkx")
    graph = library.PyGraph(multigraph=False)
    graph.add_nodes_from(range(len(solved.pool.seats)))
    graph.add_edges_from(edges)
    begun = process_time()
    found = library.max_weight_matching(graph, weight_fn=int, verify_optimum=False)
    return [(min(pair), max(pair)) for pair in found], process_time() - begun


class OurScore:
    """The only rule that mentor-match gets: our score, looked up; a barred or useless pair is disallowed."""

    def __init__(self, table: list[list[int]]) -> None:
        """Take the scores of mentors (rows) with mentees."""
        self.table = table

    def apply(self, match: Any) -> int:
        """Return a match's score."""
        score: int = self.table[match.mentor.grade][match.mentee.grade]
        match.disallowed = score <= 0
        return score


def mentor_match(solved: Solved, _edges: list[Edge]) -> tuple[Pairs, float]:
    """Let the first half of the pool mentor the second: this tool knows mentors and mentees only."""
    process, mentor, mentee = (importlib.import_module(f"matching.{name}") for name in ("process", "mentor", "mentee"))
    half = len(solved.pool.seats) // 2
    left, right = np.divmod(np.arange(half * half, dtype=np.int64), half)
    weight, gate = score_pairs(solved.pool, solved.model, left, right + half)
    seated = (solved.pool.seats[left] > 0) & (solved.pool.seats[right + half] > 0)
    table = np.where((gate == PASSES) & seated, weight, 0).reshape(half, half).tolist()
    mentors = [mentor.Mentor(grade=at, email=f"mentor-{at}") for at in range(half)]
    mentees = [mentee.Mentee(grade=at, email=f"mentee-{at}") for at in range(half)]
    begun = process_time()
    process.process_data(mentors, mentees, [[OurScore(table)]])
    return [(one.grade, one.mentees[0].grade + half) for one in mentors if one.mentees], process_time() - begun


RIVALS: dict[str, tuple[Rival, tuple[str, ...], int, int]] = {
    "greedy": (greedy, (), 100_000, 100_000),
    "random": (at_random, (), 100_000, 100_000),
    "rustworkx": (rustworkx, ("rustworkx",), 10_000, 2_000),
    "networkx": (networkx, ("networkx",), 2_000, 500),
    "mentor-match": (mentor_match, ("mentor-match", "munkres"), 2_000, 500),
}
"""Each with the packages whose versions are told, and the largest size at which it is tried (in full, and quickly)."""


def measured(name: str, solved: Solved, coverage: int) -> dict[str, Any]:
    """Run one of them; return CPU seconds, value, score and versions."""
    run, packages, *_ = RIVALS[name]
    pairs, spent = run(solved, edges_of(solved, coverage))
    value, score = judged(solved, pairs, coverage)
    told = {"rival": name, "versions": {package: version(package) for package in packages}}
    return told | {"cpu_seconds": round(spent, 4), "value": value, "score": score, "pairs": len(pairs)}
