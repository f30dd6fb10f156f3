"""The rule set: defaults, ranges, and every fault told at once (N5, N7)."""

import pytest

from services.matching.domain.rules import RuleSet, RulesInvalid


class TestRuleSet:
    """N7: every number of the model, versioned and checked."""

    def test_reads_back_what_it_writes(self) -> None:
        """N7: a rule set survives storage unchanged."""
        rules = RuleSet.from_mapping({"version": 7, "objective": {"one_way": 1}, "related": [["python", "django"]], "placeholders": ["x"]})
        assert RuleSet.from_mapping(rules.to_mapping()) == rules
        assert rules.objective.one_way == 1.0

    def test_names_every_fault_with_its_path(self) -> None:
        """N7: unknown names, wrong shapes and ranges are told together."""
        with pytest.raises(RulesInvalid) as caught:
            RuleSet.from_mapping({"gates": 3, "alpha": 1, "common": {"shine": 1}})
        assert {problem.path for problem in caught.value.problems} == {"gates", "alpha", "common.shine"}
        with pytest.raises(RulesInvalid) as caught:
            RuleSet.from_mapping({"search": {"candidates": 0}, "objective": {"alpha": float("nan"), "trios": 1}, "version": True})
        assert {problem.code for problem in caught.value.problems} == {"out-of-range", "not-a-truth-value", "not-a-number"}

    @pytest.mark.parametrize(
        ("document", "code"),
        [
            ({"common": {"fit": 0.5}}, "weights-sum"),
            ({"sameness": {"place": 0.5}}, "weights-sum"),
            ({"sameness": {"fall_from": 0.1}}, "quantile-order"),
            ({"kind": "sponsor"}, "unknown-kind"),
            ({"related": [["a", "a"]]}, "related-to-itself"),
            ({"related": ["a"]}, "not-a-list"),
        ],
    )
    def test_refuses_contradictions(self, document: dict[str, object], code: str) -> None:
        """N7: numbers that are each in range may still contradict each other."""
        with pytest.raises(RulesInvalid) as caught:
            RuleSet.from_mapping(document)
        assert code in {problem.code for problem in caught.value.problems}
