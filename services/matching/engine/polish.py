"""Local improvement: one pair in, at most one out at each end, refill the freed, until nothing gains."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.auction import Graph
from services.matching.engine.compiled import compiled, lean
from services.matching.engine.shapes import Byte, Int, Long, Whole

NONE = -1
_NEVER = 1 << 60


class State(NamedTuple):
    """A round being improved: which pairs are in, how many partners each has, how many neighbours have a free seat."""

    inside: Byte
    partners: Int
    free_near: Int


class Move(NamedTuple):
    """A change worth making: arcs to put in, to take out at each end, and to refill the freed with; -1 = none."""

    gain: Whole
    put: Whole
    out_here: Whole
    out_there: Whole
    refill_here: Whole
    refill_there: Whole


@compiled
def new_state(graph: Graph, inside: Byte) -> State:
    """Count partners and free neighbours."""
    partners, near = np.zeros(len(graph.seats), np.int32), np.zeros(len(graph.seats), np.int32)
    for i in range(len(graph.seats)):
        for arc in range(graph.start[i], graph.start[i + 1]):
            partners[i] += inside[graph.pair[arc]]
    for i in range(len(graph.seats)):
        for arc in range(graph.start[i], graph.start[i + 1]):
            j = graph.to[arc]
            near[i] += 1 if partners[j] < graph.seats[j] else 0
    return State(inside, partners, near)


@lean
def toggle(graph: Graph, state: State, arc: Whole) -> None:
    """Put the pair of an arc in, or take it out, and keep the counts true."""
    put = state.inside[graph.pair[arc]] == 0
    state.inside[graph.pair[arc]] = 1 if put else 0
    for i in (graph.to[arc], graph.to[graph.back[arc]]):
        was_free = state.partners[i] < graph.seats[i]
        state.partners[i] += 1 if put else -1
        is_free = state.partners[i] < graph.seats[i]
        if was_free != is_free:
            for other in range(graph.start[i], graph.start[i + 1]):
                state.free_near[graph.to[other]] += 1 if is_free else -1


@lean
def best_refill(graph: Graph, state: State, bonus: int, freed: Whole, no: tuple[Whole, Whole, Whole], alone: bool) -> tuple[int, int]:
    """Return the best arc from somebody freed to somebody with a free seat (none of `no`), and what it adds."""
    best, chosen = 0, NONE
    if state.free_near[freed] <= 0:
        return chosen, best
    for arc in range(graph.start[freed], graph.start[freed + 1]):
        j = graph.to[arc]
        if state.partners[j] >= graph.seats[j] or j == no[0] or j == no[1] or j == no[2] or state.inside[graph.pair[arc]]:
            continue
        adds = graph.value[arc] + (bonus if state.partners[j] == 0 else 0) + (bonus if alone else 0)
        if adds > best:
            best, chosen = adds, arc
    return chosen, best


class Exit(NamedTuple):
    """What somebody gives up for a new partner: arc out, who that frees, arc to refill them with, whom that takes, and the net loss."""

    out: Whole
    freed: Whole
    refill: Whole
    takes: Whole
    loss: Whole


@lean
def cheapest_exit(graph: Graph, state: State, bonus: int, i: Whole, other: Whole, spared: Whole, taken: Whole) -> Exit:
    """Return what to give up at i for a new partner, without freeing `spared` or refilling with `taken`."""
    if state.partners[i] < graph.seats[i]:
        return Exit(NONE, NONE, NONE, NONE, 0)
    best = Exit(NONE, NONE, NONE, NONE, _NEVER)
    for arc in range(graph.start[i], graph.start[i + 1]):
        freed = np.int64(graph.to[arc])
        if not state.inside[graph.pair[arc]] or freed == spared:
            continue
        alone = state.partners[freed] == 1
        again, adds = best_refill(graph, state, bonus, freed, (i, other, taken), alone)
        loss = graph.value[arc] + (bonus if alone else 0) - adds
        if loss < best.loss:
            best = Exit(arc, freed, again, np.int64(graph.to[again]) if again >= 0 else NONE, loss)
    return best


@lean
def arc_between(graph: Graph, i: int, j: int) -> int:
    """Return the arc from i to j, or -1."""
    low, high = graph.start[i], graph.start[i + 1]
    while low < high:
        middle = (low + high) // 2
        if graph.to[middle] < j:
            low = middle + 1
        else:
            high = middle
    return low if low < graph.start[i + 1] and graph.to[low] == j else NONE


@lean
def better(one: Move, other: Move) -> Move:
    """Return the change that gains more, the first of equals."""
    return other if other.gain > one.gain else one


@lean
def best_move_with(graph: Graph, state: State, bonus: int, put: int) -> Move:
    """Return the best way to put one pair in."""
    i, j = np.int64(graph.to[graph.back[put]]), np.int64(graph.to[put])
    adds = graph.value[put] + (bonus if state.partners[i] == 0 else 0) + (bonus if state.partners[j] == 0 else 0)
    here, there = cheapest_exit(graph, state, bonus, i, j, NONE, NONE), cheapest_exit(graph, state, bonus, j, i, NONE, NONE)
    best = Move(0, put, NONE, NONE, NONE, NONE)
    shared = here.freed if here.freed == there.freed else NONE
    same = here.takes if here.takes == there.takes else NONE
    if shared >= 0:
        best = better(best, move_over(graph, state, bonus, put, adds, here.out, there.out))
    elif same < 0 or graph.seats[same] - state.partners[same] > 1:
        twice = bonus if same >= 0 and state.partners[same] == 0 else 0
        best = better(best, Move(adds - here.loss - there.loss - twice, put, here.out, there.out, here.refill, there.refill))
    if shared >= 0 or same >= 0:
        later, sooner = cheapest_exit(graph, state, bonus, j, i, shared, same), cheapest_exit(graph, state, bonus, i, j, shared, same)
        best = better(best, Move(adds - here.loss - later.loss, put, here.out, later.out, here.refill, later.refill))
        best = better(best, Move(adds - sooner.loss - there.loss, put, sooner.out, there.out, sooner.refill, there.refill))
    if here.out >= 0 and there.out >= 0:
        best = better(best, exchange(graph, state, put, adds))
    return best


@lean
def exchange(graph: Graph, state: State, put: int, adds: int) -> Move:
    """Return the best change in which those whom both ends give up take each other."""
    i, j = np.int64(graph.to[graph.back[put]]), np.int64(graph.to[put])
    best = Move(0, put, NONE, NONE, NONE, NONE)
    for here in range(graph.start[i], graph.start[i + 1]):
        if not state.inside[graph.pair[here]]:
            continue
        for there in range(graph.start[j], graph.start[j + 1]):
            if not state.inside[graph.pair[there]]:
                continue
            direct = arc_between(graph, graph.to[here], graph.to[there])
            if direct >= 0 and not state.inside[graph.pair[direct]]:
                gain = adds - graph.value[here] - graph.value[there] + graph.value[direct]
                best = better(best, Move(gain, put, here, there, direct, NONE))
    return best


@lean
def move_over(graph: Graph, state: State, bonus: int, put: int, adds: int, out_here: Whole, out_there: Whole) -> Move:
    """Return the change in which both ends give up the same third, who is refilled twice where that is possible."""
    third, i, j = np.int64(graph.to[out_here]), np.int64(graph.to[graph.back[put]]), np.int64(graph.to[put])
    alone = state.partners[third] == 2  # noqa: PLR2004 - the two of the new pair
    first, more = best_refill(graph, state, bonus, third, (i, j, NONE), alone)
    second, again = best_refill(graph, state, bonus, third, (i, j, np.int64(graph.to[first])), False) if first >= 0 else (NONE, 0)
    gain = adds - graph.value[out_here] - graph.value[out_there] - (bonus if alone else 0) + more + again
    return Move(gain, put, out_here, out_there, first, second)


@lean
def apply_move(graph: Graph, state: State, move: Move) -> None:
    """Make a change."""
    if move.out_here >= 0:
        toggle(graph, state, move.out_here)
    if move.out_there >= 0:
        toggle(graph, state, move.out_there)
    toggle(graph, state, move.put)
    if move.refill_here >= 0:
        toggle(graph, state, move.refill_here)
    if move.refill_there >= 0:
        toggle(graph, state, move.refill_there)


class Limits(NamedTuple):
    """Quick limits of what a change can bring, so that hopeless pairs are passed over without a closer look.

    `floor`: a lower limit of the loss of giving somebody up at a person. `swap_in`, `swap_out`: the same for the exchange
    in which both who were given up take each other, in reduced worth (worth less both net prices), where prices cancel out.
    """

    net: Long
    top: Long
    floor: Long
    swap_in: Long
    swap_out: Long


@lean
def refresh(graph: Graph, state: State, bonus: int, limits: Limits, i: int) -> None:
    """Set the limits of one person."""
    limits.floor[i], limits.swap_in[i], limits.swap_out[i] = 0, -(1 << 62), 0
    if state.partners[i] < graph.seats[i]:
        return
    least, swap_in, swap_out = 1 << 62, -(1 << 62), 1 << 62
    for arc in range(graph.start[i], graph.start[i + 1]):
        if not state.inside[graph.pair[arc]]:
            continue
        freed, value = graph.to[arc], graph.value[arc]
        loss = value + (bonus if state.partners[freed] == 1 else 0)
        if state.free_near[freed] > 0:
            most = 0
            for other in range(graph.start[freed], graph.start[freed + 1]):
                j = graph.to[other]
                if state.partners[j] < graph.seats[j]:
                    most = max(most, graph.value[other] + (bonus if state.partners[j] == 0 else 0))
            loss -= most + (bonus if state.partners[freed] == 1 else 0)
        reduced = value - limits.net[i] - limits.net[freed]
        least, swap_in, swap_out = min(least, loss), max(swap_in, limits.top[freed] - reduced), min(swap_out, reduced)
    limits.floor[i], limits.swap_in[i], limits.swap_out[i] = least, swap_in, swap_out


@compiled
def new_limits(graph: Graph, net: Long) -> Limits:
    """Find the best reduced worth at each person."""
    people = len(graph.seats)
    top = np.full(people, -(1 << 60), np.int64)
    for i in range(people):
        for arc in range(graph.start[i], graph.start[i + 1]):
            top[i] = max(top[i], graph.value[arc] - net[i] - net[graph.to[arc]])
    return Limits(net, top, np.zeros(people, np.int64), np.zeros(people, np.int64), np.zeros(people, np.int64))


@lean
def best_move_at(graph: Graph, state: State, bonus: int, i: int, limits: Limits) -> Move:
    """Return the best change that gives i a new partner."""
    best = Move(0, NONE, NONE, NONE, NONE, NONE)
    alone = bonus if state.partners[i] == 0 else 0
    for arc in range(graph.start[i], graph.start[i + 1]):
        if state.inside[graph.pair[arc]]:
            continue
        j, value = graph.to[arc], graph.value[arc]
        adds = value + alone + (bonus if state.partners[j] == 0 else 0)
        exchange = value - limits.net[i] - limits.net[j] + limits.swap_in[i] - limits.swap_out[j]
        if adds - limits.floor[i] - limits.floor[j] <= best.gain and exchange <= best.gain:
            continue
        move = best_move_with(graph, state, bonus, arc)
        if move.gain > best.gain:
            best = move
    return best


@compiled
def polish(graph: Graph, bonus: int, inside: Byte, net: Long, order: Long, passes: int) -> int:
    """Improve the round in place until a pass changes nothing; return how many passes it took (`passes + 1`: limit reached)."""
    state = new_state(graph, inside)
    limits = new_limits(graph, net)
    for done in range(passes):
        changed = False
        for i in range(len(graph.seats)):
            refresh(graph, state, bonus, limits, i)
        for at in range(len(order)):
            i = order[(at + done * 7919) % len(order)]
            best = best_move_at(graph, state, bonus, i, limits)
            if best.gain > 0:
                apply_move(graph, state, best)
                changed = True
                refresh(graph, state, bonus, limits, i)
                for arc in range(graph.start[i], graph.start[i + 1]):
                    refresh(graph, state, bonus, limits, graph.to[arc])
        if not changed:
            return done + 1
    return passes + 1
