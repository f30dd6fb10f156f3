"""Kind mentor: one direction, two roles with seats of their own, the exact optimum within the proved gap (R43)."""

import dataclasses
from collections import Counter
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.optimize import Bounds, LinearConstraint, linear_sum_assignment, milp

from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.rules import RuleSet
from services.matching.engine import Person, Result, Settled, solve
from services.matching.engine.kinds import calibrated
from services.matching.engine.mentoring import in_two_roles
from services.matching.engine.pairwise import score_pairs
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import freeze
from tests.support.population import Shape, company, survey
from tests.support.round_oracle import Oracle
from tests.unit.matching.engine.crowds import crowd

RULES = RuleSet.from_mapping({"kind": "mentor"})
OPEN = RuleSet.from_mapping({"kind": "mentor", "gates": {"maximum_level_gap": None}})


def directed(people: list[Person]) -> tuple[list[Person], np.ndarray]:
    """Return the people in order, and what each as mentee has of each as mentor (0 = barred or no gain)."""
    snapshot = freeze(people, RULES.placeholders)
    pool = build_pool(snapshot, RULES)
    model = calibrated(pool, RULES, 1, mentee_seats=snapshot.mentee_seats).model
    roles, size = in_two_roles(pool, RULES, snapshot.mentee_seats), len(people)
    left, right = (part.ravel().astype(np.int64) for part in np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
    weight, gate = score_pairs(roles, model, left, right + size)
    worth = np.where(gate < 0, weight, 0).reshape(size, size).astype(np.int64)
    seated = np.array([one.seats > 0 for one in sorted(people, key=lambda one: one.id)])
    return sorted(people, key=lambda one: one.id), worth * seated[:, None] * seated[None, :]


def best_of(people: list[Person]) -> float:
    """Return the exact optimum by integer programming: seats by role, no two each other's mentor, a bonus for each role that is served."""
    crowd_, worth = directed(people)
    size, coverage = len(crowd_), RULES.objective.coverage_bonus
    edges = [(i, j) for i in range(size) for j in range(size) if worth[i, j] > 0]
    cost = [worth[i, j] + RULES.objective.fairness_bonus * (crowd_[i].left_out + crowd_[j].left_out) for i, j in edges]
    seats = np.zeros((2 * size, len(edges)))
    for at, (i, j) in enumerate(edges):
        seats[i, at] = seats[size + j, at] = 1
    both = [[at, edges.index((j, i))] for at, (i, j) in enumerate(edges) if i < j and (j, i) in edges]
    once = np.zeros((len(both), len(edges) + 2 * size))
    for row, pair in enumerate(both):
        once[row, pair] = 1
    limits = [1 if one.seats else 0 for one in crowd_] + [one.seats for one in crowd_]
    rules = [
        LinearConstraint(np.hstack((seats, np.zeros((2 * size, 2 * size)))), -np.inf, limits),
        LinearConstraint(np.hstack((seats, -np.eye(2 * size))), 0, np.inf),
        *([LinearConstraint(once, -np.inf, 1)] if both else []),
    ]
    values = np.concatenate((cost, np.full(2 * size, coverage)))
    found = milp(-values, constraints=rules, integrality=np.ones(len(values)), bounds=Bounds(0, 1))
    return float(-found.fun)


def check_valid(people: list[Person], result: Result) -> None:
    """Check seats by role, gates, one direction for every two, and one reason for whoever is in no pair."""
    oracle, by_id = Oracle(people, OPEN, result.quantiles), {one.id: one for one in people}
    learns, teaches = Counter[str](), Counter[str]()
    assert len({match.members for match in result.pairs}) == len(result.pairs)
    for match in result.pairs:
        assert match.mentee in match.members
        (mentor,) = {*match.members} - {match.mentee}
        mentee = match.mentee or ""
        learns[mentee] += 1
        teaches[mentor] += 1
        assert oracle.allowed(by_id[mentee], by_id[mentor])
        assert oracle.gain_sum(by_id[mentee], by_id[mentor]) > 0
        assert match.gains[match.members.index(mentor)] == 0 < match.gains[match.members.index(mentee)]
        lead = (by_id[mentor].level, by_id[mentee].level)
        assert None in lead or 0 <= (lead[0] or 0) - (lead[1] or 0) <= 4
    assert all(learns[one.id] <= min(1, one.seats) for one in people)
    assert all(teaches[one.id] <= one.seats for one in people)
    assert {*learns, *teaches} | {*result.unmatched} == {*by_id}
    assert not {*learns, *teaches} & {*result.unmatched}


class TestMentor:
    """R43: who helps whom, and who is left."""

    @given(crowd(most=12))
    @settings(max_examples=25, deadline=None)
    def test_every_round_is_valid(self, people: list[Person]) -> None:
        """R43, N4: seats by role, gates, the mentor's lead, one direction, everybody paired or named."""
        check_valid(people, solve(people, RULES, 3))

    @pytest.mark.parametrize("seed", range(3))
    def test_value_is_within_the_proved_gap_of_the_optimum(self, seed: int) -> None:
        """R43, N4: against integer programming over all pairs in both directions."""
        people = company(40, seed=seed, shape=Shape(skills=16, families=2, departments=4, seats_up_to=2))
        result, best = solve(people, RULES, seed), best_of(people)
        check_valid(people, result)
        assert result.certificate.value <= best + 1
        assert best <= result.bound + 1
        assert result.certificate.value >= 0.998 * best

    def test_with_one_seat_each_it_is_an_assignment(self) -> None:
        """R43: without bonuses the sum is that of scipy's assignment, but for who would be each other's mentor."""
        rules = RuleSet.from_mapping({"kind": "mentor", "objective": {"coverage_bonus": 0, "fairness_bonus": 0}, "search": {"step": 1}})
        people = [
            dataclasses.replace(one, wants=one.wants if at % 2 else {}, offers={} if at % 2 else one.offers)
            for at, one in enumerate(company(60, seed=8, shape=Shape(skills=12, families=2, departments=4)))
        ]
        _, worth = directed(people)
        rows, columns = linear_sum_assignment(worth, maximize=True)
        assert solve(people, rules, 1).weight == pytest.approx(int(worth[rows, columns].sum()), abs=60)

    def test_left_over_people_hear_what_is_true_of_both_roles(self) -> None:
        """N4: full mentors, unwanted offers, wishes that nobody can serve, empty profiles."""
        people = [
            Person(id="a", offers={"x": 5}, level=5),
            *(Person(id=f"w{n}", wants={"x": 3}, level=4) for n in range(3)),
            Person(id="lost", wants={"unheard of": 3}),
            Person(id="idle", offers={"unasked": 3}),
            Person(id="void"),
            Person(id="away", wants={"x": 3}, seats=0),
            Person(id="boss", wants={"x": 3}, level=9),
        ]
        told = solve(people, RULES, 1).unmatched
        assert told["lost"] is UnmatchedReason.WANTS_NOT_OFFERED
        assert told["idle"] is UnmatchedReason.OFFERS_NOT_WANTED
        assert told["void"] is UnmatchedReason.EMPTY_PROFILE
        assert told["away"] is UnmatchedReason.NO_FREE_SEAT
        assert told["boss"] is UnmatchedReason.NO_ELIGIBLE_PARTNER
        assert Counter(told[f"w{n}"] for n in range(3) if f"w{n}" in told) == {UnmatchedReason.ALL_FULL: 2}

    def test_order_of_people_changes_nothing(self) -> None:
        """N7: shuffled people give the same bytes."""
        people = survey(90, seed=3)
        assert solve(people, RULES, 5) == solve(people[::-1], RULES, 5)

    def test_a_kept_pair_keeps_its_direction_its_score_and_its_seats(self) -> None:
        """N7: a round that is solved again around what an admin locked."""
        people = [dataclasses.replace(one, mentee_seats=1) for one in survey(60, seed=4)]
        first = solve(people, RULES, 2)
        kept = first.pairs[3]
        again = solve(people, RULES, 2, settled=Settled(kept=(kept.members,), mentees=(kept.mentee,)))
        assert kept in again.pairs
        check_valid(people, again)

    def test_two_people_are_never_each_others_mentor(self) -> None:
        """C: the heavier direction stays."""
        people = [Person(id="a", offers={"x": 5}, wants={"y": 3}), Person(id="b", offers={"y": 1}, wants={"x": 3})]
        (match,) = solve(people, RULES, 1).pairs
        assert match.mentee == "b"
        assert all(len({*one.members, *other.members}) > 2 for one, other in combinations(solve(survey(60, seed=1), RULES, 1).pairs, 2))
