"""The odd ones out: a trio where one fits, else exactly one true reason (N4)."""

from dataclasses import dataclass

import numpy as np

from services.matching.domain.reasons import UnmatchedReason
from services.matching.engine.pairwise import NO_OVERLAP, PASSES, gain_sums, score_pairs
from services.matching.engine.shapes import Int, Long, Model, Pool
from services.matching.engine.snapshot import GATES, Gate

_OPTIONS = 64
_MET = (GATES.index(Gate.PAST_PARTNER), GATES.index(Gate.LIVE_PARTNER))


@dataclass(frozen=True, slots=True)
class Circle:
    """Everybody with whom one person has a gain on either side, and what stands between them."""

    others: Long
    gets: Long
    gives: Long
    weight: Int
    gate: Int

    def allowed(self) -> Long:
        """Return the places in this circle whom no gate bars and whom the rule set gives a score."""
        return np.flatnonzero((self.gate == PASSES) & (self.weight > 0))


def circle_of(pool: Pool, model: Model, i: int) -> Circle:
    """Find a person's circle by the skills they want and offer."""
    wanted = pool.wants.skill[pool.wants.start[i] : pool.wants.start[i + 1]]
    offered = pool.offers.skill[pool.offers.start[i] : pool.offers.start[i + 1]]
    reached = [pool.offers.post_person[pool.offers.post_start[s] : pool.offers.post_start[s + 1]] for s in wanted]
    reached += [pool.wants.post_person[pool.wants.post_start[s] : pool.wants.post_start[s + 1]] for s in offered]
    others = np.unique(np.concatenate(reached)).astype(np.int64) if reached else np.zeros(0, np.int64)
    others = others[others != i]
    me = np.full(len(others), i, np.int64)
    gets, gives = gain_sums(pool, me, others), gain_sums(pool, others, me)
    useful = (gets > 0) | (gives > 0)
    others, me, gets, gives = others[useful], me[useful], gets[useful], gives[useful]
    weight, gate = score_pairs(pool, model, me, others)
    return Circle(others, gets, gives, weight, gate)


def reason_for(pool: Pool, circle: Circle, i: int) -> UnmatchedReason:
    """Return the one reason why nobody was found for a person who is in no pair and no trio.

    "All full" is the last: the caller has made sure that nobody allowed has a free seat.
    """
    wants = pool.wants.start[i + 1] > pool.wants.start[i]
    offers = pool.offers.start[i + 1] > pool.offers.start[i]
    if pool.seats[i] <= 0:
        return UnmatchedReason.NO_FREE_SEAT
    if not wants and not offers:
        return UnmatchedReason.EMPTY_PROFILE
    if not len(circle.others):
        return UnmatchedReason.WANTS_NOT_OFFERED if wants else UnmatchedReason.OFFERS_NOT_WANTED
    if not (circle.gate == PASSES).any():
        return _barred(circle)
    if not len(circle.allowed()):
        return UnmatchedReason.ONE_WAY_ONLY
    return UnmatchedReason.ALL_FULL


def _barred(circle: Circle) -> UnmatchedReason:
    """Name the gate that, were it open, would leave somebody; else say only that a rule bars everybody."""
    if np.isin(circle.gate, np.array(_MET)).any():
        return UnmatchedReason.MET_EVERYBODY
    if (circle.gate == NO_OVERLAP).any():
        return UnmatchedReason.NO_TIME_OVERLAP
    return UnmatchedReason.NO_ELIGIBLE_PARTNER


def find_trios(pool: Pool, model: Model, pairs: list[tuple[int, int]], circles: dict[int, Circle]) -> list[tuple[int, int, int]]:
    """Let each odd one join the pair where the two new edges sum highest; every pair takes at most one.

    Returns (odd one, u, v). All gates hold between all three. Ties go to the lower places.
    """
    at_person: dict[int, list[int]] = {}
    for number, pair in enumerate(pairs):
        for member in pair:
            at_person.setdefault(member, []).append(number)
    free = [True] * len(pairs)
    waiting = sorted(circles)
    trios: list[tuple[int, int, int]] = []
    while waiting:
        options = sorted(option for i in waiting for option in _options(pool, model, i, circles[i], pairs, at_person, free))
        placed: dict[int, int] = {}
        for _, i, number in options:
            if i not in placed and free[number]:
                free[number] = False
                placed[i] = number
        trios += [(i, *pairs[placed[i]]) for i in sorted(placed)]
        waiting = [i for i in waiting if i not in placed] if placed else []
    return sorted(trios)


def _options(
    pool: Pool,
    model: Model,
    i: int,
    circle: Circle,
    pairs: list[tuple[int, int]],
    at_person: dict[int, list[int]],
    free: list[bool],
) -> list[tuple[int, int, int]]:
    """Return the best pairs that i may join, as (minus the sum of the new edges, i, number of the pair)."""
    allowed = circle.allowed()
    order = allowed[np.lexsort((circle.others[allowed], -circle.weight[allowed]))]
    numbers: dict[int, None] = {}
    for place in order:
        for number in at_person.get(int(circle.others[place]), ()):
            if free[number]:
                numbers[number] = None
        if len(numbers) >= _OPTIONS:
            break
    chosen = np.array(list(numbers), np.int64)
    if not len(chosen):
        return []
    me, both = np.full(len(chosen), i, np.int64), np.array([pairs[number] for number in chosen], np.int64)
    first, gate_first = score_pairs(pool, model, me, both[:, 0])
    second, gate_second = score_pairs(pool, model, me, both[:, 1])
    total = first.astype(np.int64) + second
    good = (gate_first == PASSES) & (gate_second == PASSES) & (total > 0)
    return [(-int(total[at]), i, int(chosen[at])) for at in np.flatnonzero(good)]
