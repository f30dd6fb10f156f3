"""The mutual score against the model told plainly, and its invariants."""

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings

from services.matching.domain.rules import RuleSet
from services.matching.engine import Person, solve
from services.matching.engine.calibrate import Calibration, calibrate
from services.matching.engine.explain import Explainer
from services.matching.engine.pairwise import gain_sums, score_pairs
from services.matching.engine.pool import build_pool, scarcity
from services.matching.engine.score import inverted_u
from services.matching.engine.shapes import Pool
from services.matching.engine.snapshot import Snapshot, freeze
from tests.support.population import company, survey
from tests.support.round_oracle import Oracle
from tests.unit.matching.engine.crowds import crowd

RULES = RuleSet()


def scored(people: list[Person], rules: RuleSet = RULES) -> tuple[Snapshot, Pool, Calibration, np.ndarray, np.ndarray]:
    """Return scores and gates of all pairs as square arrays."""
    snapshot = freeze(people, rules.placeholders)
    pool = build_pool(snapshot, rules)
    placed = calibrate(pool, rules, 7)
    left, right = (part.ravel().astype(np.int64) for part in np.meshgrid(np.arange(len(people)), np.arange(len(people)), indexing="ij"))
    weight, gate = score_pairs(pool, placed.model, left, right)
    return snapshot, pool, placed, weight.reshape(len(people), -1), gate.reshape(len(people), -1)


class TestScore:
    """N5, R6, R8, R15-R20: what a pair is worth."""

    @given(crowd())
    @settings(max_examples=50, deadline=None)
    def test_score_and_gates_are_those_of_the_model(self, people: list[Person]) -> None:
        """R6, R15, R16: scores agree with the model told from people's own fields, to one micro-point; gates exactly."""
        snapshot, _, placed, weight, gate = scored(people)
        oracle = Oracle(people, RULES, placed.quantiles)
        for i, one in enumerate(oracle.people):
            for j, other in enumerate(oracle.people):
                if i != j:
                    assert (gate[i, j] < 0) == oracle.allowed(one, other), (one.id, other.id)
                    assert weight[i, j] == pytest.approx(oracle.score(one, other), abs=1.01), (snapshot.ids[i], snapshot.ids[j])

    @given(crowd())
    @settings(max_examples=20, deadline=None)
    def test_score_is_mutual_and_in_range_and_needs_a_gain(self, people: list[Person]) -> None:
        """N4: W(i, j) = W(j, i), 0..10^6, above zero only if somebody gains."""
        _, _, placed, weight, _ = scored(people)
        oracle = Oracle(people, RULES, placed.quantiles)
        assert (weight == weight.T).all()
        assert weight.min() >= 0
        assert weight.max() <= 1_000_000
        for i, one in enumerate(oracle.people):
            for j, other in enumerate(oracle.people):
                if i != j and weight[i, j] > 0:
                    assert oracle.gain_sum(one, other) > 0 or oracle.gain_sum(other, one) > 0

    def test_both_must_gain_leaves_no_one_way_pair(self) -> None:
        """R6: with `both_must_gain` a pair has a score only if both gain."""
        rules = RuleSet.from_mapping({"objective": {"both_must_gain": True}})
        for match in solve(survey(200, seed=4), rules, 1).pairs:
            assert min(match.gains) > 0

    @given(crowd())
    @settings(max_examples=15, deadline=None)
    def test_stronger_offers_never_lower_the_gain(self, people: list[Person]) -> None:
        """R6: what I gain rises (weakly) when the partner offers more of what I want, all else held."""
        _, pool, _, _, _ = scored(people)
        full = pool.offers._replace(value=np.full_like(pool.offers.value, 20), bar=np.full_like(pool.offers.bar, 5))
        left, right = (part.ravel().astype(np.int64) for part in np.meshgrid(np.arange(len(people)), np.arange(len(people))))
        assert (gain_sums(pool._replace(offers=full), left, right) >= gain_sums(pool, left, right)).all()

    def test_scarcity_never_falls_when_fewer_offer(self) -> None:
        """R6: before scaling, a skill that fewer offer weighs no less."""
        offerers = np.arange(100, dtype=np.int32)
        worth = scarcity(offerers, np.eye(100, dtype=np.int32)[50], 100, 0.25)
        assert (np.diff(worth) <= 0).all()


class TestInvertedU:
    """N5, R15-R18: common ground, difference, and a ceiling on sameness."""

    def test_is_zero_at_both_ends_and_one_on_the_plateau_without_a_second_hump(self) -> None:
        """N5: 0, up, 1, down, 0."""
        _, _, placed, _, _ = scored(company(400, seed=3))
        q, model = placed.quantiles, placed.model
        shape = [inverted_u(at / 1000, model) for at in range(1001)]
        assert shape[0] == 0
        assert shape[-1] == 0
        assert inverted_u((q.plateau_from + q.plateau_to) / 2, model) == 1
        turned = [b - a for a, b in pairwise(shape) if abs(b - a) > 1e-12]
        assert not any(a < 0 < b for a, b in pairwise(turned))

    def test_equal_quantiles_leave_no_ceiling(self) -> None:
        """N5: where all are equally alike nothing is punished, and everything stays finite."""
        twins = [Person(id=f"p{n}", offers={"a": 3}, wants={"b": 2}) for n in range(3)]
        twins += [Person(id=f"q{n}", offers={"b": 3}, wants={"a": 2}) for n in range(3)]
        _, _, _, weight, _ = scored(twins)
        assert weight[0, 3] > 0
        assert np.isfinite(weight).all()


class TestVision:
    """N10, R24: where somebody wants to be in some years feeds the match; it is nobody else's to read."""

    def test_a_theme_meets_goals_and_themes_in_the_score_and_is_not_named(self) -> None:
        """N10: the same two people score higher when one's vision is the other's goal; the four lists do not tell."""
        one, other = Person(id="a", offers={"x": 3}, wants={"y": 2}), Person(id="b", offers={"y": 3}, wants={"x": 2}, goals=("lead",))
        rest = [Person(id=f"c{n}", offers={"x": 3}, wants={"y": 2}, goals=(f"g{n}", "grow")) for n in range(6)]
        dreams = [dataclasses.replace(one, vision_themes=(theme,)) for theme in ("sail", "lead")]
        weights = [scored([dreamer, other, *rest])[3][0, 1] for dreamer in dreams]
        assert weights[1] > weights[0] > 0
        assert Explainer(RULES).explain(other, [dreams[1]]).shared == ()


class TestMissing:
    """Missing parts are neutral: never a bonus, never a penalty."""

    def test_a_part_that_nobody_has_changes_no_order(self) -> None:
        """R20: without any goals in the pool, the goals' weight is shared out."""
        people = survey(150, seed=2)
        bare = [dataclasses.replace(one, goals=()) for one in people]
        rules = RuleSet.from_mapping({"common": {"goals": 0.0, "fit": 0.45}, "sameness": {"goals": 0.0, "experience": 0.5}})
        wide = RuleSet.from_mapping({"common": {"goals": 0.2, "fit": 0.25}, "sameness": {"goals": 0.15, "experience": 0.35}})
        assert scored(bare, rules)[3].shape == scored(bare, wide)[3].shape
        assert scored(bare, wide)[2].model.goals == 0

    def test_placeholders_count_as_missing(self) -> None:
        """C: "n/a" and "other" are no evidence."""
        people = [
            Person(id="a", offers={"x": 3}, wants={"y": 2}, goals=("N/A",), department="other"),
            Person(id="b", offers={"y": 3}, wants={"x": 2}, goals=("n/a", "keine Angabe", "\u2013"), department="Other"),
        ]
        snapshot = freeze(people, RULES.placeholders)
        assert snapshot.goals.vocabulary == ()
        assert snapshot.department.vocabulary == ()
