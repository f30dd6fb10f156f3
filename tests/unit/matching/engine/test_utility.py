"""What a round is worth to each person (N4): held against the model written out plainly."""

import numpy as np
import pytest

from services.matching.domain.rules import RuleSet
from services.matching.engine.pool import build_pool
from services.matching.engine.report import gains_of
from services.matching.engine.snapshot import freeze
from services.matching.engine.solver import solve_pool
from services.matching.engine.utility import gini, utilities
from tests.support.population import Shape, company
from tests.support.round_oracle import Oracle

RULES = RuleSet()


def test_utility_is_half_the_gain_and_half_the_common_part() -> None:
    """Matching 1: u = alpha g + (1 - alpha) S, of one-way and two-way pairs, found again from the score."""
    people = sorted(company(80, seed=3, shape=Shape(skills=30, families=4, departments=6)), key=lambda one: one.id)
    pool = build_pool(freeze(people, RULES.placeholders), RULES)
    solved = solve_pool(pool, RULES, 1, threads=1, progress=lambda _stage, _share: None)
    gain = gains_of(solved, np.array(solved.pairs))
    assert 0 < (gain > 0).all(axis=1).sum() < len(gain)
    oracle, alpha = Oracle(people, RULES, solved.quantiles), RULES.objective.alpha
    wanted = np.zeros(len(people))
    for i, j in solved.pairs:
        common = oracle.common(people[i], people[j])
        wanted[i] = alpha * oracle.gain(people[i], people[j]) + (1 - alpha) * common
        wanted[j] = alpha * oracle.gain(people[j], people[i]) + (1 - alpha) * common
    in_trios = {member for members, _ in solved.trios for member in members}
    alone = [i for i in range(len(people)) if i not in in_trios and pool.seats[i] > 0]
    found = dict(zip(np.flatnonzero(pool.seats > 0).tolist(), utilities(solved, gain, RULES), strict=True))
    assert [found[i] for i in alone] == pytest.approx([wanted[i] for i in alone], abs=2e-5)


def test_gini_of_equal_shares_is_nothing() -> None:
    """N4: equal for all 0; one has everything: towards 1."""
    assert gini(np.full(4, 0.3)) == 0
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == pytest.approx(0.75)
