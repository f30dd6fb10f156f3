"""N7: a round around what is settled: kept groups stay with their score, forbidden pairs do not meet, the rest is solved and proved."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.domain.rules import RuleSet
from services.matching.engine import Result, Settled, solve
from tests.support.population import survey

RULES = RuleSet()
PEOPLE = survey(24, 5)


@pytest.fixture(scope="module")
def first() -> Result:
    """Return the round of nothing settled."""
    return solve(PEOPLE, RULES, 3)


def scores(found: Result) -> dict[tuple[str, ...], int]:
    """Return the score of each group."""
    return {match.members: match.weight for match in (*found.pairs, *found.trios)}


class TestAround:
    """Issue 5: lock some, forbid some, solve the rest."""

    def test_all_kept_is_the_same_round(self, first: Result) -> None:
        """Nothing moves, not a score either; reasons of the others stay."""
        again = solve(PEOPLE, RULES, 3, settled=Settled(kept=tuple(scores(first))))
        assert scores(again) == scores(first)
        assert {*again.unmatched} == {*first.unmatched}

    @settings(max_examples=12, deadline=None)
    @given(st.data())
    def test_kept_stays_and_forbidden_does_not_meet(self, first: Result, data: st.DataObject) -> None:
        """Whichever groups: scores are those of the whole pool, seats are not overrun, the bound is above the value."""
        groups = [*scores(first)]
        kept = data.draw(st.lists(st.sampled_from(groups), unique=True, max_size=len(groups) - 1))
        apart = data.draw(st.sampled_from([group for group in groups if group not in kept]))[:2]
        again = solve(PEOPLE, RULES, 3, settled=Settled(kept=tuple(kept), forbidden=((apart[0], apart[1]),)))
        found = scores(again)
        assert {group: found.get(group) for group in kept} == {group: scores(first)[group] for group in kept}
        assert not any({*apart} <= {*group} for group in found)
        seats = {person.id: person.seats for person in PEOPLE}
        assert all(sum(member in group for group in found) <= seats[member] for member in seats)
        assert {member for group in found for member in group}.isdisjoint(again.unmatched)
        assert again.certificate.bound >= again.certificate.value

    def test_who_is_not_in_the_pool_is_ignored(self, first: Result) -> None:
        """A ban of somebody who rests does no harm."""
        assert scores(solve(PEOPLE, RULES, 3, settled=Settled(forbidden=(("nobody", PEOPLE[0].id),)))) == scores(first)
