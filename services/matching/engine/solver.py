"""The stages of a round over one pool: calibrate, candidates, optimum, pricing pass, leftovers, certificate."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.rules import RuleSet
from services.matching.engine.auction import TIE_BITS, Graph, auction, build_graph, net_prices, settle_prices
from services.matching.engine.calibrate import Calibration, calibrate, mixed
from services.matching.engine.candidates import Edges, best_candidates, joined, undervalued, undervalued_at
from services.matching.engine.certificate import Claim, certificate_of, check, pruned_bound
from services.matching.engine.circles import Circles, circles_of
from services.matching.engine.leftovers import BEST_KEPT, find_trios, reason_for
from services.matching.engine.pairwise import gain_sums, score_pairs
from services.matching.engine.polish import polish
from services.matching.engine.result import Certificate, Quantiles
from services.matching.engine.rounding import whole_pairs
from services.matching.engine.shapes import Byte, Long, Model, Pool, Real

_SWEEPS = 8
_FEW = 0.02
_CALM = 2_000 << TIE_BITS
_UNPROVED = 0.01
_MORE_LOOKS = 6
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Solved:
    """A solved round in places (the pool's numbering)."""

    pool: Pool
    model: Model
    quantiles: Quantiles
    edges: Edges
    kth: Long
    pairs: list[tuple[int, int]]
    weights: list[int]
    trios: list[tuple[tuple[int, ...], int]]
    """Groups of more than two: trios, or circles."""
    unmatched: dict[int, UnmatchedReason]
    net2: NDArray[np.int64]
    certificate: Certificate
    passes: int
    added: int
    mentees: Mapping[tuple[int, int], int] = field(default_factory=dict)
    """R43, kind mentor: who of a pair is the mentee; only they gain."""

    def gains(self) -> tuple[list[tuple[float, float]], list[tuple[float, ...]]]:
        """Return what each member of each pair gains, 0..1, and of each trio (a wish met twice counts by the better offer)."""
        one, other = np.array(self.pairs, np.int64).reshape(-1, 2).T.copy()
        left = np.sqrt(np.minimum(1.0, gain_sums(self.pool, one, other) * self.pool.inverse_wish[one]))
        right = np.sqrt(np.minimum(1.0, gain_sums(self.pool, other, one) * self.pool.inverse_wish[other]))
        for at, pair in enumerate(self.pairs):
            if (mentee := self.mentees.get(pair)) is not None:
                (right if mentee == pair[0] else left)[at] = 0.0
        of_trios = [tuple(_gain(self.pool, one, [other for other in trio if other != one]) for one in trio) for trio, _ in self.trios]
        return list(zip(left.tolist(), right.tolist(), strict=True)), of_trios


def _gain(pool: Pool, one: int, others: list[int]) -> float:
    wants, offers = pool.wants, pool.offers
    asked = {int(wants.skill[at]): (int(wants.value[at]), int(wants.bar[at])) for at in range(wants.start[one], wants.start[one + 1])}
    best: dict[int, int] = {}
    for other in others:
        for at in range(offers.start[other], offers.start[other + 1]):
            value, bar = asked.get(int(offers.skill[at]), (0, 0))
            if value and (bar == 0 or bar < offers.bar[at]):
                best[int(offers.skill[at])] = max(best.get(int(offers.skill[at]), 0), value * int(offers.value[at]))
    return math.sqrt(min(1.0, sum(best.values()) * float(pool.inverse_wish[one])))


class Round:
    """The working state of one round."""

    def __init__(self, pool: Pool, model: Model, rules: RuleSet, seed: int) -> None:
        """Begin with everything fixed but the pairs."""
        self.pool, self.model, self.rules, self.seed = pool, model, rules, seed
        self.people = len(pool.seats)
        self.bonus = rules.objective.coverage_bonus << TIE_BITS
        self.net = np.zeros(self.people, np.int64)
        self.edges = Edges(*(np.zeros(0, np.int32) for _ in range(3)))
        self.inside: Byte = np.zeros(0, np.int8)
        self.passes = 0

    def graph(self) -> Graph:
        """Return the candidate pairs as a graph with their full worth."""
        u, v = self.edges.u, self.edges.v
        worth = self.edges.weight.astype(np.int64) + self.pool.bonus[u] + self.pool.bonus[v]
        tie = (mixed(self.seed, u.astype(np.int64) * self.people + v) >> np.uint64(1)).astype(np.int64)
        return build_graph(u, v, worth, tie, self.pool.seats)

    def optimise(self, edges: Edges) -> None:
        """Find the best round on these candidates, and prices that prove how good it is."""
        self.edges = edges
        graph = self.graph()
        held, price = auction(graph, self.bonus, self.rules.search.step << TIE_BITS)
        self.net = net_prices(graph, self.bonus, held, price)
        self.inside = whole_pairs(graph, self.bonus, held)
        settle_prices(graph, self.bonus, self.net, _SWEEPS, 0)
        self.polish(graph)

    def extend(self, more: Edges, *, afresh: bool) -> NDArray[np.bool_] | None:
        """Take further candidates in and never get worse; return whose price fell, None where all are new.

        Few are fitted into the round at hand; many, if `afresh` allows it, are worth a new auction.
        """
        before, value, net = self.chosen(), self.value(), self.net
        edges = joined(self.edges, more, self.people)
        if afresh and len(more) > _FEW * len(self.edges):
            self.optimise(edges)
            if self.value() >= value:
                return None
        self.edges, self.net = edges, net.copy()
        self.choose(before)
        graph = self.graph()
        settle_prices(graph, self.bonus, self.net, _SWEEPS, _CALM)
        self.polish(graph)
        return self.net < net

    def polish(self, graph: Graph) -> None:
        """Improve the round until no single pair gains."""
        order = np.argsort(mixed(self.seed + 1, np.arange(self.people)), kind="stable").astype(np.int64)
        self.passes = polish(graph, self.bonus, self.inside, self.net, order, self.rules.search.polish_passes)

    def keys(self) -> Long:
        """Return one number per candidate pair."""
        return self.edges.u.astype(np.int64) * self.people + self.edges.v

    def chosen(self) -> Long:
        """Return the keys of the pairs in the round."""
        return self.keys()[self.inside > 0]

    def choose(self, keys: Long) -> None:
        """Make the round consist of these pairs."""
        self.inside = np.zeros(len(self.edges), np.int8)
        self.inside[np.searchsorted(self.keys(), keys)] = 1

    def unknown(self, pairs: Edges) -> Edges:
        """Return those of `pairs` that are not candidates yet."""
        mine, key = self.keys(), pairs.u.astype(np.int64) * self.people + pairs.v
        new = np.append(mine, -1)[np.searchsorted(mine, key)] != key
        return Edges(pairs.u[new], pairs.v[new], pairs.weight[new])

    def net_of_bonus(self) -> Real:
        """Return the limits for the pricing pass: net prices less the fairness bonus, in micro-points."""
        return self.net_doubled() / 2 - self.pool.bonus

    def excess2(self, pairs: Edges) -> int:
        """Return twice what these pairs are together worth above their prices."""
        price = self.net_of_bonus()
        return int((2 * pairs.weight - 2 * (price[pairs.u] + price[pairs.v])).sum())

    def net_doubled(self) -> Long:
        """Return twice the net prices in micro-points."""
        return -(-self.net >> (TIE_BITS - 1))

    def value(self) -> int:
        """Return what the round is worth."""
        u, v, weight = (part[self.inside > 0] for part in (self.edges.u, self.edges.v, self.edges.weight))
        covered = len(np.unique(np.concatenate((u, v))))
        return int(weight.sum() + self.pool.bonus[u].sum() + self.pool.bonus[v].sum()) + self.rules.objective.coverage_bonus * covered

    def partners(self) -> Long:
        """Return how many partners everybody has."""
        u, v = self.edges.u[self.inside > 0], self.edges.v[self.inside > 0]
        return np.bincount(u, minlength=self.people) + np.bincount(v, minlength=self.people)

    def pairs(self) -> tuple[list[tuple[int, int]], list[int]]:
        """Return the pairs and their scores."""
        at = np.flatnonzero(self.inside)
        chosen = list(zip(self.edges.u[at].tolist(), self.edges.v[at].tolist(), strict=True))
        return chosen, self.edges.weight[at].tolist()


def solve_pool(pool: Pool, rules: RuleSet, seed: int, *, threads: int, progress: Progress, placed: Calibration | None = None) -> Solved:
    """Solve one pool; `placed` is the calibration of a larger one that this is the rest of."""
    progress("calibrate", 0.0)
    placed = placed or calibrate(pool, rules, seed)
    progress("candidates", 0.0)
    edges, kth = best_candidates(pool, placed.model, rules.search.candidates, threads, lambda share: progress("candidates", share))
    work = Round(pool, placed.model, rules, seed)
    progress("optimum", 0.0)
    work.optimise(edges)
    rest2, added = _price(work, threads, progress)
    progress("leftovers", 0.0)
    circles, rest2 = _complete(work, rest2)
    certificate = _certify(work, rest2, kth)
    pairs, weights = work.pairs()
    found = find_trios(pool, placed.model, pairs, circles) if rules.objective.trios else []
    grown = {(u, v) for _, u, v in found}
    placed_odd = {i for i, _, _ in found}
    kept = [at for at, pair in enumerate(pairs) if pair not in grown]
    return Solved(
        pool=pool,
        model=placed.model,
        quantiles=placed.quantiles,
        edges=work.edges,
        kth=kth,
        pairs=[pairs[at] for at in kept],
        weights=[weights[at] for at in kept],
        trios=[_trio(work, trio) for trio in found],
        unmatched={
            int(i): reason_for(pool, placed.model, int(truth), int(i))
            for i, truth in zip(circles.member, circles.truth, strict=True)
            if int(i) not in placed_odd
        },
        net2=work.net_doubled(),
        certificate=certificate,
        passes=work.passes,
        added=added,
    )


def _price(work: Round, threads: int, progress: Progress) -> tuple[int | None, int]:
    """Look for allowed pairs that the prices undervalue, take the worst in, improve the round; how many were taken in.

    Also returns twice what all others are at most worth above their prices (it belongs to the bound over all pairs), None if
    nobody looked. After the last look most prices only rise: whoever's fell has their pairs looked at again, nobody else need.
    While what was found may be worth more than a hundredth of the round (lists that hold but one kind), there is another look.
    """
    added, rest2 = 0, None
    passes = work.rules.search.pricing_passes
    last = passes + _MORE_LOOKS
    for number in range(last + 1 if passes else 0):
        stage = partial(progress, f"pricing {number + 1}")
        stage(0.0)
        found, rest2 = undervalued(work.pool, work.model, work.net_of_bonus(), threads, stage)
        new = work.unknown(found)
        added += len(new)
        if not len(new):
            break
        unproved = rest2 + work.excess2(new) > 2 * _UNPROVED * work.value()
        again = number < passes or (unproved and number < last)
        fallen = work.extend(new, afresh=again)
        if fallen is not None and number + 1 >= passes and not (unproved and again):
            rest2 += _rest_at(work, fallen)
            break
    return rest2, added


def _rest_at(work: Round, some: NDArray[np.bool_]) -> int:
    """Return twice what these people's pairs that are no candidates are worth above their prices."""
    found, rest2 = undervalued_at(work.pool, work.model, work.net_of_bonus(), some)
    return rest2 + work.excess2(work.unknown(found))


def _complete(work: Round, rest2: int | None) -> tuple[Circles, int | None]:
    """Return the circles of everybody without a partner, after making sure that nobody allowed in them has a free seat.

    Where that takes many pairs in (flat scores: all lists hold the same few), an auction among all finds prices, and so `rest2`, anew.
    """
    value = -1
    while True:
        partners = work.partners()
        circles = circles_of(work.pool, work.model, np.flatnonzero(partners == 0), partners < work.pool.seats, BEST_KEPT)
        if not len(circles.open_i) or work.value() <= value:
            return circles, rest2
        u, v = np.minimum(circles.open_i, circles.open_j), np.maximum(circles.open_i, circles.open_j)
        before, value = work.chosen(), work.value()
        many = len(u) > _FEW * len(work.edges)
        work.edges = joined(work.edges, Edges(u, v, circles.open_weight), work.people)
        if many:
            work.optimise(work.edges)
            rest2 = None if rest2 is None else _rest_at(work, np.ones(work.people, bool))
        if not many or work.value() < value:
            work.choose(before)
        work.polish(work.graph())


def _certify(work: Round, rest2: int | None, kth: Long | None = None) -> Certificate:
    """Have the independent checker add up the claim; over all pairs the lower of two bounds counts: by a look at them, by the lists."""
    claim = Claim(
        people=work.people,
        seats=work.pool.seats.astype(np.int64),
        fairness=work.pool.bonus,
        coverage=work.rules.objective.coverage_bonus,
        edge_u=work.edges.u.astype(np.int64),
        edge_v=work.edges.v.astype(np.int64),
        edge_weight=work.edges.weight.astype(np.int64),
        chosen=work.inside > 0,
        net2=work.net_doubled(),
        rest2=rest2,
    )
    proof = check(claim)
    if proof.bound_all is None or kth is None:
        return proof
    return certificate_of(value=proof.value, score=proof.score, bound=proof.bound, bound_all=min(proof.bound_all, pruned_bound(claim, kth)))


def _trio(work: Round, trio: tuple[int, int, int]) -> tuple[tuple[int, int, int], int]:
    """Return a trio's members in order, and the mean score of its three pairs."""
    a, b, c = sorted(trio)
    weight, _ = score_pairs(work.pool, work.model, np.array((a, a, b), np.int64), np.array((b, c, c), np.int64))
    return (a, b, c), int(weight.sum()) // 3
