"""The company's list of skills for `tandem match`: spellings of one skill meet, and related skills count in part (R6)."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from services.matching.domain.skill_tree import SkillTree
from services.matching.entrypoints.analyst.cells import folded


class SkillsUnreadable(ValueError):
    """The file holds no list of skills; the text says where and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillList:
    """Which skill each spelling means, and what each skill is part of."""

    spellings: Mapping[str, str] = field(default_factory=dict)
    tree: SkillTree = field(default_factory=SkillTree)

    def named(self, labels: Iterable[str]) -> tuple[str, ...]:
        """Return the codes of labels, each once; what is not on the list stays as it is written."""
        return tuple(dict.fromkeys(self.spellings.get(label, label) for label in labels))


def read_skills(path: Path | None) -> SkillList:
    """Read a list: the TOML file that profile reads, or what `tandem skills list --json` prints; none means no list.

    Raises:
        SkillsUnreadable: it is neither, or an entry is no skill.

    """
    if path is None:
        return SkillList()
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
        groups, skills = ([_entry(each) for each in document.get(name, [])] for name in ("groups", "skills"))
    except (KeyError, TypeError, AttributeError):
        raise SkillsUnreadable(f"{path.name}: each entry of groups and skills must be a table with code and name") from None
    except ValueError as fault:
        raise SkillsUnreadable(f"{path.name}: is neither TOML nor JSON: {fault}") from None
    if not skills:
        raise SkillsUnreadable(f"{path.name}: holds no skills")
    broader = {code: above for code, above, _ in (*groups, *skills)}
    spelled: dict[str, str] = {}
    for code, _, names in skills:
        for name in names:
            spelled.setdefault(folded(name), code)
    return SkillList(spellings=spelled, tree=SkillTree(broader=broader))


def _entry(each: Mapping[str, Any]) -> tuple[str, str | None, list[str]]:
    """Return code, what it is part of, and every spelling of an entry."""
    labels = each.get("labels") or {language: each[language] for language in ("en", "de") if each.get(language)}
    names = [each["code"], *labels.values(), *each.get("also", [])]
    if not all(isinstance(name, str) for name in names):
        raise TypeError
    return each["code"], cast("str | None", each.get("broader")), names
