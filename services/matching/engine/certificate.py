"""The independent checker: plain numpy, whole numbers, no line shared with the solver (matching's certificate).

For any net prices the bound is at or above every possible round, so the solver's prices need not be trusted, only
added up. Everything is doubled, so that halves stay whole. A round that fails here is not published.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.result import Certificate

Ints = NDArray[np.int64]
_FULL_SCORE = 1_000_000


class NotCertified(Exception):
    """The solver's answer breaks a rule of the round or of arithmetic; it must not be published."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What the solver claims. Pairs are places (u < v); `net2` is twice the net price per person."""

    people: int
    seats: Ints
    fairness: Ints
    coverage: int
    edge_u: Ints
    edge_v: Ints
    edge_weight: Ints
    chosen: NDArray[np.bool_]
    net2: Ints
    rest2: int | None
    """Twice what the allowed pairs that are no candidates are together at most worth above their two prices; None = nobody looked."""


def check(claim: Claim) -> Certificate:
    """Check the claim's round and return the bounds that its prices prove."""
    u, v, weight = claim.edge_u, claim.edge_v, claim.edge_weight
    _check_shape(claim)
    partners = np.bincount(u[claim.chosen], minlength=claim.people) + np.bincount(v[claim.chosen], minlength=claim.people)
    if (partners > claim.seats).any():
        raise NotCertified("somebody has more partners than seats")
    bonus = claim.fairness[u] + claim.fairness[v]
    score = int(weight[claim.chosen].sum())
    value = score + int(bonus[claim.chosen].sum()) + claim.coverage * int((partners > 0).sum())
    alone2, excess2 = _prices_alone(claim), _excess(claim, u, v, weight)
    bound2 = alone2 + excess2
    if 2 * value > bound2:
        raise NotCertified("the round is worth more than its bound allows")
    all2 = None if claim.rest2 is None else bound2 + claim.rest2
    bound, bound_all = -(-bound2 // 2), None if all2 is None else -(-all2 // 2)
    return certificate_of(value=value, score=score, bound=bound, bound_all=bound_all)


def certificate_of(*, value: int, score: int, bound: int, bound_all: int | None) -> Certificate:
    """Return these figures with their gaps."""
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


def share_lost(loss: int, of: int) -> float:
    """Return a gap as a share of what was reached."""
    return 0.0 if loss == 0 else (loss / of if of > 0 else float("inf"))


def _check_shape(claim: Claim) -> None:
    u, v, weight = claim.edge_u, claim.edge_v, claim.edge_weight
    if len(u) and not (int(u.min()) >= 0 and int(v.max()) < claim.people and (u < v).all()):
        raise NotCertified("a candidate pair is not two different people of the pool")
    key = u * claim.people + v
    if (key[1:] <= key[:-1]).any():
        raise NotCertified("candidate pairs repeat or are out of order")
    if (weight <= 0).any() or (weight > _FULL_SCORE).any():
        raise NotCertified("a candidate pair's score is outside its range")


def _prices_alone(claim: Claim) -> int:
    """Twice the price of all seats plus the coverage bonus not spent; who has no seat can neither cost nor be covered."""
    takes_part = claim.seats > 0
    seat2 = np.maximum(claim.net2, 0)
    spent2 = np.minimum(np.maximum(-claim.net2, 0), 2 * claim.coverage)
    return int((claim.seats * seat2)[takes_part].sum()) + int((2 * claim.coverage - spent2)[takes_part].sum())


def _excess(claim: Claim, u: Ints, v: Ints, weight: Ints) -> int:
    """Twice what these pairs are worth above their two prices."""
    net2 = np.maximum(claim.net2, -2 * claim.coverage)
    worth2 = 2 * (weight + claim.fairness[u] + claim.fairness[v]) - net2[u] - net2[v]
    return int(np.maximum(worth2, 0).sum())


def pruned_bound(claim: Claim, kth: Ints) -> int:
    """Bound over all eligible pairs without a second scan: a pair in nobody's list of the best K scores at most either K-th.

    `kth` is the score of everybody's K-th candidate (0 if they have fewer). Void if the lists are not exact.
    """
    lifted = np.maximum(claim.net2, kth + 2 * claim.fairness)
    raised = Claim(
        people=claim.people,
        seats=claim.seats,
        fairness=claim.fairness,
        coverage=claim.coverage,
        edge_u=claim.edge_u,
        edge_v=claim.edge_v,
        edge_weight=claim.edge_weight,
        chosen=claim.chosen,
        net2=lifted,
        rest2=None,
    )
    return -(-(_prices_alone(raised) + _excess(raised, claim.edge_u, claim.edge_v, claim.edge_weight)) // 2)
