"""The rule set: defaults, ranges, and every fault told at once (N5, N7)."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from services.matching.domain.rules import RuleSet, RulesInvalid

DOCUMENT = Path(__file__).parents[4] / "services/matching/domain/RULES.md"


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
            ({"circle": {"smallest": 5, "full": 4}}, "size-order"),
            ({"related": [["a", "a"]]}, "related-to-itself"),
            ({"related": ["a"]}, "not-a-list"),
            ({"related": [["a", "b", 1.5]]}, "out-of-range"),
            ({"related": [["a", "b", True]]}, "not-a-list"),
            ({"placeholders": [1]}, "not-a-list"),
        ],
    )
    def test_refuses_contradictions(self, document: dict[str, object], code: str) -> None:
        """N7: numbers that are each in range may still contradict each other."""
        with pytest.raises(RulesInvalid) as caught:
            RuleSet.from_mapping(document)
        assert code in {problem.code for problem in caught.value.problems}

    @pytest.mark.parametrize(
        ("document", "path", "words"),
        [
            ({"common": {"fit": 0.5}}, "common", ("sum to 1", "sum to 1.25", "fit 0.4")),
            ({"common": {"chalenges": 0.2}}, "common.chalenges", ("did you mean challenges?",)),
            ({"gates": {"maximum_level_gap": 99}}, "gates.maximum_level_gap", ("between 0 and 50", "null for no limit", "is 99")),
            ({"search": {"candidates": 2.5}}, "search.candidates", ("whole number between 1 and 200", "is 2.5")),
            ({"kind": "sponsor"}, "kind", ("peer, mentor, circle",)),
            ({"sameness": {"fall_from": 0.1}}, "sameness", ("fall_from 0.1",)),
            ({"objective": {"alpha": "a long text of somebody"}}, "objective.alpha", ("is a str",)),
        ],
    )
    def test_says_which_key_what_is_wrong_and_what_would_be_right(
        self, document: dict[str, object], path: str, words: tuple[str, ...]
    ) -> None:
        """N7: an admin can mend the file from the message alone; texts are not repeated (N9)."""
        with pytest.raises(RulesInvalid) as caught:
            RuleSet.from_mapping(document)
        (problem,) = caught.value.problems
        assert problem.path == path
        for word in words:
            assert word in problem.sentence
        assert "somebody" not in problem.sentence

    def test_every_rule_is_documented_with_its_default_and_range(self) -> None:
        """N7: RULES.md names each key as it is; a new rule without a line there does not pass."""
        rows = {
            tuple(cell.strip() for cell in line.split("|")[1:4]) for line in DOCUMENT.read_text().splitlines() if line.startswith("| `")
        }
        wanted = {
            (f"`{group.name}.{entry.name}`", json.dumps(entry.default), _range(entry.metadata))
            for group in fields(RuleSet)
            if is_dataclass(group.default)
            for entry in fields(group.default)
        }
        assert wanted <= rows
        assert {key for key, _, _ in rows} == {key for key, _, _ in wanted} | {"`kind`", "`placeholders`", "`related`"}


def _range(rule: Mapping[str, object]) -> str:
    return f"{rule['low']} to {rule['high']}" if rule else "true or false"
