"""Invariants of the model and the solver that no other file holds; the engine's README says which of the seventeen is where."""

import dataclasses
from collections.abc import Iterator
from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.rules import RuleSet
from services.matching.engine import Evidence, Person, solve
from services.matching.engine.calibrate import calibrate, recall
from services.matching.engine.candidates import Edges, best_candidates
from services.matching.engine.explain import Explainer
from services.matching.engine.overlay import Words, in_words
from services.matching.engine.pairwise import score_pairs
from services.matching.engine.pool import basis_of, build_pool
from services.matching.engine.shapes import Model, Pool
from services.matching.engine.snapshot import freeze
from services.matching.engine.solver import Round, _certify
from tests.support.population import Shape, company, survey
from tests.unit.matching.engine.crowds import crowd

RULES = RuleSet()


def pooled(people: list[Person], rules: RuleSet = RULES) -> tuple[Pool, Model]:
    """Return people as a pool with its own calibration."""
    pool = build_pool(freeze(people, rules.placeholders), rules)
    return pool, calibrate(pool, rules, 7).model


def square(pool: Pool, model: Model) -> np.ndarray:
    """Return the score of every two people."""
    size = len(pool.seats)
    left, right = (part.ravel().astype(np.int64) for part in np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
    return score_pairs(pool, model, left, right)[0].reshape(size, size)


@st.composite
def graph(draw: st.DrawFn) -> tuple[list[int], dict[tuple[int, int], int]]:
    """Draw seats and weighted pairs of a few people."""
    people = draw(st.integers(3, 7))
    seats = draw(st.lists(st.integers(1, 3), min_size=people, max_size=people))
    pairs = list(combinations(range(people), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), min_size=1, max_size=10, unique=True))
    return seats, {pair: draw(st.integers(1, 1_000_000)) for pair in sorted(chosen)}


def optimised(seats: list[int], weights: dict[tuple[int, int], int]) -> Round:
    """Solve a round over nothing but these pairs."""
    pool, model = pooled([Person(id=f"p{at}", seats=count) for at, count in enumerate(seats)])
    work = Round(pool, model, RULES, 5)
    u, v = (np.array([pair[side] for pair in weights], np.int32) for side in (0, 1))
    work.optimise(Edges(u, v, np.array(list(weights.values()), np.int32)))
    return work


class TestScore:
    """What a pair is worth, when something around it changes."""

    @given(crowd())
    @settings(max_examples=20, deadline=None)
    def test_score_does_not_depend_on_ids(self, people: list[Person]) -> None:
        """Invariant 4: names in the opposite order give the same scores."""
        plain = [dataclasses.replace(one, manager_chain=(), do_not_pair=(), past_partners=()) for one in people]
        renamed = [dataclasses.replace(one, id=f"q{99 - int(one.id[1:]):02d}") for one in plain]
        assert (square(*pooled(plain)) == square(*pooled(renamed))[::-1, ::-1]).all()

    def test_a_part_that_nobody_has_changes_no_score(self) -> None:
        """Invariant 17: without goals in the pool, their weight is shared out, as if the rules had none."""
        bare = [dataclasses.replace(one, goals=()) for one in survey(60, seed=2)]
        without = {
            "common": {"goals": 0, "fit": 0.3125, "challenges": 0.25, "level": 0.3125, "difference": 0.125},
            "sameness": {"goals": 0, "experience": 0.35 / 0.85, "challenges": 0.15 / 0.85, "level": 0.15 / 0.85, "place": 0.2 / 0.85},
        }
        assert abs(square(*pooled(bare)) - square(*pooled(bare, RuleSet.from_mapping(without)))).max() <= 1

    @pytest.mark.parametrize(
        ("field", "emptied"), [("goals", ()), ("challenges", ()), ("level", None), ("department", None), ("site", None)]
    )
    def test_an_emptied_field_is_neutral(self, field: str, emptied: object) -> None:
        """Invariant 17: W moves to what the neutral value gives, never above the best that filling could reach (one part at a time)."""
        people = company(40, seed=6, shape=Shape(skills=12, families=3, departments=4))
        snapshot = freeze(people, RULES.placeholders)
        pool = build_pool(snapshot, RULES)
        placed = calibrate(pool, RULES, 7)
        flat = placed.model._replace(rise=0.0, rise_base=1.0, fall=0.0, fall_base=1.0)  # the U aside: sameness is meant to cost
        words = Words.read(snapshot, basis_of(snapshot, pool, RULES))
        changed = freeze([dataclasses.replace(people[0], **{field: emptied}), *people[1:]], RULES.placeholders)  # type: ignore[arg-type]
        after = square(build_pool(in_words(changed, words), RULES, words.basis), flat)[0]
        part = {"department": "difference", "site": "difference"}.get(field, field)
        neutral = getattr(flat, f"neutral_{part}")
        best = {name: 1.0 if name == f"neutral_{part}" else getattr(flat, name) for name in flat._fields if name.startswith("neutral_")}
        twin = square(build_pool(in_words(changed, words), RULES, words.basis), flat._replace(**best))[0]  # type: ignore[arg-type]
        assert 0 <= neutral <= 1
        assert (after <= twin).all()

    def test_somebody_with_no_eligible_partner_leaves_the_candidates_alone(self) -> None:
        """Invariant 16: quantiles and weights held, a stranger whom nobody can help changes no list."""
        people = survey(60, seed=6)
        snapshot = freeze(people, RULES.placeholders)
        pool = build_pool(snapshot, RULES)
        placed = calibrate(pool, RULES, 7)
        words = Words.read(snapshot, basis_of(snapshot, pool, RULES))
        more = freeze([*people, Person(id="zz", wants={"what nobody offers": 3}, goals=people[0].goals)], RULES.placeholders)
        grown = words.with_new(more)
        wider = build_pool(in_words(more, grown), RULES, grown.basis)
        before, _ = best_candidates(pool, placed.model, 5, 1, lambda _share: None)
        after, _ = best_candidates(wider, recall(wider, RULES, placed.quantiles).model, 5, 1, lambda _share: None)
        assert [getattr(before, name).tolist() for name in ("u", "v", "weight")] == [
            getattr(after, name).tolist() for name in ("u", "v", "weight")
        ]


class TestOptimum:
    """What the solver leaves."""

    @given(graph(), st.data())
    @settings(max_examples=30, deadline=None)
    def test_more_seats_or_pairs_never_lower_the_optimum(
        self, drawn: tuple[list[int], dict[tuple[int, int], int]], data: st.DataObject
    ) -> None:
        """Invariant 10: the bound of a wider problem covers what the narrower one reached; an unused pair may go."""
        seats, weights = drawn
        reached = optimised(seats, weights)
        wider = [count + data.draw(st.integers(0, 1)) for count in seats]
        assert _certify(optimised(wider, weights), None).bound >= reached.value()
        unused = [pair for pair, inside in zip(weights, reached.inside, strict=True) if not inside]
        if unused:
            kept = {pair: weight for pair, weight in weights.items() if pair != data.draw(st.sampled_from(unused))}
            assert not kept or _certify(optimised(seats, kept), None).bound >= reached.value()

    @given(graph())
    @settings(max_examples=20, deadline=None)
    def test_no_single_insertion_improves_a_round(self, drawn: tuple[list[int], dict[tuple[int, int], int]]) -> None:
        """Invariant 11: one pair in, at most one out at each end, and everybody freed refilled, never gains."""
        seats, weights = drawn
        work = optimised(seats, weights)
        graph_ = work.graph()
        pairs = [*weights]
        value = {pairs[at]: int(worth) for at, worth in zip(graph_.pair, graph_.value, strict=True)}
        chosen = {pair for pair, inside in zip(weights, work.inside, strict=True) if inside}
        best = worth_of(chosen, value, work.bonus)
        assert work.passes <= RULES.search.polish_passes
        assert all(worth_of(changed, value, work.bonus) <= best for changed in changed_by_one(chosen, pairs, seats))

    @given(graph(), st.data())
    @settings(max_examples=60, deadline=None)
    def test_polishing_never_makes_a_round_worse(self, drawn: tuple[list[int], dict[tuple[int, int], int]], data: st.DataObject) -> None:
        """Invariant 11: whatever the round it begins with, also where both ends give up the same third person."""
        seats, weights = drawn
        work, pairs = optimised(seats, weights), [*weights]
        chosen: set[tuple[int, int]] = set()
        for pair in data.draw(st.permutations(pairs)):
            chosen |= {pair} if fits(chosen | {pair}, seats) and data.draw(st.booleans()) else set()
        work.inside = np.array([pair in chosen for pair in pairs], np.int8)
        before = work.value()
        work.polish(work.graph())
        assert work.value() >= before
        assert fits({pair for pair, inside in zip(pairs, work.inside, strict=True) if inside}, seats)

    def test_fairness_never_lowers_how_many_of_those_left_out_are_served(self) -> None:
        """Invariant 13: over seeds, with the bonus at least as many of those left out last time find somebody."""
        served = {}
        for bonus in (0, 150_000):
            rules = RuleSet.from_mapping({"objective": {"fairness_bonus": bonus, "trios": False}})
            served[bonus] = 0
            for seed in range(6):
                people = [dataclasses.replace(one, left_out=at % 3 == 0) for at, one in enumerate(survey(60, seed=seed))]
                left = {one.id for one in people if one.left_out}
                served[bonus] += len(left - {*solve(people, rules, seed).unmatched})
        assert served[150_000] >= served[0] > 0


def changed_by_one(chosen: set[tuple[int, int]], pairs: list[tuple[int, int]], seats: list[int]) -> Iterator[set[tuple[int, int]]]:
    """Yield every round with one pair more, at most one less at each of its ends, and up to two refills of who lost one."""
    for put in [pair for pair in pairs if pair not in chosen]:
        ends = [[pair for pair in chosen if end in pair] for end in put]
        outs = [[None] if len(at) < seats[end] else at for at, end in zip(ends, put, strict=True)]
        for out in product(*outs):
            changed = (chosen - {*out}) | {put}
            freed = {member for pair in out if pair for member in pair} - {*put}
            refills = [pair for pair in pairs if {*pair} & freed and not {*pair} & {*put} and pair not in chosen]
            for refill in chain.from_iterable(combinations(refills, count) for count in range(3)):
                if fits(changed | {*refill}, seats):
                    yield changed | {*refill}


def worth_of(chosen: set[tuple[int, int]], value: dict[tuple[int, int], int], bonus: int) -> int:
    """Return what these pairs are worth to the solver."""
    return sum(value[pair] for pair in chosen) + bonus * len({member for pair in chosen for member in pair})


def fits(chosen: set[tuple[int, int]], seats: list[int]) -> bool:
    """Return whether everybody has the seats."""
    return all(sum(at in pair for pair in chosen) <= count for at, count in enumerate(seats))


class TestExplanations:
    """R17, N6: evidence that really matched."""

    @given(crowd(least=2, most=3))
    @settings(max_examples=30, deadline=None)
    def test_only_what_both_profiles_hold_is_told(self, people: list[Person]) -> None:
        """Invariant 15: code by code from both profiles; shared and different are disjoint; challenges are in no list (R9)."""
        one, others = people[0], people[1:]
        told = Explainer(RULES).explain(one, others)
        assert not {*told.shared} & {*told.different}
        for evidence in told.you_get:
            assert evidence.code in one.wants
            assert any(evidence.code in other.offers for other in others)
        for evidence in told.you_give:
            assert evidence.code in one.offers
            assert any(evidence.code in other.wants for other in others)
        for evidence in told.shared:
            assert evidence.code in held(one, evidence)
            assert any(evidence.code in held(other, evidence) for other in others)
        for evidence in told.different:
            assert any(evidence.code in held(other, evidence) for other in others)
        assert "challenge" not in {evidence.kind for side in (told.shared, told.different) for evidence in side}


def held(one: Person, evidence: Evidence) -> set[str]:
    """Return a person's codes of one kind."""
    lists = {"goal": one.goals, "skill": tuple(one.offers), "experience": one.experience, "language": one.languages}
    single = {"level": None if one.level is None else str(one.level), "department": one.department}
    single |= {"job_family": one.job_family, "site": one.site}
    return {*lists[evidence.kind]} if evidence.kind in lists else {single[evidence.kind] or ""}
