"""Suggestions, "why not X?" and what-if on one snapshot (R3, R17, N7)."""

import dataclasses

import pytest

from services.matching.domain.reasons import FULL_PARTNER
from services.matching.domain.rules import RuleSet
from services.matching.engine import Person, solve
from services.matching.engine.suggestions import SuggestionIndex
from services.matching.engine.what_if import compare
from tests.support.population import Shape, company, survey
from tests.support.round_oracle import Oracle

RULES = RuleSet()


class TestSuggestions:
    """R3: the best people for one member, nobody who is barred."""

    @pytest.mark.parametrize("people", [survey(150, seed=1), company(150, seed=1, shape=Shape(skills=60))], ids=["dense", "sparse"])
    def test_list_is_the_best_by_score_less_half_the_price(self, people: list[Person]) -> None:
        """N4: order and members equal those that scoring everybody gives."""
        result = solve(people, RULES, 1)
        index = SuggestionIndex(people, RULES, result.quantiles, result.prices)
        oracle = Oracle(people, RULES, result.quantiles)
        for one in oracle.people[:20]:
            found = index.suggest(one.id, 5)
            fine = [other for other in oracle.people if other.seats > 0 and oracle.allowed(one, other) and oracle.score(one, other) > 0]
            best = sorted(result.prices[other.id] / 2 - oracle.score(one, other) for other in fine)[:5]
            assert [result.prices[each.member] / 2 - each.weight for each in found] == pytest.approx(best, abs=1.1)

    def test_a_do_not_pair_entry_answers_like_a_full_partner(self) -> None:
        """R5: who asks learns nothing from the answer."""
        people = [
            Person(id="a", offers={"x": 3}, wants={"y": 2}, do_not_pair=("b",)),
            Person(id="b", offers={"y": 3}, wants={"x": 2}),
            Person(id="c", offers={"y": 3}, wants={"x": 2}, seats=0),
            Person(id="d", offers={"y": 3}, wants={"x": 2}, manager_chain=("a",)),
            Person(id="e", offers={"y": 3}, wants={"x": 2}),
        ]
        index = SuggestionIndex(people, RULES, solve(people, RULES, 1).quantiles, {})
        assert index.why_not("b", "a") == index.why_not("a", "c")
        assert index.why_not("a", "b").code == FULL_PARTNER
        assert index.why_not("a", "d").code == "reporting-line"
        assert index.why_not("a", "e").code is None
        assert index.why_not("a", "e").weight > 0
        assert [each.member for each in index.suggest("a")] == ["e"]


class TestWhatIf:
    """N7: two rule sets on one snapshot."""

    def test_same_rules_change_nothing(self) -> None:
        """N7: kept pairs only; groups below five are not told."""
        people = company(150, seed=2, shape=Shape(skills=60, departments=60))
        told = compare(solve(people, RULES, 1), solve(people, RULES, 1), people)
        assert told["pairs"]["gone"] == told["pairs"]["new"] == 0
        assert told["gain_change"]["worse_off"] == 0
        assert all(group["people"] >= 5 for groups in told["by_group"].values() for group in groups)

    def test_other_people_are_refused(self) -> None:
        """N7: a what-if needs one frozen snapshot."""
        people = survey(40, seed=2)
        moved = [dataclasses.replace(people[0], site="elsewhere"), *people[1:]]
        with pytest.raises(ValueError, match="one snapshot"):
            compare(solve(people, RULES, 1), solve(moved, RULES, 1), people)
