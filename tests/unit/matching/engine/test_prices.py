"""What happens after the first auction: pricing, falls of prices, and an auction again for who is left over (N4)."""

import numpy as np
import pytest

from services.matching.domain.rules import RuleSet
from services.matching.engine import Person
from services.matching.engine.auction import TIE_BITS, settle_prices
from services.matching.engine.calibrate import calibrate
from services.matching.engine.candidates import Edges, best_candidates, undervalued
from services.matching.engine.certificate import Claim, check
from services.matching.engine.pairwise import score_pairs
from services.matching.engine.pool import build_pool
from services.matching.engine.shapes import Model, Pool
from services.matching.engine.snapshot import freeze
from services.matching.engine.solver import Round, Solved, _price, _rest_at, solve_pool
from tests.support.population import Shape, company, survey


def solved(people: list[Person], rules: RuleSet) -> Solved:
    """Solve a round."""
    return solve_pool(build_pool(freeze(people), rules), rules, 1, threads=1, progress=lambda _stage, _share: None)


def all_pairs(pool: Pool, model: Model) -> Edges:
    """Return every allowed pair that is worth something, scored one by one."""
    left, right = (part.astype(np.int64) for part in np.triu_indices(len(pool.seats), 1))
    weight, gate = score_pairs(pool, model, left, right)
    fine = (gate < 0) & (weight > 0) & (pool.seats[left] > 0) & (pool.seats[right] > 0)
    return Edges(left[fine].astype(np.int32), right[fine].astype(np.int32), weight[fine])


def proved(work: Round, pairs: Edges) -> int:
    """Return what the round's prices prove over these pairs."""
    claim = Claim(
        people=work.people,
        seats=work.pool.seats.astype(np.int64),
        fairness=work.pool.bonus,
        coverage=work.rules.objective.coverage_bonus,
        edge_u=pairs.u.astype(np.int64),
        edge_v=pairs.v.astype(np.int64),
        edge_weight=pairs.weight.astype(np.int64),
        chosen=np.zeros(len(pairs), bool),
        net2=work.net_doubled(),
        rest2=None,
    )
    return check(claim).bound


def alike_in_kinds(people: int, kinds: int) -> list[Person]:
    """Make people of a few kinds, everybody within a kind alike to the last field."""
    some = company(kinds, seed=4, shape=Shape(skills=12, families=2, departments=3))
    return [
        Person(id=f"p{at:04d}", offers=one.offers, wants=one.wants, goals=one.goals, level=one.level, years=one.years)
        for at in range(people)
        for one in (some[at % kinds],)
    ]


def few_for_all(people: int, stars: int) -> list[Person]:
    """Make a crowd in pairs of kinds that help each other a little, and a few who help everybody more."""
    crowd = [
        Person(id=f"p{at:04d}", offers={"ab"[at % 2]: 1}, wants={"ba"[at % 2]: 2, "star": 3}, goals=("g",), level=3)
        for at in range(people - stars)
    ]
    return [*crowd, *(Person(id=f"s{at:04d}", offers={"star": 5}, wants={"a": 2, "b": 2}, goals=("g",), level=3) for at in range(stars))]


class TestPricing:
    """N4: the bound over all pairs is true without looking at all of them again."""

    @pytest.mark.parametrize("people", [survey(400, seed=2), company(400, seed=3, shape=Shape(skills=60))], ids=["dense", "sparse"])
    def test_bound_over_all_pairs_covers_what_the_prices_prove(self, people: list[Person]) -> None:
        """N4: with the settled prices no allowed pair, scored one by one, adds more than was claimed without looking at all again."""
        rules = RuleSet.from_mapping({"search": {"candidates": 4}})
        work = _first_round(build_pool(freeze(people), rules), rules)
        rest2, added = _price(work, 1, lambda _stage, _share: None)
        assert added > 0
        assert rest2 is not None
        bound = proved(work, work.edges)
        assert bound <= proved(work, all_pairs(work.pool, work.model)) <= bound + rest2 // 2 + 1

    def test_only_whose_price_fell_need_be_looked_at_again(self) -> None:
        """N4: a pair of two who kept or raised their prices, left out before, is worth no more above them than it was."""
        rules = RuleSet.from_mapping({"search": {"candidates": 3}})
        pool = build_pool(freeze(survey(500, seed=7)), rules)
        work = _first_round(pool, rules)
        found, rest2 = undervalued(pool, work.model, work.net_of_bonus(), 1, lambda _share: None)
        before = work.net.copy()
        fallen = work.extend(work.unknown(found), afresh=False)
        assert fallen is not None
        assert ((work.net < before) == fallen).all()
        assert 0 < fallen.sum() < len(fallen) / 2
        claimed2 = rest2 + _rest_at(work, fallen)
        left, rest = undervalued(pool, work.model, work.net_of_bonus(), 1, lambda _share: None)
        assert rest + work.excess2(work.unknown(left)) <= claimed2

    def test_small_falls_of_prices_are_left_out(self) -> None:
        """N4: a price falls by more than the calm or not at all; what is left out makes no bound untrue."""
        rules = RuleSet.from_mapping({"search": {"candidates": 6}})
        work = _first_round(build_pool(freeze(survey(300, seed=5)), rules), rules)
        graph, calm = work.graph(), 2_000 << TIE_BITS
        start = work.net + (np.arange(work.people) % 3) * (1_500 << TIE_BITS)
        settled, free = start.copy(), start.copy()
        settle_prices(graph, work.bonus, settled, 1, calm)
        settle_prices(graph, work.bonus, free, 1, 0)
        fell = start - settled
        assert (fell[fell > 0] > calm).all()
        assert ((free < start) & (settled == start)).any()


class TestFlatCrowds:
    """N4: where lists hold the same few or but one kind, the round is still near the best, and nobody free is told that all are full."""

    def test_people_alike_in_kinds_are_certified(self) -> None:
        """N4: another look at all pairs follows while much is unproved; what stays open is bounded by the lists."""
        found = solved(alike_in_kinds(600, 12), RuleSet())
        assert found.certificate.gap_all is not None
        assert found.certificate.gap_all < 0.03

    def test_equal_candidates_are_spread(self) -> None:
        """N4: in a crowd of two kinds that all score alike nobody stands in many more lists than others."""
        people = [Person(id=f"p{at:03d}", offers={"ab"[at % 2]: 3}, wants={"ba"[at % 2]: 2}) for at in range(200)]
        rules = RuleSet()
        pool = build_pool(freeze(people), rules)
        edges, _ = best_candidates(pool, calibrate(pool, rules, 1).model, 5, 1, lambda _share: None)
        assert np.bincount(np.concatenate((edges.u, edges.v)), minlength=200).max() <= 2 * 5

    @pytest.mark.parametrize("passes", [0, 1])
    def test_who_is_left_over_by_the_lists_is_found_a_partner(self, passes: int) -> None:
        """N4: everybody's best are the same few; the others are paired among themselves by an auction of their own."""
        rules = RuleSet.from_mapping({"search": {"candidates": 5, "pricing_passes": passes}, "objective": {"trios": False}})
        found = solved(few_for_all(400, 12), rules)
        alone, pairs = [*found.unmatched], all_pairs(found.pool, found.model)
        assert not (np.isin(pairs.u, alone) & np.isin(pairs.v, alone)).any()
        assert len(found.pairs) >= 195
        assert found.certificate.gap < 0.01
        assert found.certificate.gap_all is None or found.certificate.gap_all < 1


def _first_round(pool: Pool, rules: RuleSet) -> Round:
    """Return a round after its first auction."""
    model = calibrate(pool, rules, 1).model
    edges, _ = best_candidates(pool, model, rules.search.candidates, 1, lambda _share: None)
    work = Round(pool, model, rules, 1)
    work.optimise(edges)
    return work
