"""Other ways to pair the same people on the same candidate graph, judged by the same yardstick."""

import importlib
import random
from collections.abc import Callable
from time import process_time
from typing import Any

from services.matching.engine.solver import Solved

Pairs = list[tuple[int, int]]
Edge = tuple[int, int, int]


def edges_of(solved: Solved, coverage: int) -> list[Edge]:
    """Return candidate edges with what a pair is worth when everybody has one seat: score, fairness and twice the coverage bonus."""
    bonus = solved.pool.bonus
    found = solved.edges
    return [
        (u, v, weight + int(bonus[u] + bonus[v]) + 2 * coverage)
        for u, v, weight in zip(found.u.tolist(), found.v.tolist(), found.weight.tolist(), strict=True)
    ]


def value_of(pairs: Pairs, edges: list[Edge]) -> int:
    """Check that nobody is in two pairs, and return what the pairs are worth together."""
    worth = {(u, v): value for u, v, value in edges}
    members = [member for pair in pairs for member in pair]
    assert len(members) == len({*members}), "somebody is in two pairs"
    return sum(worth[min(pair), max(pair)] for pair in pairs)


def greedy(edges: list[Edge], _people: int) -> Pairs:
    """Take the best pair left, again and again."""
    return _first_come(sorted(edges, key=lambda edge: (-edge[2], edge[0], edge[1])))


def at_random(edges: list[Edge], _people: int) -> Pairs:
    """Take allowed pairs as they come."""
    shuffled = [*edges]
    random.Random(1).shuffle(shuffled)
    return _first_come(shuffled)


def _first_come(edges: list[Edge]) -> Pairs:
    used: set[int] = set()
    pairs = []
    for u, v, _ in edges:
        if u not in used and v not in used:
            used |= {u, v}
            pairs.append((u, v))
    return pairs


def networkx(edges: list[Edge], _people: int) -> Pairs:
    """Exact, by networkx."""
    library = importlib.import_module("networkx")
    graph = library.Graph()
    graph.add_weighted_edges_from(edges)
    return [(min(pair), max(pair)) for pair in library.max_weight_matching(graph)]


def rustworkx(edges: list[Edge], people: int) -> Pairs:
    """Exact, by rustworkx."""
    library = importlib.import_module("rustworkx")
    graph = library.PyGraph(multigraph=False)
    graph.add_nodes_from(range(people))
    graph.add_edges_from(edges)
    return [(min(pair), max(pair)) for pair in library.max_weight_matching(graph, weight_fn=int, verify_optimum=False)]


RIVALS: dict[str, tuple[Callable[[list[Edge], int], Pairs], int]] = {
    "greedy": (greedy, 100_000),
    "random": (at_random, 100_000),
    "rustworkx": (rustworkx, 10_000),
    "networkx": (networkx, 2_000),
}
"""Each with the largest size at which it is tried."""


def measured(name: str, edges: list[Edge], people: int) -> dict[str, Any]:
    """Run one of them; return CPU seconds and value."""
    begun = process_time()
    pairs = RIVALS[name][0](edges, people)
    spent = process_time() - begun
    return {"rival": name, "cpu_seconds": round(spent, 3), "value": value_of(pairs, edges), "pairs": len(pairs)}
