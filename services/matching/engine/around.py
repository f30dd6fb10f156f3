"""A round around what is settled: kept groups hold their seats, forbidden pairs are barred, the rest is solved (N7).

Scores do not move: scarcity, the inverted U and the neutral values are those of the whole pool, so that a group which
stays has the score that it had, and what is new can be compared with what was before.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from services.matching.domain.reasons import Gate
from services.matching.engine.calibrate import Calibration
from services.matching.engine.certificate import share_lost
from services.matching.engine.pairwise import score_pairs
from services.matching.engine.pool import rows_of
from services.matching.engine.result import Certificate, Settled
from services.matching.engine.shapes import Long, Pool
from services.matching.engine.snapshot import GATES
from services.matching.engine.solver import Solved


def free_pool(pool: Pool, ids: Sequence[str], settled: Settled) -> Pool:
    """Return the pool in which the rest is searched: seats of kept groups are taken, settled pairs are barred."""
    place = {member: at for at, member in enumerate(ids)}
    taken = np.bincount(np.array([place[member] for group in settled.kept for member in group], np.int64), minlength=len(ids))
    live = [(place[a], place[b]) for group in settled.kept for a, b in combinations(group, 2)]
    apart = [(place[a], place[b]) for a, b in settled.forbidden if a in place and b in place]
    pairs = np.array(live + apart, np.int64).reshape(-1, 2)
    gates = np.array([GATES.index(Gate.LIVE_PARTNER)] * len(live) + [GATES.index(Gate.DO_NOT_PAIR)] * len(apart), np.int8)
    return _barred(pool, pairs, gates)._replace(seats=np.maximum(pool.seats - taken, 0).astype(np.int32))


def _barred(pool: Pool, pairs: Long, gates: np.ndarray[tuple[int], np.dtype[np.int8]]) -> Pool:
    mine = np.concatenate((rows_of(pool.bar_start), pairs[:, 0], pairs[:, 1]))
    yours = np.concatenate((pool.bar_person.astype(np.int64), pairs[:, 1], pairs[:, 0]))
    gate = np.concatenate((pool.bar_gate, gates, gates))
    order = np.lexsort((gate, yours, mine))
    mine, yours, gate = mine[order], yours[order], gate[order]
    first = np.ones(len(mine), bool)
    first[1:] = (mine[1:] != mine[:-1]) | (yours[1:] != yours[:-1])
    start = np.searchsorted(mine[first], np.arange(len(pool.seats) + 1)).astype(np.int64)
    return pool._replace(bar_start=start, bar_person=yours[first].astype(np.int32), bar_gate=gate[first])


def joined(solved: Solved, pool: Pool, placed: Calibration, ids: Sequence[str], settled: Settled) -> Solved:
    """Return the whole round: what was solved and what was kept, over the whole pool."""
    place = {member: at for at, member in enumerate(ids)}
    kept = [tuple(sorted(place[member] for member in group)) for group in settled.kept]
    weights = [_weight(pool, placed, group) for group in kept]
    pairs = sorted(
        [
            *zip(solved.pairs, solved.weights, strict=True),
            *(((g[0], g[1]), w) for g, w in zip(kept, weights, strict=True) if len(g) == 2),  # noqa: PLR2004 - a pair
        ]
    )
    trios = [*solved.trios, *((g, w) for g, w in zip(kept, weights, strict=True) if len(g) > 2)]  # noqa: PLR2004
    held = {at for group in kept for at in group}
    more = sum(w for g, w in zip(kept, weights, strict=True) if len(g) == 2)  # noqa: PLR2004
    return replace(
        solved,
        pool=pool,
        pairs=[pair for pair, _ in pairs],
        weights=[weight for _, weight in pairs],
        trios=sorted(trios),
        unmatched={at: reason for at, reason in solved.unmatched.items() if at not in held},
        certificate=_raised(solved.certificate, more),
    )


def _weight(pool: Pool, placed: Calibration, group: Sequence[int]) -> int:
    """Return a group's score by these rules, whatever its gates say by now: the mean over its pairs."""
    two = np.array(list(combinations(group, 2)), np.int64)
    weight, _ = score_pairs(pool, placed.model, two[:, 0].copy(), two[:, 1].copy())
    return int(weight.sum()) // len(two)


def _raised(found: Certificate, more: int) -> Certificate:
    """Return the certificate of the whole round: what is kept counts on both sides."""
    value, score, bound = found.value + more, found.score + more, found.bound + more
    bound_all = None if found.bound_all is None else found.bound_all + more
    return Certificate(
        value=value,
        score=score,
        bound=bound,
        bound_all=bound_all,
        gap=share_lost(bound - value, value),
        gap_score=share_lost(bound - value, score),
        gap_all=None if bound_all is None else share_lost(bound_all - value, value),
        gap_score_all=None if bound_all is None else share_lost(bound_all - value, score),
    )
