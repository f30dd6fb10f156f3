"""The independent checker, and that it bites (N4)."""

import dataclasses

import numpy as np
import pytest
import rustworkx
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import calibrate
from services.matching.engine.candidates import best_candidates
from services.matching.engine.certificate import Claim, NotCertified, check, pruned_bound
from services.matching.engine.pairwise import score_pairs
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import freeze
from services.matching.engine.solver import Solved, solve_pool
from tests.support.population import Shape, company, survey

RULES = RuleSet()


def solved(people: int = 120, seats: int = 2) -> Solved:
    """Return a small solved round."""
    crowd = company(people, seed=3, shape=Shape(skills=40, families=4, departments=6, seats_up_to=seats))
    return solve_pool(build_pool(freeze(crowd), RULES), RULES, 1, threads=1, progress=lambda _stage, _share: None)


def claim_of(found: Solved) -> Claim:
    """Return what the solver claims of its round (trios' base pairs are part of it)."""
    pairs = {*found.pairs}
    chosen = np.array([(int(u), int(v)) in pairs for u, v in zip(found.edges.u, found.edges.v, strict=True)])
    return Claim(
        people=len(found.pool.seats),
        seats=found.pool.seats.astype(np.int64),
        fairness=found.pool.bonus,
        coverage=RULES.objective.coverage_bonus,
        edge_u=found.edges.u.astype(np.int64),
        edge_v=found.edges.v.astype(np.int64),
        edge_weight=found.edges.weight.astype(np.int64),
        chosen=chosen,
        net2=found.net2,
        rest2=None,
    )


class TestChecker:
    """N4: any prices prove a bound; a false claim is refused."""

    @given(st.lists(st.integers(-700_000, 3_000_000), min_size=120, max_size=120))
    @settings(max_examples=25, deadline=None)
    def test_any_prices_bound_every_round(self, prices: list[int]) -> None:
        """N4: the bound holds for arbitrary prices, not only the solver's."""
        claim = CLAIM
        assert check(dataclasses.replace(claim, net2=np.array(prices))).bound >= check(claim).value

    @pytest.mark.parametrize("fault", ["seats", "order", "weight", "negative", "price"])
    def test_mutated_claims_are_refused(self, fault: str) -> None:
        """N4: the checker has been seen to fail: too many partners, pairs out of order, impossible scores, prices that prove too little."""
        claim = CLAIM
        mutated = {
            "seats": dataclasses.replace(claim, seats=np.maximum(claim.seats - 1, 0)),
            "order": dataclasses.replace(claim, edge_u=claim.edge_u[::-1].copy(), edge_v=claim.edge_v[::-1].copy()),
            "weight": dataclasses.replace(claim, edge_weight=claim.edge_weight + 1_000_000),
            "negative": dataclasses.replace(claim, edge_weight=-claim.edge_weight),
            "price": dataclasses.replace(
                claim, coverage=claim.coverage, edge_weight=np.where(claim.chosen, 1_000_000, 1), seats=claim.seats * 0
            ),
        }[fault]
        with pytest.raises(NotCertified):
            check(mutated)

    def test_pruned_bound_covers_every_pair(self) -> None:
        """N4: no pair outside the lists exceeds either K-th score, and the bound without a second scan holds over all pairs."""
        people = survey(180, seed=5)
        pool = build_pool(freeze(people), RULES)
        model = calibrate(pool, RULES, 1).model
        edges, kth = best_candidates(pool, model, 5, 1, lambda _share: None)
        left, right = (part.astype(np.int64) for part in np.triu_indices(len(people), 1))
        weight, gate = score_pairs(pool, model, left, right)
        known = np.isin(left * len(people) + right, edges.u.astype(np.int64) * len(people) + edges.v)
        open_ = (gate < 0) & ~known & (weight > 0)
        assert (weight[open_] <= np.minimum(kth[left[open_]], kth[right[open_]])).all()
        found = solve_pool(pool, RULES, 1, threads=1, progress=lambda _stage, _share: None)
        assert pruned_bound(claim_of(found), found.kth) >= found.certificate.value


class TestAllPairs:
    """N4: what is proved about pairs that nobody has in their list."""

    @pytest.mark.parametrize("people", [survey(200, seed=4), company(200, seed=4, shape=Shape(skills=60))], ids=["dense", "sparse"])
    def test_the_optimum_over_all_pairs_lies_below_both_bounds(self, people: list) -> None:  # type: ignore[type-arg]
        """Invariant 8: two hundred people, every allowed pair, exactly solved: the bound by the lists' ends and that of the scan hold."""
        pool = build_pool(freeze(people), RULES)
        left, right = (part.astype(np.int64) for part in np.triu_indices(len(people), 1))
        weight, gate = score_pairs(pool, calibrate(pool, RULES, 1).model, left, right)
        fine = (gate < 0) & (weight > 0) & (pool.seats[left] > 0) & (pool.seats[right] > 0)
        worth = weight.astype(np.int64) + pool.bonus[left] + pool.bonus[right] + 2 * RULES.objective.coverage_bonus
        graph = rustworkx.PyGraph()
        graph.add_nodes_from(range(len(people)))
        graph.add_edges_from([(int(u), int(v), int(w)) for u, v, w in zip(left[fine], right[fine], worth[fine], strict=True)])
        best = rustworkx.max_weight_matching(graph, weight_fn=int)
        optimum = sum(graph.get_edge_data(u, v) for u, v in best)
        short = RuleSet.from_mapping({"search": {"candidates": 4, "pricing_passes": 0}})
        pruned, priced = (solve_pool(pool, rules, 1, threads=1, progress=lambda _stage, _share: None) for rules in (short, RULES))
        assert int((pool.seats > 1).sum()) == 0
        assert pruned.certificate.value <= optimum <= pruned_bound(claim_of(pruned), pruned.kth)
        assert priced.certificate.value <= optimum <= (priced.certificate.bound_all or 0)
        assert priced.certificate.gap_all is not None
        assert priced.certificate.gap_all < 0.003


class TestCandidates:
    """N4: the best K of everybody, exactly."""

    @pytest.mark.parametrize("people", [survey(260, seed=9), company(260, seed=9, shape=Shape(skills=400))], ids=["dense", "sparse"])
    def test_best_k_equals_brute_force_with_ties(self, people: list) -> None:  # type: ignore[type-arg]
        """N4: both ways of scanning find what scoring every pair finds; ties go to who comes sooner after one in the circle of all."""
        pool = build_pool(freeze(people), RULES)
        model = calibrate(pool, RULES, 1).model
        edges, kth = best_candidates(pool, model, 7, 1, lambda _share: None)
        size = len(people)
        left, right = (part.ravel().astype(np.int64) for part in np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
        weight, gate = score_pairs(pool, model, left, right)
        fine = (gate < 0) & (weight > 0) & (left != right) & (pool.seats[left] > 0) & (pool.seats[right] > 0)
        square = np.where(fine, weight, 0).reshape(size, size)
        wanted = set()
        for i in range(size):
            best = sorted((-int(square[i, j]), (j - i) % size) for j in range(size) if square[i, j] > 0)[:7]
            others = [(-negative, (i + turn) % size) for negative, turn in best]
            wanted |= {(min(i, j), max(i, j), score) for score, j in others}
            assert kth[i] == (-best[6][0] if len(best) == 7 else 0)
        assert wanted == {*zip(edges.u.tolist(), edges.v.tolist(), edges.weight.tolist(), strict=True)}


CLAIM = claim_of(solved())
