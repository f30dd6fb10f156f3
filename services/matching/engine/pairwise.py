"""One pair at a time: gain sums, likenesses, gates and score, for samples, explanations, trios and questions."""

import numpy as np

from services.matching.engine.compiled import compiled, inlined
from services.matching.engine.score import cosine, extra_common, full_score, level_likeness, place_counts, shared_slots
from services.matching.engine.shapes import Int, Long, Model, Pool, Real, Tags, Whole

PASSES, NO_LANGUAGE, LEVEL_GAP, NO_OVERLAP = -1, 6, 7, 8
"""What `closed_gate` answers beside the gates by name (numbers follow `domain.reasons.Gate`)."""


@inlined
def gain_sum(pool: Pool, i: Whole, j: Whole) -> int:
    """R6: what i gains from j before the root: the sum over what i wants now and j offers."""
    total = 0
    a, a_end = pool.wants.start[i], pool.wants.start[i + 1]
    b, b_end = pool.offers.start[j], pool.offers.start[j + 1]
    while a < a_end and b < b_end:
        mine, yours = pool.wants.skill[a], pool.offers.skill[b]
        if mine == yours:
            bar = pool.wants.bar[a]
            if bar == 0 or bar < pool.offers.bar[b]:
                total += pool.wants.value[a] * pool.offers.value[b]
            a += 1
            b += 1
        elif mine < yours:
            a += 1
        else:
            b += 1
    return total


@inlined
def common_weight(tags: Tags, i: Whole, j: Whole) -> int:
    """Return the squared weight of the codes both have."""
    total = 0
    a, a_end = tags.start[i], tags.start[i + 1]
    b, b_end = tags.start[j], tags.start[j + 1]
    while a < a_end and b < b_end:
        mine, yours = tags.code[a], tags.code[b]
        if mine == yours:
            total += tags.weight[mine]
            a += 1
            b += 1
        elif mine < yours:
            a += 1
        else:
            b += 1
    return total


@inlined
def named_gate(pool: Pool, i: Whole, j: Whole) -> int:
    """Return the gate that bars these two by name, or -1."""
    low, high = pool.bar_start[i], pool.bar_start[i + 1]
    if pool.bar_start[j + 1] - pool.bar_start[j] < high - low:
        low, high, j = pool.bar_start[j], pool.bar_start[j + 1], i
    while low < high:
        middle = (low + high) // 2
        if pool.bar_person[middle] < j:
            low = middle + 1
        elif pool.bar_person[middle] > j:
            high = middle
        else:
            return int(pool.bar_gate[middle])
    return PASSES


@inlined
def closed_gate(pool: Pool, model: Model, i: Whole, j: Whole) -> int:
    """Return the first closed gate between two people, or -1 (R5, R8). Unknown never closes a gate."""
    named = named_gate(pool, i, j)
    if named >= 0:
        return named
    if model.needs_language:
        mine = yours = common = False
        for word in range(pool.languages.shape[1]):
            a, b = pool.languages[i, word], pool.languages[j, word]
            mine |= a != 0
            yours |= b != 0
            common |= (a & b) != 0
        if mine and yours and not common:
            return NO_LANGUAGE
    a, b = pool.level[i], pool.level[j]
    if model.widest_level_gap >= 0 and a >= 0 and b >= 0 and abs(a - b) > model.widest_level_gap:
        return LEVEL_GAP
    if model.least_slots > 0:
        slots = shared_slots(pool.slots, i, j)
        if 0 <= slots < model.least_slots:
            return NO_OVERLAP
    return PASSES


@inlined
def pair_score(pool: Pool, model: Model, i: Whole, j: Whole) -> int:
    """Return W of two people in micro-points, gates left aside."""
    known, same = place_counts(pool, i, j)
    return full_score(
        gain_sum(pool, i, j),
        gain_sum(pool, j, i),
        pool.inverse_wish[i],
        pool.inverse_wish[j],
        cosine(common_weight(pool.experience, i, j), pool.experience.scale[i] * pool.experience.scale[j], model.neutral_experience),
        cosine(common_weight(pool.goals, i, j), pool.goals.scale[i] * pool.goals.scale[j], model.neutral_goals),
        cosine(common_weight(pool.challenges, i, j), pool.challenges.scale[i] * pool.challenges.scale[j], model.neutral_challenges),
        level_likeness(pool.level[i], pool.level[j], pool.years[i], pool.years[j], model),
        known,
        same,
        extra_common(pool, model, i, j),
        model,
    )


@compiled
def score_pairs(pool: Pool, model: Model, left: Long, right: Long) -> tuple[Int, Int]:
    """Return score and closed gate (or -1) of many pairs."""
    weight = np.empty(len(left), np.int32)
    gate = np.empty(len(left), np.int32)
    for at in range(len(left)):
        weight[at] = pair_score(pool, model, left[at], right[at])
        gate[at] = closed_gate(pool, model, left[at], right[at])
    return weight, gate


@compiled
def gain_sums(pool: Pool, left: Long, right: Long) -> Long:
    """Return what each on the left gains from the one on the right, before the root."""
    total = np.empty(len(left), np.int64)
    for at in range(len(left)):
        total[at] = gain_sum(pool, left[at], right[at])
    return total


@compiled
def sample_parts(pool: Pool, model: Model, left: Long, right: Long) -> tuple[Real, Int]:
    """Return the parts of many pairs (nan where unknown), and the closed gate of each.

    Columns: experience, goals, challenges, level, place, difference, availability, communication.
    """
    parts = np.full((len(left), 8), np.nan)
    gate = np.empty(len(left), np.int32)
    for at in range(len(left)):
        i, j = left[at], right[at]
        gate[at] = closed_gate(pool, model, i, j)
        if gate[at] >= 0:
            continue
        parts[at, 0] = cosine(common_weight(pool.experience, i, j), pool.experience.scale[i] * pool.experience.scale[j], np.nan)
        parts[at, 1] = cosine(common_weight(pool.goals, i, j), pool.goals.scale[i] * pool.goals.scale[j], np.nan)
        parts[at, 2] = cosine(common_weight(pool.challenges, i, j), pool.challenges.scale[i] * pool.challenges.scale[j], np.nan)
        level = level_likeness(pool.level[i], pool.level[j], pool.years[i], pool.years[j], model)
        parts[at, 3] = level if level >= 0.0 else np.nan
        known, same = place_counts(pool, i, j)
        if known > 0:
            parts[at, 4] = same / known
            parts[at, 5] = 0.0 if same == known else (model.one_difference if known - same == 1 else 1.0)
        slots = shared_slots(pool.slots, i, j)
        parts[at, 6] = min(1.0, slots / model.enough_slots) if slots >= 0 else np.nan
        if pool.communication[i] >= 0 and pool.communication[j] >= 0:
            parts[at, 7] = 1.0 if pool.communication[i] == pool.communication[j] else 0.0
    return parts, gate
