"""A round around what is settled: kept groups hold their seats, forbidden pairs are barred, the rest is solved (N7).

Scores do not move: scarcity, the inverted U and the neutral values are those of the whole pool, so that a group which
stays has the score that it had, and what is new can be compared with what was before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from services.matching.domain.reasons import Gate
from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import Calibration
from services.matching.engine.certificate import certificate_of
from services.matching.engine.mentoring import in_two_roles
from services.matching.engine.pairwise import score_pairs
from services.matching.engine.pool import rows_of
from services.matching.engine.result import Certificate, Settled
from services.matching.engine.shapes import Int, Long, Pool
from services.matching.engine.snapshot import GATES
from services.matching.engine.solver import Solved


def free_pool(pool: Pool, ids: Sequence[str], settled: Settled) -> Pool:
    """Return the pool in which the rest is searched: seats of kept groups are taken, settled pairs are barred."""
    if not settled.kept and not settled.forbidden:
        return pool
    place = {member: at for at, member in enumerate(ids)}
    taken = _taken(place, ((member, mentee) for member, mentee in _roles(settled) if member != mentee))
    live = [(place[a], place[b]) for group in settled.kept for a, b in combinations(group, 2)]
    apart = [(place[a], place[b]) for a, b in settled.forbidden if a in place and b in place]
    pairs = np.array(live + apart, np.int64).reshape(-1, 2)
    gates = np.array([GATES.index(Gate.LIVE_PARTNER)] * len(live) + [GATES.index(Gate.DO_NOT_PAIR)] * len(apart), np.int8)
    return _barred(pool, pairs, gates)._replace(seats=np.maximum(pool.seats - taken, 0).astype(np.int32))


def _roles(settled: Settled) -> Iterator[tuple[str, str | None]]:
    """Yield every member of a kept group with the group's mentee (R43)."""
    for group, mentee in zip(settled.kept, settled.mentees or (None,) * len(settled.kept), strict=True):
        yield from ((member, mentee) for member in group)


def _taken(place: Mapping[str, int], roles: Iterable[tuple[str, str | None]]) -> Long:
    return np.bincount(np.array([place[member] for member, _ in roles], np.int64), minlength=len(place))


def free_to_learn(mentee_seats: Int, ids: Sequence[str], settled: Settled) -> Int:
    """R43: return how many mentors everybody may still get beside those who are kept; -1 (the rules say) stays."""
    place = {member: at for at, member in enumerate(ids)}
    taken = _taken(place, ((member, mentee) for member, mentee in _roles(settled) if member == mentee))
    return np.where(mentee_seats < 0, mentee_seats, np.maximum(mentee_seats - taken, 0)).astype(np.int32)


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


def joined(solved: Solved, pool: Pool, rules: RuleSet, placed: Calibration, *, ids: Sequence[str], settled: Settled) -> Solved:
    """Return the whole round: what was solved and what was kept, over the whole pool."""
    place = {member: at for at, member in enumerate(ids)}
    kept = [tuple(sorted(place[member] for member in group)) for group in settled.kept]
    helped = {group: place[mentee] for group, mentee in zip(kept, settled.mentees, strict=False) if mentee is not None}
    scored = in_two_roles(pool, rules, np.zeros(len(ids), np.int32)) if helped else pool
    weights = [_weight(scored, placed, _in_roles(group, helped.get(group), len(ids))) for group in kept]
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
        mentees={**solved.mentees, **{(group[0], group[1]): mentee for group, mentee in helped.items()}},
    )


def _in_roles(group: tuple[int, ...], mentee: int | None, people: int) -> tuple[int, ...]:
    """Return the rows of a pair's mentee and mentor where there are two roles."""
    return group if mentee is None else (mentee, sum(group) - mentee + people)


def _weight(pool: Pool, placed: Calibration, group: Sequence[int]) -> int:
    """Return a group's score by these rules, whatever its gates say by now: the mean over its pairs."""
    two = np.array(list(combinations(group, 2)), np.int64)
    weight, _ = score_pairs(pool, placed.model, two[:, 0].copy(), two[:, 1].copy())
    return int(weight.sum()) // len(two)


def _raised(found: Certificate, more: int) -> Certificate:
    """Return the certificate of the whole round: what is kept counts on both sides."""
    value, score, bound = found.value + more, found.score + more, found.bound + more
    bound_all = None if found.bound_all is None else found.bound_all + more
    return certificate_of(value=value, score=score, bound=bound, bound_all=bound_all)
