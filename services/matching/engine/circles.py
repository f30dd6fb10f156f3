"""Who could be there for the odd ones out: one compiled walk over everybody with whom there is a gain."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.candidates import NOBODY, other_of, push, ranked
from services.matching.engine.compiled import compiled, inlined
from services.matching.engine.pairwise import NO_OVERLAP, closed_gate, pair_score
from services.matching.engine.reach import list_reached, new_scratch, posting_ranges
from services.matching.engine.shapes import Byte, Int, Long, Model, Pool

_LOW = 0xFFFFFFFF
LIVE, PAST = 2, 3
"""Gates by name that mean "met already" (numbers follow `domain.reasons.Gate`)."""
REACHED, PASSED, MET, NO_TIME, SCORED = 1, 2, 4, 8, 16
"""What is true of somebody's circle: anybody in it; no gate bars one; one was met; one lacks time; one has a score."""


class Circles(NamedTuple):
    """For each odd one: what is true of their circle, the best allowed by (score, lower place), and the best who still have a seat."""

    member: Long
    truth: Int
    best: Long
    open_i: Int
    open_j: Int
    open_weight: Int


@inlined
def truth_of(gate: int) -> int:
    """Return what one of the circle makes true by the gate before them."""
    if gate < 0:
        return REACHED | PASSED
    return REACHED | (MET if gate in {LIVE, PAST} else 0) | (NO_TIME if gate == NO_OVERLAP else 0)


@compiled
def walk(pool: Pool, model: Model, member: Long, free: Byte, keep: int) -> tuple[Int, Long, Long]:
    """Walk everybody's circle; `free` tells who has a seat left."""
    scratch = new_scratch(pool)
    truth = np.zeros(len(member), np.int32)
    best, free_best = np.full((len(member), keep), NOBODY, np.int64), np.full((len(member), keep), NOBODY, np.int64)
    for at in range(len(member)):
        i = member[at]
        if pool.seats[i] <= 0:
            continue
        wanted = pool.wants.skill[pool.wants.start[i] : pool.wants.start[i + 1]]
        offered = pool.offers.skill[pool.offers.start[i] : pool.offers.start[i + 1]]
        asked, given = scratch.asked[: len(wanted)], scratch.given[: len(offered)]
        posting_ranges(pool.offers.post_start, pool.offers.post_person, wanted, 0, len(pool.seats), asked)
        posting_ranges(pool.wants.post_start, pool.wants.post_person, offered, 0, len(pool.seats), given)
        reached = list_reached(pool, i, asked, given, scratch)
        for k in range(reached):
            j = np.int64(scratch.reached[k])
            scratch.gain_in[j] = scratch.gain_out[j] = 0
            if j == i:
                continue
            gate = closed_gate(pool, model, i, j)
            truth[at] |= truth_of(gate)
            score = np.int64(pair_score(pool, model, i, j)) if gate < 0 and pool.seats[j] > 0 else np.int64(0)
            if score <= 0:
                continue
            truth[at] |= SCORED
            key = (score << 32) | (_LOW - j)
            if key > best[at, 0]:
                push(best, at, key)
            if free[i] and free[j]:
                rank = ranked(score, i, j, len(pool.seats))
                if rank > free_best[at, 0]:
                    push(free_best, at, rank)
    return truth, best, free_best


def circles_of(pool: Pool, model: Model, member: Long, free: NDArray[np.bool_], keep: int) -> Circles:
    """Return the circles of these people."""
    truth, best, free_best = walk(pool, model, member, free.astype(np.int8), keep)
    row, column = np.nonzero(free_best >= 0)
    key = free_best[row, column]
    other = other_of(member[row], key, len(pool.seats))
    return Circles(member, truth, best, member[row].astype(np.int32), other.astype(np.int32), (key >> 32).astype(np.int32))


def best_of(circles: Circles, at: int) -> list[tuple[int, int]]:
    """Return (other, score) of the best allowed for the one at this place, best first."""
    keys = sorted((int(key) for key in circles.best[at] if key >= 0), reverse=True)
    return [(_LOW - (key & _LOW), key >> 32) for key in keys]
