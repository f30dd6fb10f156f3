"""A rule set from a file: the rules alone, or a programme's document as `tandem programme apply` takes it."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from services.matching.domain.rules import RuleProblem, RuleSet, RulesInvalid

_OF_A_PROGRAMME = {"kind", "rules", "proposal_lifetime", "review_lifetime", "no_repeat", "minimum_group_size"}


class NoRules(ValueError):
    """The file cannot be read as rules; the text names the file and says where and why."""


def read_rules(path: Path | None) -> RuleSet:
    """Read a rule set from a JSON or TOML file; none means the defaults.

    Raises:
        NoRules: the file is neither, or names what is no rule or lies outside its range: each with its key.

    """
    if path is None:
        return RuleSet()
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text) if path.suffix.casefold() == ".toml" else json.loads(text)
        return RuleSet.from_mapping(_rules_of(document))
    except RulesInvalid as fault:
        raise NoRules("\n".join(f"{path.name}: {line}" for line in str(fault).splitlines())) from None
    except ValueError as fault:
        kind = "TOML" if path.suffix.casefold() == ".toml" else "JSON (the name of a TOML file ends in .toml)"
        raise NoRules(f"{path.name}: is no {kind}: {fault}") from None


def _rules_of(document: Any) -> Any:
    """Return the rules of a programme's document, or the document itself where it has none."""
    if not isinstance(document, Mapping) or "rules" not in document:
        return document
    if unknown := sorted({*document} - _OF_A_PROGRAMME):
        raise RulesInvalid([RuleProblem(name, "unknown-rule", "is not known in a programme's document") for name in unknown])
    rules = document["rules"]
    return {**rules, "kind": document["kind"]} if "kind" in document and isinstance(rules, Mapping) else rules
