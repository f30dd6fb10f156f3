"""What a round is worth to each person, and how evenly that is spread (N4)."""

import numpy as np

from services.matching.domain.rules import RuleSet
from services.matching.engine.shapes import MICRO, Real
from services.matching.engine.solver import Solved

_DIGITS = 4


def utilities(solved: Solved, gain: Real, rules: RuleSet) -> Real:
    """Return everybody's utility who has a seat: the mean over their partners, 0 for whoever has none.

    `gain` holds what both sides of each pair gain. To the members of a trio or circle it is worth the group's score.
    """
    mine, yours = _of_pairs(solved, gain, rules)
    pairs = np.array(solved.pairs, np.int64).reshape(-1, 2)
    groups = [(member, weight / MICRO) for members, weight in solved.trios for member in members]
    who = np.concatenate((pairs[:, 0], pairs[:, 1], np.array([member for member, _ in groups], np.int64)))
    what = np.concatenate((mine, yours, np.array([worth for _, worth in groups], np.float64)))
    size = len(solved.pool.seats)
    found = np.bincount(who, what, minlength=size) / np.maximum(1, np.bincount(who, minlength=size))
    return np.asarray(found[solved.pool.seats > 0])


def _of_pairs(solved: Solved, gain: Real, rules: RuleSet) -> tuple[Real, Real]:
    """Return both utilities of each pair.

    They differ by what both gains differ, and the score is their harmonic mean times the factor of a one-way pair (in kind
    `mentor` the larger of both): so both follow from it.
    """
    score, apart = np.array(solved.weights, np.float64) / MICRO, rules.objective.alpha * (gain[:, 0] - gain[:, 1])
    if solved.mentees:
        return score + np.minimum(apart, 0.0), score - np.maximum(apart, 0.0)
    mean = np.where((gain > 0).all(axis=1), score, score / (rules.objective.one_way or 1.0))
    middle = (mean + np.hypot(mean, apart)) / 2
    return middle + apart / 2, middle - apart / 2


def gini(values: Real) -> float:
    """Return how unevenly something is spread: 0 = the same for all, towards 1 = one has everything."""
    if not len(values) or values.sum() <= 0:
        return 0.0
    ordered = np.sort(values)
    rank = np.arange(1, len(ordered) + 1)
    return round(float((2 * rank - len(ordered) - 1) @ ordered / (len(ordered) * ordered.sum())), _DIGITS)
