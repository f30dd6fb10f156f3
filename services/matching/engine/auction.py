"""The auction on the double cover of the relaxation, and the prices it leaves (integers only, one thread).

Everybody is there twice: as a bidder with one bid per free seat, and as an item with one slot per free seat. A first
partner is worth the coverage bonus: a bidder's first bid may lose so much before it is withdrawn, and an item's
first slot starts at minus the bonus. Scores are shifted left so that a hash of (seed, u, v) below them breaks ties.
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled
from services.matching.engine.shapes import Int, Long

TIE_BITS = 8
_DROPPED = -(1 << 62)


class Graph(NamedTuple):
    """Candidate pairs seen from each person. `value` per pair: (score + fairness) shifted, a hash below it."""

    start: Long
    to: Int
    pair: Int
    back: Long
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
    to, pair, back = np.empty(2 * pairs, np.int32), np.empty(2 * pairs, np.int32), np.empty(2 * pairs, np.int64)
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
        ahead[u[at]] += 1
        free[v[at]] += 1
    value = (worth << TIE_BITS) | (tie & ((1 << TIE_BITS) - 1))
    return Graph(start, to, pair, back, value, seats)


@compiled
def cheapest(slot_price: Long, first: int, last: int) -> int:
    """Return the slot with the lowest price."""
    best = first
    for slot in range(first + 1, last):
        if slot_price[slot] < slot_price[best]:
            best = slot
    return best


@compiled
def best_bid(graph: Graph, i: int, held: Long, price: Long) -> tuple[int, int, int]:
    """Return the arc with the best net worth to i among those not held, that worth, and the second best."""
    best, second, chosen = _DROPPED, _DROPPED, -1
    for arc in range(graph.start[i], graph.start[i + 1]):
        if held[arc] < 0:
            net = graph.value[graph.pair[arc]] - price[graph.to[arc]]
            if net > best:
                best, second, chosen = net, best, arc
            elif net > second:
                second = net
    return chosen, best, second


@compiled
def auction(graph: Graph, bonus: int, step: int) -> tuple[Long, Long]:
    """Return for each arc the slot it holds (or -1), and the price of each person's cheapest slot."""
    people = len(graph.seats)
    slot_start = np.zeros(people + 1, np.int64)
    for i in range(people):
        slot_start[i + 1] = slot_start[i] + graph.seats[i]
    slots = slot_start[people]
    slot_price, slot_arc = np.zeros(slots, np.int64), np.full(slots, -1, np.int64)
    price, have = np.zeros(people, np.int64), np.zeros(people, np.int32)
    held = np.full(len(graph.to), -1, np.int64)
    bidder = np.empty(len(graph.to), np.int32)
    queue, count = np.empty(slots, np.int32), 0
    for i in range(people - 1, -1, -1):
        bidder[graph.start[i] : graph.start[i + 1]] = i
        if graph.seats[i] > 0:
            slot_price[slot_start[i]] = -bonus
            price[i] = -bonus
        for _ in range(min(graph.seats[i], graph.start[i + 1] - graph.start[i])):
            queue[count] = i
            count += 1
    while count > 0:
        count -= 1
        i = queue[count]
        outside = -bonus if have[i] == 0 else 0
        arc, best, second = best_bid(graph, i, held, price)
        if arc < 0 or best <= outside:
            continue
        j = graph.to[arc]
        slot = cheapest(slot_price, slot_start[j], slot_start[j + 1])
        if slot_arc[slot] >= 0:
            loser = bidder[slot_arc[slot]]
            held[slot_arc[slot]] = -1
            have[loser] -= 1
            queue[count] = loser
            count += 1
        slot_price[slot] += best - max(second, outside) + step
        slot_arc[slot], held[arc] = arc, slot
        have[i] += 1
        price[j] = slot_price[cheapest(slot_price, slot_start[j], slot_start[j + 1])]
    return held, price


@compiled
def net_prices(graph: Graph, bonus: int, held: Long, price: Long) -> Long:
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
def settle_prices(graph: Graph, bonus: int, net: Long, sweeps: int) -> None:
    """Lower the bound that the prices prove, one person at a time: each step is the best for one price, others fixed.

    With the others' prices fixed, the best price lies between the value of the last seat's pair and of the first pair without one.
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
                rest = graph.value[graph.pair[arc]] - net[graph.to[arc]]
                if rest > top[kept - 1]:
                    at = kept - 1
                    while at > 0 and top[at - 1] < rest:
                        top[at] = top[at - 1]
                        at -= 1
                    top[at] = rest
            if top[seats - 1] > 0:
                net[i] = (max(0, top[seats]) + top[seats - 1]) // 2
            else:
                net[i] = (min(0, top[1]) + min(0, top[0])) // 2
