"""The odd ones out: a trio where one fits, else exactly one true reason (N4)."""

import numpy as np

from services.matching.domain.reasons import UnmatchedReason
from services.matching.engine.circles import MET, NO_TIME, PASSED, REACHED, SCORED, Circles, best_of
from services.matching.engine.pairwise import PASSES, score_pairs
from services.matching.engine.shapes import Model, Pool

BEST_KEPT = 64
Pair = tuple[int, int]
Trio = tuple[int, int, int]


def reason_for(pool: Pool, model: Model, truth: int, i: int) -> UnmatchedReason:
    """Return the one reason why nobody was found for a person who is in no pair and no trio.

    "All full" is the last: the solver has made sure that nobody allowed has a free seat.
    """
    wants = pool.wants.start[i + 1] > pool.wants.start[i]
    offers = pool.offers.start[i + 1] > pool.offers.start[i]
    if pool.seats[i] <= 0:
        return UnmatchedReason.NO_FREE_SEAT
    if not wants and not offers:
        return UnmatchedReason.EMPTY_PROFILE
    if not truth & REACHED:
        return UnmatchedReason.WANTS_NOT_OFFERED if wants else UnmatchedReason.OFFERS_NOT_WANTED
    if not truth & PASSED:
        if truth & MET:
            return UnmatchedReason.MET_EVERYBODY
        return UnmatchedReason.NO_TIME_OVERLAP if truth & NO_TIME else UnmatchedReason.NO_ELIGIBLE_PARTNER
    return (
        UnmatchedReason.ALL_FULL if truth & SCORED else (UnmatchedReason.ONE_WAY_ONLY if model.one_way <= 0.0 else UnmatchedReason.ALL_FULL)
    )


def find_trios(pool: Pool, model: Model, pairs: list[Pair], circles: Circles) -> list[Trio]:
    """Let each odd one join the pair where the two new edges sum highest; every pair takes at most one.

    Returns (odd one, u, v). All gates hold between all three. Ties go to the lower places.
    """
    at_person: dict[int, list[int]] = {}
    for number, pair in enumerate(pairs):
        for member in pair:
            at_person.setdefault(member, []).append(number)
    near = {int(i): [other for other, _ in best_of(circles, at)] for at, i in enumerate(circles.member) if pool.seats[i] > 0}
    options = sorted(_options(pool, model, near, pairs, at_person))
    taken: dict[int, int] = {}
    placed: dict[int, int] = {}
    for _, i, number in options:
        if i not in placed and number not in taken:
            taken[number] = i
            placed[i] = number
    return sorted((i, *pairs[number]) for i, number in placed.items())


def _options(
    pool: Pool, model: Model, near: dict[int, list[int]], pairs: list[Pair], at_person: dict[int, list[int]]
) -> list[tuple[int, int, int]]:
    """Return all (minus the sum of the new edges, odd one, number of the pair) that the gates allow."""
    asked = [
        (i, number)
        for i, others in near.items()
        for number in dict.fromkeys(number for other in others for number in at_person.get(other, ()))
    ]
    if not asked:
        return []
    odd = np.array([i for i, _ in asked], np.int64)
    pair = np.array([pairs[number] for _, number in asked], np.int64)
    first, gate_first = score_pairs(pool, model, odd, pair[:, 0].copy())
    second, gate_second = score_pairs(pool, model, odd, pair[:, 1].copy())
    total = first.astype(np.int64) + second
    good = np.flatnonzero((gate_first == PASSES) & (gate_second == PASSES) & (total > 0))
    return [(-int(total[at]), *asked[at]) for at in good]
