"""The mutual score of two people: the one implementation, called by every scan (N4, N5, R6, R8, R15-R20).

Sums are whole numbers; the few real operations are IEEE and in one written order, so that compiled, vectorised and
interpreted runs agree to the last bit, and W(i, j) = W(j, i).
"""

import math
from typing import Any

from services.matching.engine.compiled import IS_COMPILED, inlined
from services.matching.engine.shapes import MICRO, SLOT_WORDS, Bits, Model, Pool, Whole

if IS_COMPILED:
    import numpy as np

    _M1, _M2 = np.uint64(0x5555555555555555), np.uint64(0x3333333333333333)
    _M4, _H1 = np.uint64(0x0F0F0F0F0F0F0F0F), np.uint64(0x0101010101010101)
    _1, _2, _4, _56 = np.uint64(1), np.uint64(2), np.uint64(4), np.uint64(56)

    @inlined
    def count_bits(word: Any) -> Any:
        """Return how many bits are set (the compiler knows the idiom)."""
        word = word - ((word >> _1) & _M1)
        word = (word & _M2) + ((word >> _2) & _M2)
        word = (word + (word >> _4)) & _M4
        return (word * _H1) >> _56
else:

    def count_bits(word: Any) -> Any:
        """Return how many bits are set."""
        return int(word).bit_count()


@inlined
def level_likeness(level_i: int, level_j: int, years_i: int, years_j: int, model: Model) -> float:
    """R8: soft likeness of level and years; -1 if neither is known of both."""
    by_level = max(0.0, 1.0 - abs(level_i - level_j) * model.level_scale)
    by_years = max(0.0, 1.0 - abs(years_i - years_j) * model.years_scale)
    knows_level = level_i >= 0 and level_j >= 0
    knows_years = years_i >= 0 and years_j >= 0
    either = by_level if knows_level else (by_years if knows_years else -1.0)
    return (by_level + by_years) * 0.5 if knows_level and knows_years else either


@inlined
def cosine(total: int, scale: float, neutral: float) -> float:
    """Return the likeness of two weighted code sets; `scale` is the product of both scales, 0 if one says nothing."""
    return min(1.0, total * scale) if scale > 0.0 else neutral


@inlined
def equal_places(family_i: int, family_j: int, department_i: int, department_j: int, site_i: int, site_j: int) -> tuple[int, int]:
    """Return how many of role, department and site are known of both (-1 = unknown), and how many of these are equal."""
    knows_family = family_i >= 0 and family_j >= 0
    knows_department = department_i >= 0 and department_j >= 0
    knows_site = site_i >= 0 and site_j >= 0
    known = (1 if knows_family else 0) + (1 if knows_department else 0) + (1 if knows_site else 0)
    same = (
        (1 if knows_family and family_i == family_j else 0)
        + (1 if knows_department and department_i == department_j else 0)
        + (1 if knows_site and site_i == site_j else 0)
    )
    return known, same


@inlined
def place_counts(pool: Pool, i: Whole, j: Whole) -> tuple[int, int]:
    """Return as `equal_places` for two people of the pool."""
    return equal_places(pool.family[i], pool.family[j], pool.department[i], pool.department[j], pool.site[i], pool.site[j])


@inlined
def sameness(exp: float, goal: float, chal: float, level: float, place: float, model: Model) -> float:
    """R15-R18: how alike two people are, 0..1."""
    return (
        model.like_experience * exp
        + model.like_goals * goal
        + model.like_challenges * chal
        + model.like_level * level
        + model.like_place * place
    )


@inlined
def inverted_u(alike: float, model: Model) -> float:
    """N5: rises over the floor, flat, falls at the ceiling; 0..1."""
    up = alike * model.rise + model.rise_base
    down = (model.ceiling - alike) * model.fall + model.fall_base
    return max(0.0, min(1.0, min(up, down)))


@inlined
def micro_score(gain_i: float, gain_j: float, common: float, model: Model) -> int:
    """Return W in micro-points: both utilities' harmonic mean (one-sided: the larger) times the reciprocity factor; 0 if nobody gains."""
    mine = model.alpha * gain_i + (1.0 - model.alpha) * common
    yours = model.alpha * gain_j + (1.0 - model.alpha) * common
    both = mine + yours
    mean = max(mine, yours) if model.one_sided else (2.0 * (mine * yours) / both if both > 0.0 else 0.0)
    two_way = gain_i > 0.0 and gain_j > 0.0
    none = gain_i <= 0.0 and gain_j <= 0.0
    factor = 1.0 if two_way else (0.0 if none else model.one_way)
    points = int(math.floor(mean * factor * MICRO + 0.5))
    return points if points > 0 or factor <= 0.0 else 1


@inlined
def can_exceed(gain_i: float, gain_j: float, common: float, least: float, model: Model) -> bool:
    """Tell whether `micro_score` may exceed `least`, without a division; one micro-point of room for rounding."""
    mine = model.alpha * gain_i + (1.0 - model.alpha) * common
    yours = model.alpha * gain_j + (1.0 - model.alpha) * common
    none = gain_i <= 0.0 and gain_j <= 0.0
    factor = 1.0 if gain_i > 0.0 and gain_j > 0.0 else model.one_way
    product = max(mine, yours) * (mine + yours) if model.one_sided else 2.0 * (mine * yours)
    return not none and product * (factor * MICRO) > (least - 1.5) * (mine + yours)


@inlined
def full_score(
    gain_sum_i: int,
    gain_sum_j: int,
    inverse_i: float,
    inverse_j: float,
    exp: float,
    goal: float,
    chal: float,
    level: float,
    known: int,
    same: int,
    extra: float,
    model: Model,
) -> int:
    """Return W from the parts; the likenesses are already neutral where unknown, `level` is -1 where unknown."""
    lev = level if level >= 0.0 else model.neutral_level
    place = same / known if known > 0 else model.neutral_place
    differences = known - same
    different = 0.0 if differences == 0 else (model.one_difference if differences == 1 else 1.0)
    different = different if known > 0 else model.neutral_difference
    fit = inverted_u(sameness(exp, goal, chal, lev, place, model), model)
    common = model.fit * fit + model.goals * goal + model.challenges * chal + model.level * lev + model.difference * different + extra
    gain_i = math.sqrt(min(1.0, gain_sum_i * inverse_i))
    gain_j = math.sqrt(min(1.0, gain_sum_j * inverse_j))
    return micro_score(gain_i, gain_j, common, model)


@inlined
def shared_slots(slots: Bits, i: Whole, j: Whole) -> int:
    """Return the common weekly half hours; -1 if one of both states no hours."""
    mine = yours = both = 0
    for word in range(SLOT_WORDS):
        a, b = slots[i, word], slots[j, word]
        mine |= a != 0
        yours |= b != 0
        both += int(count_bits(a & b))
    return both if mine and yours else -1


@inlined
def extra_common(pool: Pool, model: Model, i: Whole, j: Whole) -> float:
    """R19: the weighted terms for weekly overlap (saturating: few free slots are no advantage) and communication."""
    total = 0.0
    if model.availability > 0.0:
        slots = shared_slots(pool.slots, i, j)
        total += model.availability * (min(1.0, slots / model.enough_slots) if slots >= 0 else model.neutral_availability)
    if model.communication > 0.0:
        mine, yours = pool.communication[i], pool.communication[j]
        alike = 1.0 if mine == yours else 0.0
        total += model.communication * (alike if mine >= 0 and yours >= 0 else model.neutral_communication)
    return total
