"""Placing the inverted U and the neutral values by the pool's own quantiles (N5, R15-R18)."""

import math
from dataclasses import dataclass

import numpy as np

from services.matching.domain.rules import RuleSet
from services.matching.engine.pairwise import sample_parts
from services.matching.engine.pool import rows_of
from services.matching.engine.result import Quantiles
from services.matching.engine.shapes import SLOT_MINUTES, Long, Model, Pool, Real

PARTS = ("experience", "goals", "challenges", "level", "place", "difference", "availability", "communication")
_FLAT = 0.0
_BINS = 40


@dataclass(frozen=True, slots=True)
class Calibration:
    """The model of one round and where its numbers came from."""

    model: Model
    quantiles: Quantiles


def mixed(seed: int, index: Long) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """Return well-mixed 64-bit numbers from (seed, index); the same on every machine and library version."""
    with np.errstate(over="ignore"):
        word = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed % 2**64)
        word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def calibrate(pool: Pool, rules: RuleSet, seed: int) -> Calibration:
    """Return the model with the U and the neutral values placed by useful pairs: wishes with one of their offerers."""
    blank = _model(rules, {}, (0.0, 0.0, 0.0), pool)
    left, right = _useful_pairs(pool, rules.sameness.sample, seed)
    parts, gate = sample_parts(pool, blank, left, right)
    parts = parts[gate < 0]
    neutral = {}
    for column, name in enumerate(PARTS):
        known = parts[:, column][~np.isnan(parts[:, column])]
        if len(known):
            neutral[name] = _quantile(known, rules.sameness.neutral)
    model = _model(rules, neutral, (0.0, 0.0, 0.0), pool)
    alike = likeness_of(parts, model)
    knots = (
        _quantile(alike, rules.sameness.rise_to),
        _quantile(alike, rules.sameness.fall_from),
        _quantile(alike, rules.sameness.fall_to),
    )
    histogram = tuple(int(count) for count in np.histogram(alike, _BINS, (0.0, 1.0))[0])
    placed = Quantiles(0.0, knots[0], knots[1], knots[2], neutral, histogram)
    return Calibration(_model(rules, neutral, knots, pool), placed)


def recall(pool: Pool, rules: RuleSet, quantiles: Quantiles) -> Calibration:
    """Return the model with the U where an earlier calibration put it (suggestions, overlays, tests)."""
    knots = (quantiles.plateau_from, quantiles.plateau_to, quantiles.ceiling)
    return Calibration(_model(rules, dict(quantiles.neutral), knots, pool), quantiles)


def sameness_of(pool: Pool, model: Model, pairs: Long) -> Real:
    """Return how alike the two of each pair are; pairs that a gate bars by now are left out."""
    parts, gate = sample_parts(pool, model, pairs[:, 0].copy(), pairs[:, 1].copy())
    return likeness_of(parts[gate < 0], model)


def _useful_pairs(pool: Pool, sample: int, seed: int) -> tuple[Long, Long]:
    """Draw wishes, and for each an offerer; all of them where they are few."""
    person, skill = rows_of(pool.wants.start), pool.wants.skill
    first, count = pool.offers.post_start[skill], np.diff(pool.offers.post_start)[skill]
    if int(count.sum()) <= sample:
        wish = np.repeat(np.arange(len(person)), count)
        offset = np.arange(len(wish)) - np.repeat(np.cumsum(count) - count, count)
    else:
        drawn = np.arange(sample, dtype=np.int64)
        open_wishes = np.flatnonzero(count)
        wish = open_wishes[(mixed(seed, 2 * drawn) % np.uint64(len(open_wishes))).astype(np.int64)]
        offset = (mixed(seed, 2 * drawn + 1) % count[wish].astype(np.uint64)).astype(np.int64)
    left, right = person[wish], pool.offers.post_person[first[wish] + offset].astype(np.int64)
    different = left != right
    return left[different], right[different]


def _quantile(values: Real, share: float) -> float:
    """Return a quantile that is one of the values (no interpolation, so nothing depends on a library's taste)."""
    if not len(values):
        return _FLAT
    ordered = np.sort(values)
    return float(ordered[min(len(ordered) - 1, math.floor(share * len(ordered)))])


def likeness_of(parts: Real, model: Model) -> Real:
    """Return how alike the two of each pair are from their parts; what is unknown is neutral."""
    neutral = (model.neutral_experience, model.neutral_goals, model.neutral_challenges, model.neutral_level, model.neutral_place)
    weight = (model.like_experience, model.like_goals, model.like_challenges, model.like_level, model.like_place)
    total = np.zeros(len(parts))
    for column in range(5):
        total = total + weight[column] * np.where(np.isnan(parts[:, column]), neutral[column], parts[:, column])
    return total


def _shares(weights: dict[str, float], known: dict[str, float]) -> dict[str, float]:
    """Share the weight of parts that nobody has out among the others, so that they change no order."""
    total = sum(weight for name, weight in weights.items() if name in known)
    return {name: weight / total if total > 0 and name in known else 0.0 for name, weight in weights.items()}


def _model(rules: RuleSet, neutral: dict[str, float], knots: tuple[float, float, float], pool: Pool) -> Model:
    common, alike, gates = rules.common, rules.sameness, rules.gates
    like = _shares({name: getattr(alike, name) for name in ("experience", "goals", "challenges", "level", "place")}, neutral)
    extras = {name: getattr(common, name) if name in neutral else 0.0 for name in ("availability", "communication")}
    names = ("fit", "goals", "challenges", "level", "difference")
    part = _shares({name: getattr(common, name) for name in names}, neutral | {"fit": 1.0})
    room = 1.0 - sum(extras.values())
    rise, top, end = knots
    one_sided = rules.kind == "mentor"
    widest = rules.mentor.level_band if one_sided else gates.maximum_level_gap
    return Model(
        alpha=rules.objective.alpha,
        one_way=1.0 if one_sided else (0.0 if rules.objective.both_must_gain else rules.objective.one_way),
        one_sided=one_sided,
        **{name: share * room for name, share in part.items()},
        **extras,
        **{f"like_{name}": share for name, share in like.items()},
        rise=1.0 / rise if rise > 0 else 0.0,
        rise_base=0.0 if rise > 0 else 1.0,
        ceiling=end,
        fall=1.0 / (end - top) if end > top else 0.0,
        fall_base=0.0 if end > top else 1.0,
        **{f"neutral_{name}": neutral.get(name, 0.0) for name in PARTS},
        level_scale=1.0 / alike.level_span,
        years_scale=1.0 / (1_000 * math.log(alike.years_span)),
        one_difference=common.one_difference,
        enough_slots=common.enough_overlap_minutes / SLOT_MINUTES,
        least_slots=-(-gates.minimum_overlap_minutes // SLOT_MINUTES),
        widest_level_gap=-1 if widest is None else widest,
        needs_language=gates.common_language and len(pool.languages) > 0,
    )
