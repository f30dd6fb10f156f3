"""From the relaxed answer to whole pairs: who holds whom stays; along paths and cycles the best alternation is taken."""

import numpy as np

from services.matching.engine.auction import Graph
from services.matching.engine.compiled import compiled
from services.matching.engine.shapes import Byte, Int, Long

NOT_ONE_SIDED = -2


@compiled
def chains(graph: Graph, held: Int, fixed: Byte) -> tuple[Long, Long]:
    """Link the one-sided arcs: each continues where the person it reaches holds somebody with the same seat.

    Returns each arc's next and previous arc (-1 = none, `NOT_ONE_SIDED` = no part of any chain).
    """
    after, before = np.full(len(graph.to), NOT_ONE_SIDED, np.int64), np.full(len(graph.to), NOT_ONE_SIDED, np.int64)
    for i in range(len(graph.seats)):
        for arc in range(graph.start[i], graph.start[i + 1]):
            if held[arc] >= 0 and not fixed[graph.pair[arc]]:
                after[arc] = before[arc] = -1
    for i in range(len(graph.seats)):
        out = graph.start[i]
        for arc in range(graph.start[i], graph.start[i + 1]):
            coming = graph.back[arc]
            if after[coming] == NOT_ONE_SIDED:
                continue
            while out < graph.start[i + 1] and after[out] == NOT_ONE_SIDED:
                out += 1
            if out == graph.start[i + 1]:
                break
            after[coming], before[out] = out, coming
            out += 1
    return after, before


@compiled
def alternate(weight: Long, first: int, last: int, chosen: Byte) -> int:
    """Mark the heaviest choice without neighbours in the line `weight[first:last]`; return its weight."""
    if last <= first:
        return 0
    taken, left = np.zeros(last - first, np.int64), np.zeros(last - first, np.int64)
    for at in range(last - first):
        worth = weight[first + at]
        taken[at] = worth + (left[at - 1] if at > 0 else 0)
        left[at] = max(taken[at - 1], left[at - 1]) if at > 0 else 0
    at = last - first - 1
    while at >= 0:
        if taken[at] > left[at]:
            chosen[first + at] = 1
            at -= 1
        at -= 1
    return int(max(taken[last - first - 1], left[last - first - 1]))


@compiled
def choose_in_chain(arcs: Long, weight: Long, is_cycle: bool, graph: Graph, inside: Byte) -> None:
    """Put the best alternation of one path or cycle into the round."""
    length = len(arcs)
    chosen = np.zeros(length, np.int8)
    if not is_cycle:
        alternate(weight, 0, length, chosen)
    else:
        without = np.zeros(length, np.int8)
        second = alternate(weight, 1, length, without)
        if weight[0] + alternate(weight, 2, length - 1, chosen) >= second:
            chosen[0] = 1
        else:
            chosen[:] = without
    for at in range(length):
        if chosen[at]:
            inside[graph.pair[arcs[at]]] = 1


@compiled
def whole_pairs(graph: Graph, bonus: int, held: Int) -> Byte:
    """Return for each candidate pair whether it is in the round."""
    inside = np.zeros(len(graph.to) // 2, np.int8)
    partnered = np.zeros(len(graph.seats), np.int8)
    for i in range(len(graph.seats)):
        for arc in range(graph.start[i], graph.start[i + 1]):
            if held[arc] >= 0 and held[graph.back[arc]] >= 0:
                inside[graph.pair[arc]] = 1
                partnered[i] = 1
    after, before = chains(graph, held, inside.copy())
    arcs, weight = np.empty(len(graph.to), np.int64), np.empty(len(graph.to), np.int64)
    for is_cycle in (False, True):
        for start in range(len(graph.to)):
            if after[start] == NOT_ONE_SIDED or (not is_cycle and before[start] != -1):
                continue
            arc, length = start, 0
            while arc >= 0 and after[arc] != NOT_ONE_SIDED:
                mine, yours = graph.to[graph.back[arc]], graph.to[arc]
                new = (0 if partnered[mine] else 1) + (0 if partnered[yours] else 1)
                arcs[length], weight[length] = arc, graph.value[arc] + new * bonus
                length += 1
                following = after[arc]
                after[arc] = NOT_ONE_SIDED
                arc = following
            choose_in_chain(arcs[:length], weight[:length], is_cycle, graph, inside)
    return inside
