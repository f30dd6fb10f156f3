"""N7: drafts of a round, the wishes between them, commits and repairs; and which groups of a draft stay in the next."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.adapters.drafting import kept_groups
from services.matching.domain import round_refusals
from services.matching.domain.draft import Draft
from services.matching.domain.round import DRAFTS_MAX, WISHES_MAX, Round, RoundState
from services.matching.domain.rules import RuleSet
from services.matching.domain.snapshot import Group, outcome_hash
from tests.unit.matching.builders import NOW
from tests.unit.matching.test_programme_and_round import SOLUTION, names, opened, solved

AB, CD, ABC = ("ada", "ben"), ("cat", "dan"), ("ada", "ben", "cat")
LETTERS = st.sampled_from("abcdefgh")


def wish(made: Round, **said: Any) -> None:
    """Say some wishes."""
    made.wish(**{"lock": (), "unlock": (), "forbid": (), "allow": ()} | said)


class TestWishes:
    """Issue 5: lock some, forbid some; the last word about two members wins."""

    def test_a_ban_takes_the_lock_away(self) -> None:
        """Also of a group of three that holds the two."""
        made = solved()
        wish(made, lock=[("cat", "ada", "ben")])
        wish(made, forbid=[("ben", "ada")])
        assert (made.locked, made.forbidden) == ((), (AB,))

    def test_a_lock_takes_the_ban_away(self) -> None:
        """The other way round."""
        made = solved()
        wish(made, forbid=[AB, CD])
        wish(made, lock=[AB])
        assert (made.locked, made.forbidden) == ((AB,), (CD,))

    def test_both_can_be_taken_back(self) -> None:
        """And said twice they count once."""
        made = solved()
        wish(made, lock=[AB, ("ben", "ada")], forbid=[CD])
        wish(made, unlock=[("ben", "ada")], allow=[("dan", "cat")])
        assert (made.locked, made.forbidden) == ((), ())

    def test_there_are_not_too_many(self) -> None:
        """Corrections, not a second matching."""
        with pytest.raises(round_refusals.TooManyWishes):
            wish(solved(), forbid=[("x", f"y{n}") for n in range(WISHES_MAX + 1)])

    @pytest.mark.parametrize(
        ("made", "refusal"), [(opened(), round_refusals.RoundNotSolved), (solved(), None), (solved(), round_refusals.RoundIsOver)], ids=str
    )
    def test_only_a_solved_round_takes_them(self, made: Round, refusal: type[Exception] | None) -> None:
        """Not before there is a draft, not once members hear of it."""
        if refusal is round_refusals.RoundIsOver:
            made.publish("c")
        if refusal is None:
            wish(made, forbid=[AB])
            return
        with pytest.raises(refusal):
            wish(made, forbid=[AB])


class TestDrafts:
    """N7: what a what-if asks is what its commit asks."""

    def test_a_commit_asks_for_the_same(self) -> None:
        """But for what it expects."""
        made = solved()
        wish(made, lock=[AB])
        asked = made.next_draft(RuleSet(version=4), 9)
        made.solve_again(made.next_draft(RuleSet(version=4), 9, "h2"))
        assert replace(made.due, expected=None) == asked
        assert (made.state, asked.base, asked.locked) == (RoundState.FROZEN, 1, (AB,))

    def test_what_was_not_shown_is_not_taken(self) -> None:
        """The draft at hand stays, and why is told; nothing is told outside."""
        made = solved()
        made.solve_again(made.next_draft(seed=9, expected="other"))
        names(made)
        made.solve(SOLUTION)
        assert (made.state, made.failure, len(made.drafts), names(made)) == (RoundState.SOLVED, "what-if-not-repeated", 1, [])

    def test_a_further_draft_is_looked_at_again(self) -> None:
        """Who left meanwhile is looked for before it counts as ready; without conflicts it stays as it is."""
        made = solved()
        made.solve_again(made.next_draft(seed=9))
        made.solve(SOLUTION)
        assert (made.state, made.due.is_repair, made.due.base) == (RoundState.FROZEN, True, 2)
        made.found_touched({}, {}, ())
        assert (made.state, len(made.drafts), made.failure) == (RoundState.SOLVED, 2, None)

    def test_conflicts_are_named(self) -> None:
        """The repair is ordered with reasons, seats and those who must be kept apart; it is the last of its chain."""
        made = solved()
        made.repair()
        made.found_touched({"ada": 0}, {"ada": "member-left"}, [("dan", "cat")])
        assert (made.due.seats_left, made.due.touched, made.due.forbidden) == ({"ada": 0}, {"ada": "member-left"}, (CD,))
        made.solve(SOLUTION)
        assert (made.state, made.drafts[-1].is_repair) == (RoundState.SOLVED, True)

    def test_a_cancelled_round_gives_no_draft(self) -> None:
        """Over is over."""
        made = solved()
        made.cancel("cancelled-by-admin", NOW)
        with pytest.raises(round_refusals.RoundIsOver):
            made.repair()

    def test_they_come_to_an_end(self) -> None:
        """A round is one document."""
        made = solved()
        made.drafts = (replace(made.drafts[0], number=DRAFTS_MAX),)
        with pytest.raises(round_refusals.TooManyDrafts):
            made.solve_again(made.next_draft())

    def test_another_draft_is_not_published_by_accident(self) -> None:
        """`expected` is what the admin looked at."""
        with pytest.raises(round_refusals.DraftChanged):
            solved().publish("c", "something else")


class TestKept:
    """N7: which groups stay."""

    def _kept(self, groups: list[Group], seats: dict[str, int], **order: Any) -> list[tuple[str, ...]]:
        draft = Draft(number=2, rules=RuleSet(), seed=1, base=1, **order)
        return [group.members for group in kept_groups(draft, groups, {(member, False): count for member, count in seats.items()})]

    def test_locked_ones_only(self) -> None:
        """Everybody else is solved again."""
        groups = [Group(members=AB, weight=1), Group(members=CD, weight=1)]
        assert self._kept(groups, dict.fromkeys([*AB, *CD], 1), locked=(CD,)) == [CD]

    def test_in_a_repair_all_that_nothing_touches(self) -> None:
        """Who has no seat any more, and who must be kept apart, break their groups."""
        groups = [Group(members=AB, weight=1), Group(members=CD, weight=1), Group(members=("eve", "fay"), weight=1)]
        seats = {"ada": 0, "ben": 1, "cat": 1, "dan": 1, "eve": 1, "fay": 1}
        assert self._kept(groups, seats, is_repair=True, forbidden=(CD,)) == [("eve", "fay")]

    @given(st.lists(st.lists(LETTERS, min_size=2, max_size=3, unique=True), max_size=12), st.dictionaries(LETTERS, st.integers(0, 3)))
    def test_seats_are_never_overrun(self, groups: list[list[str]], seats: dict[str, int]) -> None:
        """C: whatever the base was, nobody is in more kept groups than they have seats."""
        kept = self._kept([Group(members=tuple(each), weight=1) for each in groups], seats, is_repair=True)
        assert all(sum(member in group for group in kept) <= seats.get(member, 0) for member in "abcdefgh")


class TestHash:
    """N7: one hash for one outcome, however it came about."""

    @given(st.permutations([Group(members=AB, weight=3), Group(members=CD, weight=4), Group(members=("eve", "fay"), weight=5)]))
    def test_order_does_not_matter(self, groups: list[Group]) -> None:
        """Kept groups and new ones are mixed."""
        usual = outcome_hash(sorted(groups, key=lambda group: group.members), {"x": "paused"})
        assert outcome_hash(groups, {"x": "paused"}) == usual
        assert outcome_hash(groups, {"x": "away"}) != usual
        assert outcome_hash([*groups[1:], replace(groups[0], weight=9)], {"x": "paused"}) != usual
