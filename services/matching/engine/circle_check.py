"""The independent checker of circles: plain numpy, whole numbers, no line shared with the search (R44, N4).

Sums are 60-fold, so that a share by two, three, four or five voices stays whole. A round that fails here is not published.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.certificate import NotCertified

Ints = NDArray[np.int64]
WHOLE = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleClaim:
    """What the search claims of one block: who may meet for how much, who states which challenge, and the circles."""

    worth: Ints
    """Micro-points by two people; below zero = they may not meet."""
    has: NDArray[np.bool_]
    """Person by challenge."""
    bonus: Ints
    """What it is worth that somebody is in a circle."""
    smallest: int
    largest: int
    full: int
    circles: Sequence[Sequence[int]]


@dataclass(frozen=True, slots=True)
class CircleFound:
    """Value, score and each person's largest possible part, 60-fold."""

    value: int
    score: int
    most: Ints


def check_circles(claim: CircleClaim) -> CircleFound:
    """Check a block's circles, add them up, and bound what each person could ever add.

    A member's part is the sum of their worth with the others over the number of voices that count (a full circle's at least), so
    nobody adds more than the mean of their best `full - 1` among those who share one challenge with them, and their bonus.
    """
    placed = [member for circle in claim.circles for member in circle]
    if len(placed) != len({*placed}):
        raise NotCertified("somebody is in two circles")
    score = sum(_score(claim, circle) for circle in claim.circles)
    value = score + WHOLE * int(claim.bonus[np.array(placed, np.int64)].sum())
    return CircleFound(value, score, _most(claim))


def _score(claim: CircleClaim, circle: Sequence[int]) -> int:
    if not claim.smallest <= len(circle) <= claim.largest:
        raise NotCertified("a circle is too small or too large")
    if not claim.has[np.array(circle)].all(axis=0).any():
        raise NotCertified("a circle shares no challenge")
    worths = [int(claim.worth[i, j]) for i, j in combinations(circle, 2)]
    if min(worths) < 0 or any(int(claim.worth[i, j]) != int(claim.worth[j, i]) for i, j in combinations(circle, 2)):
        raise NotCertified("two of a circle may not meet")
    return sum(worths) * (2 * WHOLE // max(len(circle) - 1, claim.full - 1))


def _most(claim: CircleClaim) -> Ints:
    people, voices = len(claim.bonus), claim.full - 1
    most = np.zeros(people, np.int64)
    for challenge in range(claim.has.shape[1]):
        there = np.flatnonzero(claim.has[:, challenge])
        if len(there) < claim.smallest:
            continue
        worth = claim.worth[np.ix_(there, there)].astype(np.int64)
        np.fill_diagonal(worth, -1)
        possible = (worth >= 0).sum(axis=1) >= claim.smallest - 1
        best = np.sort(np.maximum(worth, 0), axis=1)[:, -voices:].sum(axis=1) * (WHOLE // voices) + WHOLE * claim.bonus[there]
        most[there] = np.maximum(most[there], np.where(possible, best, 0))
    return most
