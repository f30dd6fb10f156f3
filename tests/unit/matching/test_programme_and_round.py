"""Programmes are versioned, rounds run once (R43, R44, N4, N7)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from services.matching.domain import refusals, round_refusals
from services.matching.domain.draft import Solution
from services.matching.domain.programme import Programme, Terms
from services.matching.domain.round import Round, RoundState
from services.matching.domain.rules import RuleSet, RulesInvalid
from shared.kernel.errors import Refusal
from tests.unit.matching.builders import NOW

SOLUTION = Solution(
    size=3, pairs=1, trios=0, unmatched=1, weight=5, bound=6, engine="auction", engine_version="1", result_hash="h", leaves=2
)


def opened(**changes: Any) -> Round:
    """Return a round that just began."""
    usual: dict[str, Any] = {"id": "r", "programme_id": "p", "rules": RuleSet(), "seed": 1, "at": NOW, "correlation_id": "c"}
    return Round.open(**usual | changes)


def solved() -> Round:
    """Return a solved round."""
    made = opened()
    made.freeze(size=3, snapshot_hash="s", at=NOW)
    made.solve(SOLUTION)
    return made


def names(made: Programme | Round) -> list[str]:
    """Return the facts recorded, by name."""
    return [type(event).__name__ for _, event in made.take_recorded()]


class TestProgramme:
    """R43: the kind and every number are data with defaults."""

    def test_each_change_is_a_new_version(self) -> None:
        """N7: a round can name the rules it ran under."""
        programme = Programme.named("peers")
        assert programme.publish(RuleSet(), Terms())
        assert programme.publish(RuleSet.from_mapping({"objective": {"trios": False}}), Terms())
        assert (programme.rules_version, programme.rules.version) == (2, 2)
        assert names(programme) == ["ProgrammePublished", "ProgrammePublished"]

    def test_the_same_again_tells_nothing(self) -> None:
        """A repeated apply is harmless."""
        programme = Programme.named("peers")
        programme.publish(RuleSet(), Terms())
        assert not programme.publish(RuleSet(), Terms())
        assert programme.rules_version == 1

    @pytest.mark.parametrize("name", ["", "Peers", "-x", "a b", "ü", "x" * 61, "a/b"])
    def test_an_id_is_a_slug(self, name: str) -> None:
        """It stands in paths, keys and facts."""
        with pytest.raises(refusals.ProgrammeInvalid):
            Programme.named(name)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("proposal_lifetime", timedelta(minutes=1)),
            ("review_lifetime", timedelta(days=91)),
            ("no_repeat", timedelta(days=-1)),
            ("minimum_group_size", 2),
            ("minimum_group_size", 1_001),
        ],
    )
    def test_terms_have_ranges(self, field: str, value: object) -> None:
        """The refusal names the field and the range."""
        terms: dict[str, Any] = {field: value}
        with pytest.raises(refusals.ProgrammeInvalid) as refused:
            Programme.named("peers").publish(RuleSet(), Terms(**terms))
        assert refused.value.facts["field"] == field

    def test_a_range_is_named_as_callers_write_it(self) -> None:
        """ISO 8601, so that the answer can be copied into the document."""
        with pytest.raises(refusals.ProgrammeInvalid) as refused:
            Programme.named("peers").publish(RuleSet(), Terms(proposal_lifetime=timedelta(days=400)))
        assert refused.value.facts["rule"] == "PT1H to P90D"

    def test_rules_are_checked_as_a_whole(self) -> None:
        """Issue 5: every fault is named at once."""
        with pytest.raises(RulesInvalid) as refused:
            RuleSet.from_mapping({"objective": {"alpha": 7}, "typo": 1})
        assert refused.value.facts["paths"]

    def test_a_retired_one_takes_nothing_new(self) -> None:
        """What exists goes on; applying rules again opens it again."""
        programme = Programme.named("peers")
        programme.publish(RuleSet(), Terms())
        programme.retire()
        programme.retire()
        with pytest.raises(refusals.ProgrammeIsRetired):
            programme.begin_round("r")
        assert names(programme) == ["ProgrammePublished", "ProgrammeRetired"]
        assert programme.publish(RuleSet(), Terms())
        programme.demand_open()

    def test_one_round_at_a_time(self) -> None:
        """C: nobody is given two partners at once."""
        programme = Programme.named("peers")
        programme.begin_round("r-1")
        with pytest.raises(round_refusals.RoundAlreadyRunning):
            programme.begin_round("r-2")
        programme.end_round("another")
        assert programme.running_round == "r-1"
        programme.end_round("r-1")
        programme.begin_round("r-2")

    @pytest.mark.parametrize(("kind", "fits"), [("peer", 3), ("mentor", 2), ("circle", 6)])
    def test_the_kind_bounds_the_members(self, kind: str, fits: int) -> None:
        """R44: each kind has its own rule."""
        programme = Programme.named("x")
        programme.publish(RuleSet.from_mapping({"kind": kind}), Terms())
        programme.demand_size(fits)
        with pytest.raises(refusals.TooManyMembers):
            programme.demand_size(fits + 1)


class TestRound:
    """N7: opened, frozen, solved, published, each once."""

    def test_its_life_is_told(self) -> None:
        """N4: every leftover has one fact, with its reason."""
        made = solved()
        made.publish("c-2")
        made.leaf_published(1, {})
        made.leaf_published(0, {"ada": "no-eligible-partner"})
        made.finish(NOW)
        assert names(made) == ["RoundOpened", "RoundFrozen", "RoundSolved", "MemberUnmatched", "RoundPublished"]
        assert (made.proposals, made.unmatched, made.correlation_id, made.is_running) == (1, 1, "c-2", False)

    def test_without_a_seed_the_id_gives_one(self) -> None:
        """N7: it is stored and shown, so that the round can be repeated."""
        assert opened(seed=None).seed == opened(seed=None).seed != opened(id="other", seed=None).seed

    @pytest.mark.parametrize("again", [RoundState.PUBLISHING, RoundState.PUBLISHED])
    def test_publishing_twice_is_harmless(self, again: RoundState) -> None:
        """A command may be repeated."""
        made = solved()
        made.publish("c")
        if again is RoundState.PUBLISHED:
            made.finish(NOW)
        made.publish("other")
        assert (made.state, made.correlation_id) == (again, "c")

    @pytest.mark.parametrize(
        ("act", "refusal"),
        [
            (lambda r: r.publish("c"), round_refusals.RoundNotSolved),
            (lambda r: r.solve(SOLUTION), round_refusals.RoundIsOver),
            (lambda r: r.leaf_published(0, {}), round_refusals.RoundIsOver),
            (lambda r: r.finish(NOW), round_refusals.RoundIsOver),
        ],
    )
    def test_steps_are_not_skipped(self, act: Callable[[Round], None], refusal: type[Refusal]) -> None:
        """Each refusal names where the round stands."""
        with pytest.raises(refusal):
            act(opened())

    def test_a_publication_is_finished_never_torn(self) -> None:
        """Cancelling is for rounds of which nobody heard."""
        made = solved()
        made.publish("c")
        with pytest.raises(round_refusals.RoundIsOver):
            made.cancel("cancelled-by-admin", NOW)

    def test_a_cancelled_round_is_over(self) -> None:
        """It cannot be published any more."""
        made = solved()
        made.cancel("cancelled-by-admin", NOW)
        with pytest.raises(round_refusals.RoundIsOver):
            made.publish("c")
