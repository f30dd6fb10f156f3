"""Suggestions, "why not X?" and what-if on one snapshot (R3, R17, N7)."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.reasons import FULL_PARTNER
from services.matching.domain.rules import RuleSet
from services.matching.engine import Person, Quantiles, solve
from services.matching.engine.calibrate import calibrate
from services.matching.engine.overlay import in_words
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import freeze
from services.matching.engine.suggestions import SuggestionIndex, _named, roles_in
from services.matching.engine.what_if import compare
from tests.support.population import Shape, company, survey
from tests.support.round_oracle import Oracle
from tests.unit.matching.engine.crowds import crowd

RULES = RuleSet()
MENTOR = RuleSet(kind="mentor")


class TestSuggestions:
    """R3: the best people for one member, nobody who is barred."""

    @pytest.mark.parametrize("people", [survey(150, seed=1), company(150, seed=1, shape=Shape(skills=60))], ids=["dense", "sparse"])
    def test_list_is_the_best_by_score_less_half_the_price(self, people: list[Person]) -> None:
        """N4: order and members equal those that scoring everybody gives."""
        result = solve(people, RULES, 1)
        index = SuggestionIndex.of(people, RULES, result.quantiles, result.prices)
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
        index = SuggestionIndex.of(people, RULES, solve(people, RULES, 1).quantiles, {})
        assert index.why_not("b", "a") == index.why_not("a", "c")
        assert index.why_not("a", "b").code == FULL_PARTNER
        assert index.why_not("a", "d").code == "reporting-line"
        assert index.why_not("a", "e").code is None
        assert index.why_not("a", "e").weight > 0
        assert [each.member for each in index.suggest("a")] == ["e"]


class TestMentor:
    """R43: one direction, the same score as in a round, two roles in one person."""

    def test_a_pair_of_the_round_scores_the_same(self) -> None:
        """R43: who is helped finds the mentor at the round's score, the mentor finds whom they help by the same, and it is in the list."""
        people = company(150, seed=1, shape=Shape(skills=60))
        result = solve(people, MENTOR, 1)
        index = SuggestionIndex.of(people, MENTOR, result.quantiles, result.prices)
        assert len(result.pairs) > 20
        for pair in result.pairs:
            mentor = next(member for member in pair.members if member != pair.mentee)
            mentee = str(pair.mentee)
            sought, offered = index.why_not(mentee, mentor), index.why_not(mentor, mentee, offers=True)
            assert sought.weight == offered.weight == pair.weight
            assert sought.you_gain == offered.they_gain > sought.they_gain == offered.you_gain == 0
            assert mentor in [each.member for each in index.suggest(mentee, 150)]
            assert mentee in [each.member for each in index.suggest(mentor, 150, offers=True)]

    def test_two_lists_for_two_roles(self) -> None:
        """R43: ben is helped by ann and helps cat; nobody is suggested to themselves."""
        people = [
            Person(id="ann", offers={"x": 4}, level=6, years=20),
            Person(id="ben", offers={"x": 2, "y": 4}, wants={"x": 2}, level=4, years=8),
            Person(id="cat", wants={"y": 2}, level=2, years=2),
        ]
        index = SuggestionIndex.of(people, MENTOR, solve(people, MENTOR, 1).quantiles, {})
        for each in (index, index.with_changed({"ben": people[1]})):
            assert [found.member for found in each.suggest("ben")] == ["ann"]
            assert [found.member for found in each.suggest("ben", offers=True)] == ["cat"]
            assert each.suggest("ann") == [] == each.suggest("cat", offers=True)


class TestOverlay:
    """R3: who changed is seen at once, in the same words and weights as after the next build."""

    @pytest.mark.parametrize("rules", [RULES, MENTOR], ids=["peer", "mentor"])
    @given(data=st.data())
    @settings(max_examples=12, deadline=None)
    def test_overlay_equals_a_rebuild(self, rules: RuleSet, data: st.DataObject) -> None:
        """Invariant 6: changed, new and gone people give the lists that a pool of everybody as they are now gives."""
        people = data.draw(crowd(least=6, most=10))
        changed = {one.id: one for one in data.draw(crowd(least=1, most=4))}
        new = dataclasses.replace(data.draw(crowd(least=1, most=1))[0], id="zz", offers={"s0": 4, "new": 2}, wants={"s1": 2, "other": 3})
        now = {one.id: one for one in people} | changed | {new.id: new}
        gone = data.draw(st.sampled_from(sorted({one.id for one in people} - {*changed})))
        del now[gone]
        before = SuggestionIndex.of(people, rules, calibrated(people), {})
        overlay = before.with_changed({**changed, new.id: new, gone: None})
        again = rebuilt(before, list(now.values()))
        for one in now:
            for offers in (False, True):
                assert overlay.suggest(one, offers=offers) == again.suggest(one, offers=offers), one
        assert gone not in overlay
        assert gone in before

    def test_a_change_of_a_gate_counts_in_both_directions(self) -> None:
        """R5: a new manager is not suggested to whom they lead, nor the other way round; the old one is."""
        people = [
            Person(id="a", offers={"x": 3}, wants={"y": 2}, manager_chain=("b",)),
            Person(id="b", offers={"y": 3}, wants={"x": 2}),
            Person(id="c", offers={"y": 3}, wants={"x": 2}),
        ]
        index = SuggestionIndex.of(people, RULES, calibrated(people), {})
        moved = index.with_changed({"a": dataclasses.replace(people[0], manager_chain=("c",))})
        assert [each.member for each in index.suggest("a")] == ["c"]
        assert [each.member for each in moved.suggest("a")] == ["b"]
        assert [each.member for each in moved.suggest("b")] == ["a"]
        assert moved.suggest("c") == []
        assert moved.why_not("c", "a").code == "reporting-line"


def calibrated(people: list[Person]) -> Quantiles:
    """Return where these people put the inverted U."""
    return calibrate(build_pool(freeze(people, RULES.placeholders), RULES), RULES, 1).quantiles


def rebuilt(before: SuggestionIndex, people: list[Person]) -> SuggestionIndex:
    """Return an index that is built anew of `people`, with the weights of the one before held."""
    old = before._index
    snapshot, rules = freeze(people, RULES.placeholders), old.rules
    words = old.words.with_new(snapshot)
    pool = build_pool(in_words(snapshot, words), rules, words.basis)
    places = {member: at for at, member in enumerate(snapshot.ids)}
    named = {one.id: _named(one) for one in people}
    return SuggestionIndex(
        dataclasses.replace(
            old, ids=snapshot.ids, places=places, pool=pool, words=words, named=named, half_price=np.zeros(roles_in(rules) * len(people))
        )
    )


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
