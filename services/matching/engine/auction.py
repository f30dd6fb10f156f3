"""The auction on the double cover of the relaxation, and the prices it leaves (integers only, one thread).

Everybody is there twice: as a bidder with one bid per free seat, and as an item with one slot per free seat. A first
partner is worth the coverage bonus: a bidder's first bid may lose so much before it is withdrawn, and an item's
first slot starts at minus the bonus. Scores are shifted left so that a hash of (seed, u, v) below them breaks ties.
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled, inlined, lean
from services.matching.engine.shapes import Int, Long

TIE_BITS = 8
_DROPPED = -(1 << 62)
_NEAR = 6


class Graph(NamedTuple):
    """Candidate pairs seen from each person. `value`: (score + fairness) shifted, a hash below it."""

    start: Long
    to: Int
    pair: Int
    back: Int
    """The same pair seen from the other side."""
    value: Long
    seats: Int


@compiled
def build_graph(u: Int, v: Int, worth: Long, tie: Long, seats: Int) -> Graph:
    """Return the graph of the pairs (u < v, in order) with their worth (score and fairness bonus)."""
    people, pairs = len(seats), len(u)
    start = np.zeros(people + 1, np.int64)
    for at in range(pairs):
        start[u[at] + 1] += 1
        start[v[at] + 1] += 1
    for i in range(people):
        start[i + 1] += start[i]
    free = start[:-1].copy()
    to, pair, back = np.empty(2 * pairs, np.int32), np.empty(2 * pairs, np.int32), np.empty(2 * pairs, np.int32)
    value = np.empty(2 * pairs, np.int64)
    for at in range(pairs):
        there = free[v[at]]
        to[there], pair[there], back[there] = u[at], at, -1
        free[v[at]] += 1
    for i in range(people):
        free[i] = start[i]
    lower = np.zeros(people, np.int64)
    for at in range(pairs):
        lower[v[at]] += 1
    ahead = start[:-1] + lower
    for at in range(pairs):
        here, there = ahead[u[at]], free[v[at]]
        to[here], pair[here] = v[at], at
        back[here], back[there] = there, here
        value[here] = value[there] = (worth[at] << TIE_BITS) | (tie[at] & ((1 << TIE_BITS) - 1))
        ahead[u[at]] += 1
        free[v[at]] += 1
    return Graph(start, to, pair, back, value, seats)


@inlined
def cheapest(slot_price: Long, first: int, last: int) -> int:
    """Return the slot with the lowest price."""
    best = first
    for slot in range(first + 1, last):
        if slot_price[slot] < slot_price[best]:
            best = slot
    return best


@lean
def best_bid(graph: Graph, i: int, held: Int, price: Long) -> tuple[int, int, int]:
    """Return the arc with the best net worth to i among those not held, that worth, and the second best."""
    best, second, chosen = _DROPPED, _DROPPED, -1
    for arc in range(graph.start[i], graph.start[i + 1]):
        if held[arc] < 0:
            net = graph.value[arc] - price[graph.to[arc]]
            if net > best:
                best, second, chosen = net, best, arc
            elif net > second:
                second = net
    return chosen, best, second


class Slots(NamedTuple):
    """Everybody's slots as items (compressed rows): price and holding arc of each; and how many slots each bidder holds."""

    start: Long
    price: Long
    arc: Int
    have: Int


class Near(NamedTuple):
    """Each bidder's arcs with the best net worth when all were last looked at, and the best net worth of the others.

    Prices only rise, so the others stay at or below that: while two of the few are not below it, no other need be asked.
    """

    arc: Int
    to: Int
    value: Long
    beyond: Long


@lean
def look_around(graph: Graph, i: int, price: Long, near: Near) -> None:
    """Look at all arcs of a bidder anew, and note the best few."""
    arcs, to, value = near.arc[i], near.to[i], near.value[i]
    size, beyond = 0, _DROPPED
    for arc in range(graph.start[i], graph.start[i + 1]):
        net = graph.value[arc] - price[graph.to[arc]]
        if size == _NEAR and net <= value[size - 1]:
            beyond = max(beyond, net)
            continue
        if size == _NEAR:
            beyond = max(beyond, value[size - 1])
        else:
            size += 1
        at = size - 1
        while at > 0 and value[at - 1] < net:
            arcs[at], value[at] = arcs[at - 1], value[at - 1]
            at -= 1
        arcs[at], value[at] = arc, net
    near.beyond[i] = beyond
    for k in range(size):
        to[k], value[k] = graph.to[arcs[k]], graph.value[arcs[k]]
    arcs[size:] = -1


@inlined
def best_near(i: int, held: Int, price: Long, near: Near, alone: bool) -> tuple[int, int, int]:
    """Return as `best_bid`, from the few; who holds nobody need not look whom they hold."""
    best, second, chosen = _DROPPED, _DROPPED, -1
    for k in range(_NEAR):
        arc = near.arc[i, k]
        if arc >= 0 and (alone or held[arc] < 0):
            net = near.value[i, k] - price[near.to[i, k]]
            if net > best:
                best, second, chosen = net, best, arc
            elif net > second:
                second = net
    return chosen, best, second


@lean
def sell(graph: Graph, bonus: int, step: int, queue: Int, slots: Slots, held: Int, price: Long, near: Near) -> None:
    """Let everybody bid until nobody wants to; `queue` has room for one entry per seat."""
    count = 0
    for i in range(len(graph.seats) - 1, -1, -1):
        for _ in range(min(graph.seats[i], graph.start[i + 1] - graph.start[i])):
            queue[count] = i
            count += 1
    while count > 0:
        count -= 1
        i = queue[count]
        alone = slots.have[i] == 0
        outside = -bonus if alone else 0
        arc, best, second = best_near(i, held, price, near, alone)
        if second < near.beyond[i]:
            look_around(graph, i, price, near)
            arc, best, second = best_near(i, held, price, near, alone)
            if second < near.beyond[i]:
                arc, best, second = best_bid(graph, i, held, price)
        if arc < 0 or best <= outside:
            continue
        j = graph.to[arc]
        slot = cheapest(slots.price, slots.start[j], slots.start[j + 1])
        lost = slots.arc[slot]
        if lost >= 0:
            loser = graph.to[graph.back[lost]]
            held[lost] = -1
            slots.have[loser] -= 1
            queue[count] = loser
            count += 1
        slots.price[slot] += best - max(second, outside) + step
        slots.arc[slot], held[arc] = arc, slot
        slots.have[i] += 1
        price[j] = slots.price[cheapest(slots.price, slots.start[j], slots.start[j + 1])]


@compiled
def auction(graph: Graph, bonus: int, step: int) -> tuple[Int, Long]:
    """Return for each arc the slot it holds (or -1), and the price of each person's cheapest slot."""
    people = len(graph.seats)
    start = np.zeros(people + 1, np.int64)
    for i in range(people):
        start[i + 1] = start[i] + graph.seats[i]
    slots = Slots(start, np.zeros(start[people], np.int64), np.full(start[people], -1, np.int32), np.zeros(people, np.int32))
    price, held = np.zeros(people, np.int64), np.full(len(graph.to), -1, np.int32)
    for i in range(people):
        if graph.seats[i] > 0:
            price[i] = slots.price[start[i]] = -bonus
    few = (people, _NEAR)
    near = Near(np.full(few, -1, np.int32), np.zeros(few, np.int32), np.zeros(few, np.int64), np.full(people, -_DROPPED, np.int64))
    sell(graph, bonus, step, np.empty(start[people], np.int32), slots, held, price, near)
    return held, price


@compiled
def net_prices(graph: Graph, bonus: int, held: Int, price: Long) -> Long:
    """Return one net price per person (shifted): the mean of what they cost as an item and earn as a bidder.

    Above zero it is the price of a seat; below zero, the part of the coverage bonus spent on finding them a partner.
    """
    net = np.empty(len(graph.seats), np.int64)
    for i in range(len(graph.seats)):
        have = 0
        for arc in range(graph.start[i], graph.start[i + 1]):
            have += 1 if held[arc] >= 0 else 0
        _, best, _ = best_bid(graph, i, held, price)
        if have == 0:
            profit = -bonus
        elif have < graph.seats[i]:
            profit = 0
        else:
            profit = max(best, -bonus if graph.seats[i] == 1 else 0)
        net[i] = (max(price[i], -bonus) + profit) // 2
    return net


@compiled
def settle_prices(graph: Graph, bonus: int, net: Long, sweeps: int, calm: int) -> None:
    """Lower the bound that the prices prove, one person at a time: each step is the best for one price, others fixed.

    With the others' prices fixed, the best price lies between the value of the last seat's pair and of the first pair without one.
    A fall of at most `calm` is left out.
    """
    most = 2
    for i in range(len(graph.seats)):
        most = max(most, graph.seats[i] + 1)
    top = np.empty(most, np.int64)
    for _ in range(sweeps):
        for i in range(len(graph.seats)):
            seats = graph.seats[i]
            if seats <= 0:
                continue
            kept = max(2, seats + 1)
            top[:kept] = -bonus
            for arc in range(graph.start[i], graph.start[i + 1]):
                rest = graph.value[arc] - net[graph.to[arc]]
                if rest > top[kept - 1]:
                    at = kept - 1
                    while at > 0 and top[at - 1] < rest:
                        top[at] = top[at - 1]
                        at -= 1
                    top[at] = rest
            last, next_ = top[seats - 1], top[seats]
            best = (max(0, next_) + last) // 2 if last > 0 else (min(0, top[1]) + min(0, top[0])) // 2
            if best > net[i] or best < net[i] - calm:
                net[i] = best
