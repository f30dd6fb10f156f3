"""How near two skills are, by the hierarchy that profile publishes (R6)."""

import pytest

from services.matching.domain.rules import Related, RuleSet
from services.matching.domain.skill_tree import SkillTree, with_related

TREE = SkillTree(
    broader={
        "data": None,
        "systems": "data",
        "databases": "systems",
        "sql": "databases",
        "storage": "systems",
        "statistics": "data",
        "people": None,
        "coaching": "people",
    }
)


class TestNearness:
    """R6: twice the depth of the last common step, by the sum of the depths (Wu and Palmer)."""

    @pytest.mark.parametrize(
        ("one", "other", "near"),
        [
            ("sql", "databases", 6 / 7),
            ("databases", "storage", 4 / 6),
            ("sql", "storage", 4 / 7),
            ("sql", "statistics", 2 / 6),
            ("sql", "coaching", 0.0),
            ("sql", "mysql", 0.0),
            ("data", "database", 0.0),
            ("sql", "sql", 1.0),
        ],
    )
    def test_follows_the_formula_whole_codes_only(self, one: str, other: str, near: float) -> None:
        """R6, R17: `sql` is not in `mysql`; a code that is not on the list is near to nothing."""
        assert TREE.nearness(one, other) == pytest.approx(near)
        assert TREE.nearness(other, one) == TREE.nearness(one, other)

    def test_a_damaged_hierarchy_does_no_harm(self) -> None:
        """A record with a circle or a step to nowhere neither loops nor fails."""
        broken = SkillTree(broader={"a": "b", "b": "a", "c": "gone"})
        assert broken.nearness("c", "a") == 0.0
        assert broken.nearness("c", "c") == 1.0


class TestRelatedByTheHierarchy:
    """R6, N7: the hierarchy becomes part of the rules that a round is solved by."""

    def test_only_what_is_near_enough_and_there(self) -> None:
        """The threshold is the programme's; skills that nobody offers or wants are not listed."""
        assert TREE.related(["sql", "coaching"], ["databases", "storage", "sql"], 0.6) == (Related("sql", "databases", 0.8571),)
        assert len(TREE.related(["sql"], ["databases", "storage", "statistics"], 0.3)) == 3

    def test_the_programmes_own_word_comes_first(self) -> None:
        """N7: what the rules say of two skills stands, whatever the hierarchy says."""
        rules = RuleSet.from_mapping({"related": [["sql", "databases", 0.3]]})
        assert with_related(rules, TREE, {"sql": 2, "databases": 2}, {"databases": 1, "storage": 9}).related == (
            Related("sql", "databases", 0.3),
            Related("databases", "storage", 0.6667),
        )

    @pytest.mark.parametrize(("shortage", "offerers", "stands_in"), [(1, 2, True), (1, 3, False), (0.5, 5, True), (0, 9, True)])
    def test_only_skills_that_are_short_are_stood_in_for(self, shortage: float, offerers: int, stands_in: bool) -> None:
        """R6: where three want a thing and three offer it, a neighbour would only take the place of one of the three."""
        rules = RuleSet.from_mapping({"gain": {"related_shortage": shortage}})
        found = with_related(rules, TREE, {"sql": 3}, {"sql": offerers, "databases": 5})
        assert bool(found.related) is stands_in

    def test_a_programme_may_turn_it_off(self) -> None:
        """N7: with no share for related skills, or without a hierarchy, the rules stay as they are."""
        off = RuleSet.from_mapping({"gain": {"related_share": 0}})
        assert with_related(off, TREE, {"sql": 1}, {"databases": 1}) is off
        assert with_related(RuleSet(), SkillTree(), {"sql": 1}, {"databases": 1}).related == ()
