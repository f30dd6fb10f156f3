"""Scanning pairs exactly: for one person and a range of others, every pair whose score exceeds a limit.

Two ways give the same numbers. Where few of the range are reached by a shared skill, the reached are listed and
scored one by one; in dense pools (few skills) whole rows are scored in straight loops that the compiler vectorises.
Gates are applied by the caller to the few that survive, before they enter any list.
"""

import math

from services.matching.engine.compiled import inlined, lean
from services.matching.engine.reach import Scratch, add_gains, first_at_least, list_reached, posting_ranges
from services.matching.engine.score import (
    can_exceed,
    cosine,
    equal_places,
    extra_common,
    full_score,
    level_likeness,
    micro_score,
    place_counts,
)
from services.matching.engine.shapes import Int, Model, Pool, Real, Tags, Whole

DENSE = 0.06
"""Rows in which more than this share of the range may be reached are scored whole: there one look costs a twentieth."""


@lean
def mark_own(tags: Tags, i: int, own: Int, on: bool) -> None:
    """Lay i's codes out (or clear them), so that another's common weight is a sum of look-ups."""
    for k in range(tags.start[i], tags.start[i + 1]):
        own[tags.code[k]] = tags.weight[tags.code[k]] if on else 0


@inlined
def with_own(tags: Tags, i: int, j: int, own: Int) -> int:
    """Return the squared weight of the codes that j shares with i, whose codes are laid out."""
    total = 0
    if tags.mark[i] & tags.mark[j]:
        for k in range(tags.start[j], tags.start[j + 1]):
            total += own[tags.code[k]]
    return total


@lean
def scan_listed(pool: Pool, model: Model, i: int, limit: Real, mine: float, summed: Whole, count: int, scratch: Scratch) -> int:
    """Score the reached one by one, most of them only by what their gains could allow at best."""
    mark_own(pool.experience, i, scratch.own_experience, True)
    mark_own(pool.goals, i, scratch.own_goals, True)
    mark_own(pool.challenges, i, scratch.own_challenges, True)
    hits = 0
    for at in range(count):
        j = scratch.reached[at]
        sum_i, sum_j = scratch.gain_in[j], scratch.gain_out[j]
        scratch.gain_in[j] = scratch.gain_out[j] = 0
        least = mine + limit[j] if summed else min(mine, limit[j])
        gain_i = math.sqrt(min(1.0, sum_i * pool.inverse_wish[i]))
        gain_j = math.sqrt(min(1.0, sum_j * pool.inverse_wish[j]))
        if not can_exceed(gain_i, gain_j, 1.0, least, model):
            continue
        goal = cosine(with_own(pool.goals, i, j, scratch.own_goals), pool.goals.scale[i] * pool.goals.scale[j], model.neutral_goals)
        shared = with_own(pool.challenges, i, j, scratch.own_challenges)
        chal = cosine(shared, pool.challenges.scale[i] * pool.challenges.scale[j], model.neutral_challenges)
        best = 1.0 - model.goals * (1.0 - goal) - model.challenges * (1.0 - chal) + 1e-9
        if not can_exceed(gain_i, gain_j, best, least, model):
            continue
        shared = with_own(pool.experience, i, j, scratch.own_experience)
        exp = cosine(shared, pool.experience.scale[i] * pool.experience.scale[j], model.neutral_experience)
        level = level_likeness(pool.level[i], pool.level[j], pool.years[i], pool.years[j], model)
        known, same = place_counts(pool, i, j)
        extra = extra_common(pool, model, i, j)
        score = full_score(sum_i, sum_j, pool.inverse_wish[i], pool.inverse_wish[j], exp, goal, chal, level, known, same, extra, model)
        if score > least and score > 0:
            scratch.hit[hits], scratch.hit_score[hits] = j, score
            hits += 1
    mark_own(pool.experience, i, scratch.own_experience, False)
    mark_own(pool.goals, i, scratch.own_goals, False)
    mark_own(pool.challenges, i, scratch.own_challenges, False)
    return hits


@lean
def add_common(tags: Tags, i: int, begin: int, end: int, total: Int) -> None:
    """Add up the common weight with everybody in the range."""
    total[begin:end] = 0
    for k in range(tags.start[i], tags.start[i + 1]):
        code = tags.code[k]
        weight = tags.weight[code]
        low = first_at_least(tags.post_person, tags.post_start[code], tags.post_start[code + 1], begin)
        high = first_at_least(tags.post_person, low, tags.post_start[code + 1], end)
        for p in range(low, high):
            total[tags.post_person[p]] += weight


@lean
def scan_dense(pool: Pool, model: Model, i: int, begin: int, end: int, limit: Real, mine: float, summed: Whole, scratch: Scratch) -> int:
    """Score the whole range in straight loops."""
    add_common(pool.experience, i, begin, end, scratch.experience)
    add_common(pool.goals, i, begin, end, scratch.goals)
    add_common(pool.challenges, i, begin, end, scratch.challenges)
    if model.availability > 0.0 or model.communication > 0.0:
        for j in range(begin, end):
            scratch.extra[j] = extra_common(pool, model, i, j)
    score_row(pool, model, i, begin, end, scratch)
    hits = 0
    scores, limits = scratch.score[begin:end], limit[begin:end]
    for k in range(len(scores)):
        least = mine + limits[k] if summed else min(mine, limits[k])
        score = scores[k]
        if score > least and score > 0:
            scratch.hit[hits], scratch.hit_score[hits] = begin + k, score
            hits += 1
    scratch.gain_in[begin:end] = 0
    scratch.gain_out[begin:end] = 0
    return hits


@lean
def score_row(pool: Pool, model: Model, i: int, begin: int, end: int, scratch: Scratch) -> None:
    """Turn the sums of a row into scores: no branch, no call, so that it becomes vector code."""
    exp_i, goal_i, chal_i = pool.experience.scale[i], pool.goals.scale[i], pool.challenges.scale[i]
    inverse_i, level_i, years_i = pool.inverse_wish[i], pool.level[i], pool.years[i]
    family_i, department_i, site_i = pool.family[i], pool.department[i], pool.site[i]
    exp_total, goal_total, chal_total = scratch.experience[begin:end], scratch.goals[begin:end], scratch.challenges[begin:end]
    exp_scale, goal_scale, chal_scale = pool.experience.scale[begin:end], pool.goals.scale[begin:end], pool.challenges.scale[begin:end]
    gain_in, gain_out, inverse = scratch.gain_in[begin:end], scratch.gain_out[begin:end], pool.inverse_wish[begin:end]
    levels, years, families = pool.level[begin:end], pool.years[begin:end], pool.family[begin:end]
    departments, sites, extra, out = pool.department[begin:end], pool.site[begin:end], scratch.extra[begin:end], scratch.score[begin:end]
    for k in range(len(out)):
        exp = cosine(exp_total[k], exp_i * exp_scale[k], model.neutral_experience)
        goal = cosine(goal_total[k], goal_i * goal_scale[k], model.neutral_goals)
        chal = cosine(chal_total[k], chal_i * chal_scale[k], model.neutral_challenges)
        level = level_likeness(level_i, levels[k], years_i, years[k], model)
        known, same = equal_places(family_i, families[k], department_i, departments[k], site_i, sites[k])
        out[k] = full_score(gain_in[k], gain_out[k], inverse_i, inverse[k], exp, goal, chal, level, known, same, extra[k], model)


@lean
def promising(pool: Pool, model: Model, i: int, begin: int, end: int, limit: Real, mine: float, summed: Whole, scratch: Scratch) -> int:
    """List those in the range whose gains alone would allow a score over the limit; return how many.

    One micro-point of room: the bound is rounded as the score is, but not by the same operations.
    """
    inverse_i = pool.inverse_wish[i]
    gain_in, gain_out, inverse = scratch.gain_in[begin:end], scratch.gain_out[begin:end], pool.inverse_wish[begin:end]
    best, limits = scratch.score[begin:end], limit[begin:end]
    for k in range(len(best)):
        gain_i = math.sqrt(min(1.0, gain_in[k] * inverse_i))
        gain_j = math.sqrt(min(1.0, gain_out[k] * inverse[k]))
        best[k] = micro_score(gain_i, gain_j, 1.0, model) + 1
    count = 0
    for k in range(len(best)):
        least = mine + limits[k] if summed else min(mine, limits[k])
        scratch.reached[count] = begin + k
        count += 1 if best[k] > least and best[k] > 1 else 0
    return count


@lean
def scan_row(pool: Pool, model: Model, i: int, begin: int, end: int, limit: Real, mine: float, summed: Whole, scratch: Scratch) -> int:
    """Leave in `scratch.hit` everybody in the range whose score with i exceeds the limit; return how many.

    The limit of a pair is `mine + limit[j]` if `summed` (prices), else the lower of the two (best lists). `summed` is a numpy
    number: the compiler makes a second copy of everything for a plain True or False.
    """
    wanted = pool.wants.skill[pool.wants.start[i] : pool.wants.start[i + 1]]
    offered = pool.offers.skill[pool.offers.start[i] : pool.offers.start[i + 1]]
    asked, given = scratch.asked[: len(wanted)], scratch.given[: len(offered)]
    reach = posting_ranges(pool.offers.post_start, pool.offers.post_person, wanted, begin, end, asked)
    reach += posting_ranges(pool.wants.post_start, pool.wants.post_person, offered, begin, end, given)
    if reach == 0:
        return 0
    if reach > DENSE * (end - begin):
        add_gains(pool, i, asked, given, scratch)
        count = promising(pool, model, i, begin, end, limit, mine, summed, scratch)
        if count > DENSE * (end - begin):
            return scan_dense(pool, model, i, begin, end, limit, mine, summed, scratch)
        hits = scan_listed(pool, model, i, limit, mine, summed, count, scratch)
        scratch.gain_in[begin:end] = 0
        scratch.gain_out[begin:end] = 0
        return hits
    count = list_reached(pool, i, asked, given, scratch)
    return scan_listed(pool, model, i, limit, mine, summed, count, scratch)
