"""Kind circle: three to six who share a challenge, near the exact optimum, and a true reason for everybody else (R44)."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.rules import RuleSet
from services.matching.engine import Person, Result, solve
from services.matching.engine.certificate import NotCertified
from services.matching.engine.circle_check import CircleClaim, check_circles
from tests.support.population import Shape, company, survey
from tests.support.round_oracle import Oracle
from tests.unit.matching.engine.crowds import crowd

RULES = RuleSet.from_mapping({"kind": "circle"})
SMALL = Shape(skills=12, families=2, departments=3)


def challenges(one: Person) -> set[str]:
    """Return what a person struggles with; now and later are two things (R15)."""
    return {f"now:{code}" for code in one.challenges} | {f"long:{code}" for code in one.challenges_long}


def few(people: int, seed: int) -> list[Person]:
    """Return a small pool in which many share a challenge."""
    crowd_ = company(people, seed=seed, shape=SMALL) if seed % 2 else survey(people, seed=seed, skills=12)
    return [
        dataclasses.replace(
            one, manager_chain=(), challenges=tuple(sorted({code[:-1] + str(int(code[-1]) % 4) for code in one.challenges}))
        )
        for one in crowd_
    ]


def exact(people: list[Person], result: Result) -> float:
    """Return the best value by integer programming over all possible circles, told from people's own fields."""
    oracle, circle = Oracle(people, RULES, result.quantiles), RULES.circle
    seated = [one for one in oracle.people if one.seats > 0]
    allowed = [two for two in combinations(range(len(seated)), 2) if oracle.allowed(*(seated[at] for at in two))]
    worth = {two: oracle.companionship(*(seated[at] for at in two)) for two in allowed}
    values, groups = [], []
    for size in range(circle.smallest, circle.largest + 1):
        for group in combinations(range(len(seated)), size):
            members, pairs = [seated[at] for at in group], list(combinations(group, 2))
            if set.intersection(*map(challenges, members)) and all(two in worth for two in pairs):
                bonus = sum(RULES.objective.coverage_bonus + RULES.objective.fairness_bonus * one.left_out for one in members)
                values.append(sum(worth[two] for two in pairs) * 2 / max(size - 1, circle.full - 1) + bonus)
                groups.append(group)
    if not groups:
        return 0.0
    table = np.zeros((len(seated), len(groups)))
    for at, group in enumerate(groups):
        table[list(group), at] = 1
    once = LinearConstraint(table, -np.inf, 1)
    found = milp(-np.array(values), constraints=[once], integrality=np.ones(len(groups)), bounds=Bounds(0, 1))
    return float(-found.fun)


class TestCircles:
    """R44: what a circle is, and who is in none."""

    @given(crowd(most=12))
    @settings(max_examples=25, deadline=None)
    def test_every_round_is_valid_and_every_reason_true(self, people: list[Person]) -> None:
        """R44, N4: sizes, one shared challenge, all gates, everybody once or with one true reason."""
        result = solve(people, RULES, 3)
        oracle = Oracle(people, RULES, result.quantiles)
        by_id = {one.id: one for one in people}
        placed = [member for match in result.trios for member in match.members]
        assert len(placed) == len({*placed})
        assert result.pairs == ()
        for match in result.trios:
            members = [by_id[member] for member in match.members]
            assert 3 <= len(members) <= 6
            assert set.intersection(*map(challenges, members))
            assert all(one.seats > 0 for one in members)
            assert all(oracle.allowed(one, other) for one, other in combinations(members, 2))
        assert {*placed} | {*result.unmatched} == {*by_id}
        assert not {*placed} & {*result.unmatched}
        seated = [one for one in people if one.seats > 0]
        for member, reason in result.unmatched.items():
            mine = by_id[member]
            sharing = [code for code in challenges(mine) if sum(code in challenges(one) for one in seated) >= 3]
            others = [one for one in seated if one.id != member and {*sharing} & challenges(one)]
            if mine.seats == 0:
                assert reason is UnmatchedReason.NO_FREE_SEAT
            elif not sharing:
                assert reason is UnmatchedReason.NO_SHARED_CHALLENGE
            else:
                assert (reason is UnmatchedReason.TOO_FEW_FOR_A_CIRCLE) == any(oracle.allowed(mine, one) for one in others)

    def test_value_is_near_the_exact_optimum(self) -> None:
        """R44: over small pools against integer programming: never above, on average within two percent; the bound holds."""
        ratios = []
        for seed in range(8):
            people = few(11 + seed % 2, seed)
            result = solve(people, RULES, seed)
            best = exact(people, result)
            assert result.certificate.value <= best + 100
            assert best <= result.bound + 100
            if best:
                ratios.append(result.certificate.value / best)
        assert len(ratios) >= 5
        assert np.mean(ratios) >= 0.97
        assert min(ratios) >= 0.85

    def test_order_of_people_changes_nothing(self) -> None:
        """N7: shuffled people give the same bytes, also over several blocks."""
        people = company(2_300, seed=4, shape=Shape(skills=60))
        rules = RuleSet.from_mapping({"kind": "circle", "circle": {"attempts": 3}, "search": {"polish_passes": 1}})
        assert solve(people, rules, 5).result_hash == solve(people[::-1], rules, 5).result_hash

    def test_nobody_is_told_which_challenge_is_shared(self) -> None:
        """R9: challenges are matched on and never listed."""
        people = [Person(id=f"p{n}", challenges=("delegating",), goals=("grow",)) for n in range(4)]
        (match,) = solve(people, RULES, 1).trios
        assert match.members == ("p0", "p1", "p2", "p3")
        assert "delegating" not in str(match.explanations)
        assert "grow" in str(match.explanations)


class TestChecker:
    """R44: the circles' own checker bites."""

    @pytest.mark.parametrize("fault", ["twice", "small", "barred", "no challenge"])
    def test_false_claims_are_refused(self, fault: str) -> None:
        """N4: somebody in two circles, a circle of two, two who may not meet, no common challenge."""
        worth = np.full((6, 6), 500_000)
        worth[0, 1] = worth[1, 0] = -1
        has = np.ones((6, 2), bool)
        has[5] = (True, False)
        has[4] = (False, True)
        circles = {"twice": [[1, 2, 3], [3, 0, 2]], "small": [[1, 2]], "barred": [[0, 1, 2]], "no challenge": [[3, 4, 5]]}[fault]
        claim = CircleClaim(worth=worth, has=has, bonus=np.zeros(6, np.int64), smallest=3, largest=6, full=5, circles=circles)
        with pytest.raises(NotCertified):
            check_circles(claim)

    @given(st.integers(0, 2**31))
    @settings(max_examples=20, deadline=None)
    def test_the_bound_covers_every_choice(self, seed: int) -> None:
        """N4: no set of circles is worth more than what each person could add at most."""
        rng = np.random.default_rng(seed)
        worth = np.triu(rng.integers(0, 1_000_000, (7, 7)), 1)
        claim = CircleClaim(
            worth=worth + worth.T, has=np.ones((7, 1), bool), bonus=rng.integers(0, 9, 7), smallest=3, largest=6, full=5, circles=[]
        )
        most = int(check_circles(claim).most.sum())
        members = rng.permutation(7)
        for cut in (3, 4):
            circles = [members[:cut].tolist(), members[cut:].tolist()]
            assert check_circles(dataclasses.replace(claim, circles=circles)).value <= most
