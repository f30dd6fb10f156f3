"""Two drafts over one snapshot: what would change, for whom, and is it fairer? Pure; nothing is written (N7)."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from services.matching.engine.person import Person
from services.matching.engine.report import MINIMUM_GROUP, share
from services.matching.engine.result import Match, Result
from services.matching.engine.utility import gini

_DIGITS = 4
_LOSERS_TOLD = 10
Two = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two drafts that are compared."""

    matches: Sequence[Match]
    unmatched: Mapping[str, str]

    @classmethod
    def of(cls, result: Result) -> "Side":
        """Return a solved round as a side."""
        return cls(matches=[*result.pairs, *result.trios], unmatched={member: str(reason) for member, reason in result.unmatched.items()})

    def meetings(self) -> dict[Two, int]:
        """Return who meets whom, two by two, with the score of their group."""
        return {two: match.weight for match in self.matches for two in combinations(sorted(match.members), 2)}

    def gains(self) -> dict[str, float]:
        """Return each person's best gain."""
        best: dict[str, float] = {}
        for match in self.matches:
            for member, gain in zip(match.members, match.gains, strict=True):
                best[member] = max(best.get(member, 0.0), gain)
        return best


def compare(this: Result, other: Result, people: Sequence[Person]) -> dict[str, Any]:
    """Return the difference between two rounds over the same people.

    Raises:
        ValueError: when the two were not solved on the same snapshot.

    """
    if this.snapshot_hash != other.snapshot_hash:
        raise ValueError("a what-if compares two rule sets on one snapshot; these snapshots differ")
    return compare_sides(Side.of(this), Side.of(other), people)


def compare_sides(this: Side, other: Side, people: Sequence[Person], *, minimum_group: int = MINIMUM_GROUP) -> dict[str, Any]:
    """Return the difference between two drafts: pairs, coverage by group, fairness, scores, who loses most."""
    here, there = {*this.meetings()}, {*other.meetings()}
    return {
        "pairs": {"kept": len(here & there), "gone": len(here - there), "new": len(there - here)},
        "this": _figures(this, people),
        "other": _figures(other, people),
        "by_group": _by_group(this, other, people, minimum_group),
        "gain_change": _change(this, other, minimum_group),
    }


def changes(this: Side, other: Side) -> Iterator[dict[str, Any]]:
    """Yield every two who meet in one of the drafts, in order: `kept`, `gone` or `new`, with the scores."""
    here, there = this.meetings(), other.meetings()
    for two in sorted({*here, *there}):
        kind = "kept" if two in here and two in there else "gone" if two in here else "new"
        yield {"members": list(two), "change": kind, "this": _score(here.get(two)), "other": _score(there.get(two))}


def _score(weight: int | None) -> float | None:
    return None if weight is None else weight / 1_000_000


def _figures(side: Side, people: Sequence[Person]) -> dict[str, Any]:
    scores = np.array([match.score for match in side.matches])
    gains = np.array([min(match.gains) for match in side.matches if match.gains])
    best = side.gains()
    seated = [one for one in people if one.seats > 0]
    pairs = sum(1 for match in side.matches if len(match.members) == 2)  # noqa: PLR2004 - a pair
    alone = sum(one.id not in best for one in seated)
    return {
        "pairs": pairs,
        "trios": len(side.matches) - pairs,
        "unmatched": len(side.unmatched),
        "coverage": share(len(people) - sum(one.id not in best for one in people), len(people)),
        "left out of those with a seat": alone,
        "left out twice running": sum(one.left_out and one.id not in best for one in seated),
        "mean score": round(float(scores.mean()), _DIGITS) if len(scores) else 0.0,
        "lowest twentieth of scores": round(float(np.quantile(scores, 0.05)), _DIGITS) if len(scores) else 0.0,
        "lowest score": round(float(scores.min()), _DIGITS) if len(scores) else 0.0,
        "mean gain of the weaker side": round(float(gains.mean()), _DIGITS) if len(gains) else 0.0,
        "two-way": share((gains > 0).sum(), len(gains)),
        "Gini of gains": gini(np.array([best.get(one.id, 0.0) for one in seated])),
        "score histogram": [int(count) for count in np.histogram(scores, 20, (0.0, 1.0))[0]],
    }


def _by_group(this: Side, other: Side, people: Sequence[Person], minimum_group: int) -> dict[str, list[dict[str, Any]]]:
    """Return coverage per department, site and level under both rule sets; small groups are left out (R13)."""
    named: dict[str, Callable[[Person], str | None]] = {
        "department": lambda one: one.department,
        "site": lambda one: one.site,
        "level": lambda one: None if one.level is None else str(one.level),
    }
    reached = [this.gains(), other.gains()]
    told: dict[str, list[dict[str, Any]]] = {}
    for kind, of in named.items():
        size = Counter(group for one in people if (group := of(one)) is not None)
        there = [Counter(of(one) for one in people if one.id in best) for best in reached]
        told[kind] = [
            {"group": group, "people": count, "this": share(there[0][group], count), "other": share(there[1][group], count)}
            for group, count in sorted(size.items())
            if count >= minimum_group
        ]
    return told


def _change(this: Side, other: Side, minimum_group: int) -> dict[str, Any]:
    """Return how gains would move: counts, sizes, and who loses most (ids, for those who may see the pairs)."""
    here, there = this.gains(), other.gains()
    moved = {member: there.get(member, 0.0) - here.get(member, 0.0) for member in sorted({*here, *there})}
    lost = sorted((change, member) for member, change in moved.items() if change < 0)
    return {
        "better_off": sum(change > 0 for change in moved.values()),
        "worse_off": len(lost),
        "largest_losses": [round(change, _DIGITS) for change, _ in lost[:_LOSERS_TOLD]] if len(lost) >= minimum_group else [],
        "lose_most": [
            {"member_id": member, "this": round(here.get(member, 0.0), _DIGITS), "other": round(there.get(member, 0.0), _DIGITS)}
            for _, member in lost[:_LOSERS_TOLD]
        ],
        "histogram": [int(count) for count in np.histogram(np.array([*moved.values()]), 20, (-1.0, 1.0))[0]],
    }
