"""Two rule sets on one snapshot: what would change, for whom, and is it fairer? Pure; nothing is written (N7)."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from services.matching.engine.person import Person
from services.matching.engine.report import MINIMUM_GROUP, share
from services.matching.engine.result import Match, Result

_DIGITS = 4


def compare(this: Result, other: Result, people: Sequence[Person]) -> dict[str, Any]:
    """Return the difference between two rounds over the same people: pairs, coverage by group, fairness, scores.

    Raises:
        ValueError: when the two were not solved on the same snapshot.

    """
    if this.snapshot_hash != other.snapshot_hash:
        raise ValueError("a what-if compares two rule sets on one snapshot; these snapshots differ")
    here, there = _meetings(this), _meetings(other)
    return {
        "pairs": {"kept": len(here & there), "gone": len(here - there), "new": len(there - here)},
        "this": _figures(this),
        "other": _figures(other),
        "by_group": _by_group(this, other, people),
        "gain_change": _change(this, other),
    }


def _matches(result: Result) -> list[Match]:
    return [*result.pairs, *result.trios]


def _meetings(result: Result) -> set[tuple[str, str]]:
    """Return who meets whom, two by two."""
    return {(a, b) for match in _matches(result) for a in match.members for b in match.members if a < b}


def _figures(result: Result) -> dict[str, Any]:
    scores = np.array([match.score for match in _matches(result)])
    gains = np.array([min(match.gains) for match in _matches(result)])
    left_out = sum(1 for _ in result.unmatched)
    return {
        "pairs": len(result.pairs),
        "trios": len(result.trios),
        "unmatched": left_out,
        "coverage": share(result.size - left_out, result.size),
        "mean score": round(float(scores.mean()), _DIGITS) if len(scores) else 0.0,
        "lowest twentieth of scores": round(float(np.quantile(scores, 0.05)), _DIGITS) if len(scores) else 0.0,
        "mean gain of the weaker side": round(float(gains.mean()), _DIGITS) if len(gains) else 0.0,
        "two-way": share((gains > 0).sum(), len(gains)),
    }


def _by_group(this: Result, other: Result, people: Sequence[Person]) -> dict[str, list[dict[str, Any]]]:
    """Return coverage per department, site and level under both rule sets; small groups are left out (R13)."""
    named: dict[str, Callable[[Person], str | None]] = {
        "department": lambda one: one.department,
        "site": lambda one: one.site,
        "level": lambda one: None if one.level is None else str(one.level),
    }
    told: dict[str, list[dict[str, Any]]] = {}
    for kind, of in named.items():
        size = Counter(group for one in people if (group := of(one)) is not None)
        left = [Counter(of(one) for one in people if one.id in result.unmatched) for result in (this, other)]
        told[kind] = [
            {"group": group, "people": count, "this": share(count - left[0][group], count), "other": share(count - left[1][group], count)}
            for group, count in sorted(size.items())
            if count >= MINIMUM_GROUP
        ]
    return told


def _gains(result: Result) -> dict[str, float]:
    """Return each person's best gain."""
    best: dict[str, float] = {}
    for match in _matches(result):
        for member, gain in zip(match.members, match.gains, strict=True):
            best[member] = max(best.get(member, 0.0), gain)
    return best


def _change(this: Result, other: Result) -> dict[str, Any]:
    """Return how gains would move: counts and sizes, and no person's name."""
    here, there = _gains(this), _gains(other)
    moved = np.array([there.get(member, 0.0) - here.get(member, 0.0) for member in sorted({*here, *there})])
    worse = np.sort(moved[moved < 0])
    return {
        "better_off": int((moved > 0).sum()),
        "worse_off": int((moved < 0).sum()),
        "largest_losses": [round(float(loss), _DIGITS) for loss in worse[:10]] if len(worse) >= MINIMUM_GROUP else [],
        "histogram": [int(count) for count in np.histogram(moved, 20, (-1.0, 1.0))[0]],
    }
