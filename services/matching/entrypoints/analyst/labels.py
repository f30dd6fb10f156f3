"""What a person should look at in the labels of a file. Nothing is merged here: case, width and blanks are one, the rest is proposed."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

_TOLD = 50
_KEPT_SIGNS = "+#"


def written_alike(labels: Iterable[str]) -> list[dict[str, Any]]:
    """Return labels that differ only by hyphens, dots, accents and the like: one thing or several, which only a person can tell."""
    uses = Counter(labels)
    groups: dict[str, list[str]] = {}
    for label in sorted(uses):
        groups.setdefault(_bare(label), []).append(label)
    several = sorted((group for group in groups.values() if len(group) > 1), key=lambda group: (-sum(uses[one] for one in group), group))
    return [{"labels": group, "times": [uses[one] for one in group]} for group in several[:_TOLD]]


def _bare(label: str) -> str:
    """Return a label's letters and digits, without accents; C, C++ and C# stay three things."""
    return "".join(sign for sign in unicodedata.normalize("NFKD", label) if sign.isalnum() or sign in _KEPT_SIGNS) or label
