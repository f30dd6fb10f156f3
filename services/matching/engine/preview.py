"""What a rule set does to a pool before any round: how alike people are, what they could gain, whom each gate cuts off (N5, N7).

Aggregates only; a count of people below the programme's minimum group size is not told (R13). Nothing is paired.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.matching.domain.rules import Kind, RuleSet
from services.matching.engine.calibrate import PARTS, mixed
from services.matching.engine.kinds import calibrated
from services.matching.engine.mentoring import in_two_roles
from services.matching.engine.pairwise import PASSES, gain_sums, score_pairs
from services.matching.engine.person import Person
from services.matching.engine.pool import build_pool
from services.matching.engine.report import share
from services.matching.engine.result import Quantiles
from services.matching.engine.shapes import MICRO, Int, Long, Model, Pool, Real
from services.matching.engine.snapshot import GATES, Snapshot, freeze

PEOPLE_LOOKED_AT = 2_000
PARTNERS_LOOKED_AT = 500
BINS = 20
_FIGURES = 4


def preview(people: Sequence[Person], rules: RuleSet, seed: int, minimum_group: int) -> dict[str, Any]:
    """Return the preview; pure, and the same for the same people, rules and seed."""
    snapshot = freeze(people, rules.placeholders)
    pool = build_pool(snapshot, rules)
    placed = calibrated(pool, rules, seed, mentee_seats=snapshot.mentee_seats)
    roles = in_two_roles(pool, rules, snapshot.mentee_seats) if rules.kind == "mentor" else pool
    circles = _circles(roles, placed.model, rules.kind, seed, snapshot.size)
    left = np.concatenate([np.full(len(one.partners), one.row, np.int64) for one in circles] or [np.zeros(0, np.int64)])
    right = np.concatenate([one.partners for one in circles] or [np.zeros(0, np.int64)])
    weight, gate = score_pairs(roles, placed.model, left, right)
    free = gate == PASSES
    return {
        "kind": rules.kind,
        "people": _people(snapshot, pool, minimum_group) | {"looked_at": len({one.person for one in circles})},
        "reciprocity": _reciprocity(pool, rules.kind),
        "sameness": _sameness(placed.quantiles),
        "mutual_gain": _mutual_gain(roles, left[free], right[free]) | {"histogram_of_scores": _histogram(weight[free] / MICRO)},
        "gates": _gates(circles, minimum_group),
    }


@dataclass(frozen=True, slots=True)
class _Circle:
    """Somebody, the others whom they could meet, and the first gate that bars each of these (or `PASSES`).

    In kind `mentor` everybody has two rows, as mentee and as mentor (R43).
    """

    person: int
    row: int
    partners: Long
    gate: Int


def _circles(pool: Pool, model: Model, kind: Kind, seed: int, size: int) -> list[_Circle]:
    """Return the circles of everybody with a seat, or of as many as are looked at, drawn evenly; empty ones are left out."""
    seated = np.flatnonzero(pool.seats > 0)
    chosen = np.sort(seated[np.argsort(mixed(seed, seated), kind="stable")[:PEOPLE_LOOKED_AT]])
    found = []
    for row in chosen.tolist():
        reached = _drawn(_reached(pool, kind, row), seed + row)
        partners = np.unique(reached[reached % size != row % size])
        if kind != "circle":
            mine = np.full(len(partners), row, np.int64)
            partners = partners[(gain_sums(pool, mine, partners) > 0) | (gain_sums(pool, partners, mine) > 0)]
        if len(partners):
            _, gate = score_pairs(pool, model, np.full(len(partners), row, np.int64), partners)
            found.append(_Circle(row % size, row, partners, gate))
    return found


def _reached(pool: Pool, kind: Kind, row: int) -> Long:
    """Return who stands in the posting lists of somebody's skills; in kind `circle` in those of their challenges (R44)."""
    if kind == "circle":
        said = pool.challenges
        return _listed(said.code[said.start[row] : said.start[row + 1]], said.post_start, said.post_person)
    wants, offers = pool.wants, pool.offers
    wanted, offered = (each.skill[each.start[row] : each.start[row + 1]] for each in (wants, offers))
    found = (_listed(wanted, offers.post_start, offers.post_person), _listed(offered, wants.post_start, wants.post_person))
    return np.concatenate(found)


def _listed(codes: Int, start: Long, person: Int) -> Long:
    return np.concatenate([np.zeros(0, np.int64), *(person[start[code] : start[code + 1]] for code in codes)]).astype(np.int64)


def _drawn(reached: Long, seed: int) -> Long:
    """Return all, or as many as are looked at, drawn evenly."""
    if len(reached) <= PARTNERS_LOOKED_AT:
        return reached
    return reached[(mixed(seed, np.arange(PARTNERS_LOOKED_AT)) % np.uint64(len(reached))).astype(np.int64)]


def _people(snapshot: Snapshot, pool: Pool, minimum_group: int) -> dict[str, Any]:
    silent = {
        "hours": (snapshot.slots == 0).all(axis=1),
        "language": np.diff(snapshot.languages.start) == 0,
        "level": snapshot.level < 0,
        "years": snapshot.years < 0,
    }
    return {
        "in_pool": snapshot.size,
        "with_seats": _told(int((pool.seats > 0).sum()), minimum_group),
        "who_say_no": {name: _told(int(who.sum()), minimum_group) for name, who in silent.items()},
    }


def _reciprocity(pool: Pool, kind: Kind) -> dict[str, float]:
    """Return how many say no want or offer, in kind `peer` also the share of two-way pairs that no rule set can exceed because of it."""
    seated = pool.seats > 0
    wants, offers = np.diff(pool.wants.start) > 0, np.diff(pool.offers.start) > 0
    no_wants, no_offers = share((seated & ~wants).sum(), seated.sum()), share((seated & ~offers).sum(), seated.sum())
    said = {
        "share_without_wants": no_wants,
        "share_without_offers": no_offers,
        "share_with_neither": share((seated & ~wants & ~offers).sum(), seated.sum()),
    }
    return said | ({"ceiling_of_two_way": round(max(0.0, 1 - 2 * max(no_wants, no_offers)), _FIGURES)} if kind == "peer" else {})


def _sameness(placed: Quantiles) -> dict[str, Any]:
    """Return where the inverted U stands in this pool (N5)."""
    return {
        "histogram": list(placed.histogram),
        "plateau_from": round(placed.plateau_from, _FIGURES),
        "plateau_to": round(placed.plateau_to, _FIGURES),
        "ceiling": round(placed.ceiling, _FIGURES),
        "neutral": {name: round(placed.neutral[name], _FIGURES) for name in PARTS if name in placed.neutral},
    }


def _mutual_gain(pool: Pool, left: Long, right: Long) -> dict[str, Any]:
    """Return what the weaker and the stronger side gain in the useful pairs that no gate bars."""
    there, back = _gain(pool, left, right), _gain(pool, right, left)
    weaker = np.minimum(there, back)
    return {
        "two_way": share((weaker > 0).sum(), len(weaker)),
        "histogram_of_weaker_side": _histogram(weaker),
        "histogram_of_stronger_side": _histogram(np.maximum(there, back)),
    }


def _gain(pool: Pool, mine: Long, yours: Long) -> Real:
    return np.sqrt(np.minimum(1.0, gain_sums(pool, mine, yours) * pool.inverse_wish[mine]))


def _histogram(values: Real) -> list[int]:
    return [int(count) for count in np.histogram(values, BINS, (0.0, 1.0))[0]]


def _gates(circles: Sequence[_Circle], minimum_group: int) -> dict[str, Any]:
    """Return for each gate how many useful pairs it bars, and how many people lose somebody or everybody (in one of their roles) by it.

    A pair that several gates bar counts for the first of them. Who loses everybody counts for the gate that bars most of theirs.
    """
    barred = Counter[int]()
    met, cut = defaultdict[int, set[int]](set), defaultdict[int, set[int]](set)
    for one in circles:
        closed = Counter(one.gate[one.gate != PASSES].tolist())
        barred.update(closed)
        for gate in closed:
            met[gate].add(one.person)
        if closed.total() == len(one.partners):
            cut[min(closed, key=lambda gate: (-closed[gate], gate))].add(one.person)
    pairs = sum(len(one.partners) for one in circles)
    return {
        "pairs_looked_at": pairs,
        "people_cut_off": _told(len(set[int]().union(*cut.values())), minimum_group),
        "by_gate": [
            {
                "gate": GATES[gate].value,
                "share_of_pairs": share(barred[gate], pairs),
                "people_who_lose_somebody": len(met[gate]),
                "people_cut_off": _told(len(cut[gate]), minimum_group),
            }
            for gate in sorted(barred)
            if len(met[gate]) >= minimum_group
        ],
    }


def _told(count: int, minimum_group: int) -> int | None:
    """R13: return a count of people, None where it is so small that it would point at somebody."""
    return count if count == 0 or count >= minimum_group else None
