"""The charter: completeness, digest, signatures, warnings (R2, R26-R31, N8, N9)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.matching.domain import refusals
from services.matching.domain.charter import Boundary, Charter, Chartering, Goal, Stance, check_charter, warnings_of
from shared.kernel.errors import Refusal
from tests.unit.matching.builders import ADA, BEN, NOW, cadence, charter

MEMBERS = (ADA, BEN)


class TestMissing:
    """R30: filled in this order: purpose, goals, ground rules, cadence."""

    def test_an_empty_charter_lacks_everything_but_the_default_rule(self) -> None:
        """R19: confidential is the rule unless the pair says otherwise."""
        assert Charter().missing(MEMBERS) == ["purpose", "goal-of:ada", "goal-of:ben", "cadence"]

    def test_each_member_needs_a_goal(self) -> None:
        """R2: at least one per side."""
        assert charter(ADA).missing(MEMBERS) == ["goal-of:ben"]
        assert charter(ADA, BEN).missing(MEMBERS) == []


class TestDigest:
    """A signature covers the content."""

    @pytest.mark.parametrize(
        "change",
        [
            {"purpose": "another"},
            {"goals": (Goal(member_id=ADA, text="x"), Goal(member_id=BEN, text="y"))},
            {"ground_rules": ("punctual",)},
            {"boundaries": (Boundary(topic="pay", stance=Stance.OFF_LIMITS),)},
            {"cadence": cadence(length=timedelta(hours=2))},
            {"agenda_template": "review"},
        ],
    )
    def test_every_part_is_covered(self, change: dict[str, Any]) -> None:
        """N8: any edit changes it."""
        before = charter()
        assert replace(before, **change).digest("s") != before.digest("s")

    def test_it_cannot_be_guessed_from_the_words(self) -> None:
        """N9: it is published, so it is salted with the pairing's own secret."""
        assert charter().digest("one") != charter().digest("two")

    def test_it_is_stable(self) -> None:
        """The same words and salt give the same digest in every process."""
        assert charter().digest("s") == charter().digest("s")
        assert len(charter().digest("s")) == 64


class TestSign:
    """N8: nothing is signed that was not read, complete and present."""

    def test_an_edit_voids_signatures(self) -> None:
        """Architecture 6."""
        first = Chartering(salt="s").edited(charter())
        signed = first.signed(ADA, first.digest, NOW, MEMBERS)
        edited = signed.edited(charter(purpose="other"))
        assert (signed.signatures != (), edited.signatures, edited.edition) == (True, (), 2)

    def test_saying_the_same_again_is_no_edit(self) -> None:
        """A repeated save does not cost anybody a signature."""
        first = Chartering(salt="s").edited(charter())
        signed = first.signed(ADA, first.digest, NOW, MEMBERS)
        assert signed.edited(charter()) == signed

    def test_the_last_signature_puts_it_in_force(self) -> None:
        """R2."""
        chartering = Chartering(salt="s").edited(charter())
        for member in MEMBERS:
            chartering = chartering.signed(member, chartering.digest, NOW, MEMBERS)
        assert (chartering.in_force, chartering.draft) == (charter(), None)
        with pytest.raises(refusals.CharterAlreadySigned):
            chartering.signed(ADA, chartering.digest, NOW, MEMBERS)

    def test_a_revision_leaves_the_old_one_in_force(self) -> None:
        """Architecture 6: beside it, until all have signed."""
        chartering = Chartering(salt="s").edited(charter())
        for member in MEMBERS:
            chartering = chartering.signed(member, chartering.digest, NOW, MEMBERS)
        revised = chartering.edited(charter(purpose="revised"))
        assert (revised.in_force, revised.current.purpose, revised.signatures) == (charter(), "revised", ())

    @pytest.mark.parametrize(
        ("content", "digest", "refusal"),
        [
            (charter(ADA), None, refusals.CharterIncomplete),
            (charter(), "something else", refusals.CharterChanged),
        ],
    )
    def test_what_may_not_be_signed(self, content: Charter, digest: str | None, refusal: type[Refusal]) -> None:
        """Each refusal names the broken rule."""
        chartering = Chartering(salt="s").edited(content)
        with pytest.raises(refusal):
            chartering.signed(ADA, digest or chartering.digest, NOW, MEMBERS)

    def test_nobody_signs_twice(self) -> None:
        """One signature per member and content."""
        chartering = Chartering(salt="s").edited(charter())
        once = chartering.signed(ADA, chartering.digest, NOW, MEMBERS)
        with pytest.raises(refusals.CharterAlreadySigned):
            once.signed(ADA, once.digest, NOW, MEMBERS)


class TestCheck:
    """Sizes are bounded, goals have owners; refusals quote no words."""

    @pytest.mark.parametrize(
        "content",
        [
            Charter(purpose="x" * 2_001),
            Charter(goals=(Goal(member_id=ADA, text=" "),)),
            Charter(goals=(Goal(member_id=ADA, text="x", skill="two words"),)),
            Charter(ground_rules=("x",) * 31),
            Charter(boundaries=(Boundary(topic="", stance=Stance.OPEN),)),
        ],
    )
    def test_sizes(self, content: Charter) -> None:
        """Every list and text has a limit."""
        with pytest.raises(refusals.CharterInvalid):
            check_charter(content, MEMBERS)

    def test_a_goal_of_a_stranger(self) -> None:
        """R2: goals belong to members."""
        with pytest.raises(refusals.GoalOfStranger):
            check_charter(charter("eve"), MEMBERS)


class TestWarnings:
    """R26, R27: a goal is checked against the partner's offers, token by token."""

    @pytest.mark.parametrize(
        ("goal", "offers", "warned"),
        [
            (Goal(member_id=ADA, text="get better", skill="python"), ["python"], False),
            (Goal(member_id=ADA, text="get better", skill="python"), ["py"], True),
            (Goal(member_id=ADA, text="Learn Python!"), ["python"], False),
            (Goal(member_id=ADA, text="understand retail"), ["ai"], True),
            (Goal(member_id=ADA, text="give public speaking a try"), ["public-speaking"], False),
            (Goal(member_id=ADA, text="speak in public"), ["public-speaking"], True),
            (Goal(member_id=ADA, text="anything"), [], True),
        ],
    )
    def test_a_goal_needs_an_offer(self, goal: Goal, offers: list[str], warned: bool) -> None:
        """C: never substring evidence."""
        warnings = warnings_of(Charter(goals=(goal,)), {BEN: offers, ADA: ["python", "ai", "public-speaking"]})
        assert bool(warnings) is warned

    def test_it_suggests_a_referral(self) -> None:
        """R33: somebody else may help without ending the pair."""
        (warning,) = warnings_of(charter(ADA), {BEN: []})
        assert (warning.code, warning.suggestion, warning.goal) == ("goal-without-offer", "referral", 0)
