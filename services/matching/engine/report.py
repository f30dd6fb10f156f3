"""The figures of a round's report, from places to JSON-able numbers (N4, N19). Aggregates only: no person, no pair.

Groups below `MINIMUM_GROUP` people are left out of everything that is told by group (R13).
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.reasons import Gate
from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import sameness_of
from services.matching.engine.pairwise import gain_sums
from services.matching.engine.pool import RELATED, rows_of, skill_vocabulary
from services.matching.engine.shapes import MICRO, Long, Pool, Real
from services.matching.engine.snapshot import GATES, Snapshot
from services.matching.engine.solver import Solved
from services.matching.engine.utility import gini, utilities

MINIMUM_GROUP = 5
_SKILLS_TOLD = 15
_SHOWN = 10
_DIGITS = 4
Mask = NDArray[np.bool_]


def share(part: float, whole: float) -> float:
    """Return a share, 0 of nothing."""
    return round(float(part) / float(whole), _DIGITS) if whole else 0.0


def report_of(snapshot: Snapshot, solved: Solved, rules: RuleSet) -> dict[str, Any]:
    """Return the report of a solved round."""
    pool = solved.pool
    met = _meetings(solved)
    partnered = np.bincount(met.ravel(), minlength=snapshot.size) > 0
    return {
        "people": _people(snapshot, solved, met, partnered),
        "reciprocity": _reciprocity(pool, solved, met, partnered),
        "scores": _scores(solved, met, rules),
        "skills": _skills(snapshot, pool, met),
        "suggestions": _exposure(solved),
        "variety": _variety(pool, solved, met),
        "by_level": _by_level(pool, partnered, met),
        "certificate": _certificate(solved),
    }


def _meetings(solved: Solved) -> Long:
    """Return everybody who meets, two by two (a trio is three meetings)."""
    groups = [two for members, _ in solved.trios for two in combinations(members, 2)]
    return np.array([*solved.pairs, *groups], np.int64).reshape(-1, 2)


def _has(start: Long) -> Mask:
    return np.diff(start) > 0


def _people(snapshot: Snapshot, solved: Solved, met: Long, partnered: Mask) -> dict[str, Any]:
    pool = solved.pool
    seated = pool.seats > 0
    complete = seated & _has(snapshot.wants.start) & _has(snapshot.offers.start)
    reasons = Counter(str(reason) for reason in solved.unmatched.values())
    hopeless = sum(reasons[name] for name in reasons if name != "all-eligible-partners-full")
    used = np.bincount(np.array(solved.pairs, np.int64).ravel(), minlength=snapshot.size).sum()
    used += sum(len(members) for members, _ in solved.trios)
    return {
        "in_pool": snapshot.size,
        "with_seats": int(seated.sum()),
        "pairs": len(solved.pairs),
        "trios": len(solved.trios),
        "partnered": int(partnered.sum()),
        "unmatched": len(solved.unmatched),
        "unmatched_by_reason": dict(sorted(reasons.items())),
        "coverage": share(partnered.sum(), snapshot.size),
        "coverage_of_those_with_an_eligible_partner": share(partnered.sum(), snapshot.size - hopeless),
        "coverage_of_complete_profiles": share((partnered & complete).sum(), complete.sum()),
        "seats": int(pool.seats.sum()),
        "seats_used": int(used),
        "left_out_twice_running": int(sum(bool(snapshot.left_out[i]) for i in solved.unmatched)),
        "repeated_partners": _repeated(pool, met),
        "chains_of_managers_that_end_outside": snapshot.chains_outside,
        "say_no_hours": int((snapshot.slots == 0).all(axis=1).sum()),
        "say_no_language": int((~_has(snapshot.languages.start)).sum()),
        "say_no_level": int((snapshot.level < 0).sum()),
    }


def _repeated(pool: Pool, met: Long) -> int:
    """C: return how many meetings are with somebody met within the window; anything but 0 is a fault."""
    past = pool.bar_gate == GATES.index(Gate.PAST_PARTNER)
    barred = rows_of(pool.bar_start)[past] * len(pool.seats) + pool.bar_person[past]
    return int(np.isin(met[:, 0] * len(pool.seats) + met[:, 1], barred).sum())


def gains_of(solved: Solved, met: Long) -> Real:
    """Return what both sides of each meeting gain (a mentor's gain is not counted, R43)."""
    columns = []
    for mine, yours in ((0, 1), (1, 0)):
        total = gain_sums(solved.pool, met[:, mine].copy(), met[:, yours].copy())
        columns.append(np.sqrt(np.minimum(1.0, total * solved.pool.inverse_wish[met[:, mine]])))
    if not len(met):
        return np.zeros((0, 2))
    gain = np.stack(columns, axis=1)
    for at, pair in enumerate(solved.pairs if solved.mentees else ()):
        gain[at, 1 if solved.mentees[pair] == pair[0] else 0] = 0.0
    return gain


def _reciprocity(pool: Pool, solved: Solved, met: Long, partnered: Mask) -> dict[str, Any]:
    seated = pool.seats > 0
    wants, offers = _has(pool.wants.start), _has(pool.offers.start)
    no_wants, no_offers = share((seated & ~wants).sum(), seated.sum()), share((seated & ~offers).sum(), seated.sum())
    gain = gains_of(solved, met)
    both = (gain > 0).all(axis=1)
    gets = np.zeros(len(pool.seats), bool)
    for column in (0, 1):
        gets[met[gain[:, column] > 0, column]] = True
    complete = wants & offers
    among = complete[met].all(axis=1)
    return {
        "share_without_wants": no_wants,
        "share_without_offers": no_offers,
        "share_with_neither": share((seated & ~wants & ~offers).sum(), seated.sum()),
        "ceiling_of_two_way": round(max(0.0, 1 - 2 * max(no_wants, no_offers)), _DIGITS),
        "two_way": share(both.sum(), len(met)),
        "two_way_among_complete_profiles": share((both & among).sum(), among.sum()),
        "wanters_who_get_something": share((gets & partnered & wants).sum(), (seated & wants).sum()),
        "weaker_side_gain_mean": round(float(gain.min(axis=1).mean()), _DIGITS) if len(gain) else 0.0,
        "weaker_side_gain_p5": round(float(np.quantile(gain.min(axis=1), 0.05)), _DIGITS) if len(gain) else 0.0,
        "gain_histogram": [int(count) for count in np.histogram(gain, 20, (0.0, 1.0))[0]],
    }


def _scores(solved: Solved, met: Long, rules: RuleSet) -> dict[str, Any]:
    weight = np.array([*solved.weights, *(weight for _, weight in solved.trios)], np.float64) / 1e6
    worst = np.full(len(solved.pool.seats), 2_000_000, np.int64)
    chosen = dict.fromkeys(map(tuple, met.tolist()))
    for (u, v), score in zip(solved.pairs, solved.weights, strict=True):
        worst[u], worst[v] = min(worst[u], score), min(worst[v], score)
    for trio, score in solved.trios:
        for member in trio:
            worst[member] = min(worst[member], score)
    worst[(worst > MICRO) & (solved.pool.seats > 0)] = 0
    edges = solved.edges
    rather = (edges.weight > worst[edges.u]) & (edges.weight > worst[edges.v])
    blocking = [pair for pair in zip(edges.u[rather].tolist(), edges.v[rather].tolist(), strict=True) if pair not in chosen]
    touched = np.unique(np.array(blocking, np.int64))
    return {
        "sum": round(float(weight.sum()), _DIGITS),
        "mean": round(float(weight.mean()), _DIGITS) if len(weight) else 0.0,
        "p5": round(float(np.quantile(weight, 0.05)), _DIGITS) if len(weight) else 0.0,
        "min": round(float(weight.min()), _DIGITS) if len(weight) else 0.0,
        "histogram": [int(count) for count in np.histogram(weight, 20, (0.0, 1.0))[0]],
        "gini": gini(utilities(solved, gains_of(solved, np.array(solved.pairs, np.int64).reshape(-1, 2)), rules)),
        "blocking_pairs_per_person": share(len(blocking), len(solved.pool.seats)),
        "stability": round(1 - share(len(touched), len(solved.pool.seats)), _DIGITS),
        "coverage_bonus": rules.objective.coverage_bonus,
        "fairness_bonus": rules.objective.fairness_bonus,
    }


def _skills(snapshot: Snapshot, pool: Pool, met: Long) -> dict[str, Any]:
    names = skill_vocabulary(snapshot)
    wanted, itself = np.diff(pool.wants.post_start), pool.offers.post_bar != RELATED
    offered = np.bincount(rows_of(pool.offers.post_start)[itself], minlength=len(names))
    busy = np.zeros(len(pool.seats), bool)
    busy[met.ravel()] = True
    told: list[dict[str, Any]] = []
    ratio = wanted / np.maximum(offered, 0.5)
    for skill in np.lexsort((np.arange(len(names)), -ratio)):
        if wanted[skill] >= MINIMUM_GROUP and len(told) < _SKILLS_TOLD:
            here = slice(pool.offers.post_start[skill], pool.offers.post_start[skill + 1])
            offerers = pool.offers.post_person[here][itself[here]]
            told.append(
                {
                    "skill": names[skill],
                    "wanted": int(wanted[skill]),
                    "offered": int(offered[skill]),
                    "offerers_partnered": int(busy[offerers].sum()),
                }
            )
    nobody = wanted[offered == 0]
    return {
        "known": len(names),
        "wishes": int(wanted.sum()),
        "wishes_that_nobody_offers": int(nobody.sum()),
        "skills_that_nobody_offers": int((nobody > 0).sum()),
        "scarcest": told,
    }


def _exposure(solved: Solved) -> dict[str, Any]:
    """Tell who would stand on top-ten lists ordered by score less half the partner's price: the same few, or everybody."""
    edges, price = solved.edges, np.maximum(solved.net2, 0) / 4
    mine, yours = np.concatenate((edges.u, edges.v)), np.concatenate((edges.v, edges.u))
    worth = np.concatenate((edges.weight, edges.weight)) - price[yours]
    order = np.lexsort((yours, -worth, mine))
    mine, yours = mine[order], yours[order]
    rank = np.arange(len(mine)) - np.searchsorted(mine, mine)
    shown = np.bincount(yours[rank < _SHOWN], minlength=len(solved.pool.seats))
    listed = solved.pool.seats > 0
    top = np.sort(shown)[::-1][: max(1, len(shown) // 100)]
    return {
        "slots": int(shown.sum()),
        "share_of_the_top_percent": share(top.sum(), shown.sum()),
        "never_shown": share((shown[listed] == 0).sum(), listed.sum()),
    }


def _variety(pool: Pool, solved: Solved, met: Long) -> dict[str, Any]:
    def crossing(column: NDArray[np.int32]) -> float:
        a, b = column[met[:, 0]], column[met[:, 1]]
        known = (a >= 0) & (b >= 0)
        return share((known & (a != b)).sum(), known.sum())

    alike = sameness_of(pool, solved.model, met)
    placed = solved.quantiles
    return {
        "cross_department": crossing(pool.department),
        "cross_site": crossing(pool.site),
        "cross_job_family": crossing(pool.family),
        "too_alike": share((alike > placed.plateau_to).sum(), len(alike)),
        "hardly_alike": share((alike < placed.plateau_from).sum(), len(alike)),
        "among_the_least_alike_tenth": share((alike < _tenth(placed.histogram)).sum(), len(alike)),
        "sameness": {
            "floor": round(placed.floor, 6),
            "plateau_from": round(placed.plateau_from, 6),
            "plateau_to": round(placed.plateau_to, 6),
            "ceiling": round(placed.ceiling, 6),
            "neutral": {name: round(value, 6) for name, value in sorted(placed.neutral.items())},
            "pool_histogram": list(placed.histogram),
            "pairs_histogram": [int(count) for count in np.histogram(alike, len(placed.histogram), (0.0, 1.0))[0]],
        },
    }


def _tenth(histogram: Sequence[int]) -> float:
    """Return below which sameness the least alike tenth of the pool's useful pairs lies (to the width of a bar)."""
    seen = np.cumsum(histogram)
    return float(np.searchsorted(seen, seen[-1] / 10) / len(histogram)) if len(histogram) and seen[-1] else 0.0


def _by_level(pool: Pool, partnered: Mask, met: Long) -> list[dict[str, Any]]:
    """R51: reach and unmet demand by level."""
    gets = np.zeros(len(pool.seats), bool)
    gets[met.ravel()] = True
    told = []
    for level in np.unique(pool.level[pool.level >= 0]):
        there = pool.level == level
        if int(there.sum()) >= MINIMUM_GROUP:
            wants = there & _has(pool.wants.start)
            told.append(
                {
                    "level": int(level),
                    "people": int(there.sum()),
                    "partnered": share((there & partnered).sum(), there.sum()),
                    "wanters_without_partner": share((wants & ~gets).sum(), wants.sum()),
                }
            )
    return told


def _certificate(solved: Solved) -> dict[str, Any]:
    found = solved.certificate
    return {
        "value": found.value,
        "score": found.score,
        "bound_on_candidates": found.bound,
        "bound_on_all_eligible_pairs": found.bound_all,
        "gap_on_candidates": found.gap,
        "gap_on_candidates_of_score_alone": found.gap_score,
        "gap_on_all_eligible_pairs": found.gap_all,
        "gap_on_all_of_score_alone": found.gap_score_all,
        "candidates": len(solved.edges),
        "added_by_pricing": solved.added,
        "polish_passes": solved.passes,
    }
