"""Scoring the few who are reached by a shared skill: gathered into columns, narrowed by a bound, then scored.

The bound leaves out nobody who counts: gains are known, likeness of goals and challenges is never set too low, the rest of
the common part is taken as full. Two of three fall here, before anything else of theirs is looked at.
"""

import math

import numpy as np

from services.matching.engine.compiled import inlined, lean
from services.matching.engine.reach import Scratch
from services.matching.engine.row import Row, score_row
from services.matching.engine.score import can_exceed, cosine, extra_common
from services.matching.engine.shapes import MARK_BITS, Bits, Int, Model, Pool, Real, Tags, Whole


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
def common_with(tags: Tags, i: int, others: Int, own: Int, total: Int) -> None:
    """Find the common weight with each of some others."""
    mark_own(tags, i, own, True)
    for at in range(len(others)):
        total[at] = with_own(tags, i, others[at], own)
    mark_own(tags, i, own, False)


@lean
def common_by_mark(tags: Tags, i: int, mark: Bits, total: Int) -> None:
    """Find the common weight with each by their marks: too high at most, and exact where no two codes share a bit."""
    total[:] = 0
    for k in range(tags.start[i], tags.start[i + 1]):
        weight, bit = tags.weight[tags.code[k]], np.uint64(tags.code[k] % MARK_BITS)
        for at in range(len(total)):
            total[at] += weight * np.int32((mark[at] >> bit) & np.uint64(1))


@lean
def gather(pool: Pool, limit: Real, mine: float, summed: Whole, scratch: Scratch, count: int) -> None:
    """Gather what the bound needs, and leave nothing behind in the sums of gains."""
    row, others = scratch.row, scratch.reached
    for at in range(count):
        j = others[at]
        row.gain_in[at], row.gain_out[at] = scratch.gain_in[j], scratch.gain_out[j]
        scratch.gain_in[j] = scratch.gain_out[j] = 0
        row.inverse_wish[at] = pool.inverse_wish[j]
        row.goals_scale[at], row.challenges_scale[at] = pool.goals.scale[j], pool.challenges.scale[j]
        scratch.goal_mark[at], scratch.challenge_mark[at] = pool.goals.mark[j], pool.challenges.mark[j]
        scratch.least[at] = mine + limit[j] if summed else min(mine, limit[j])


@lean
def bound_row(pool: Pool, model: Model, i: int, row: Row, least: Real) -> None:
    """Set each one's score to 1 where they may exceed their limit by what is known so far, else to 0."""
    inverse_i, goal_i, chal_i = pool.inverse_wish[i], pool.goals.scale[i], pool.challenges.scale[i]
    gain_in, gain_out, inverse, out = row.gain_in, row.gain_out, row.inverse_wish, row.score
    goal_total, chal_total, goal_scale, chal_scale = row.goals, row.challenges, row.goals_scale, row.challenges_scale
    for k in range(len(out)):
        goal = cosine(goal_total[k], goal_i * goal_scale[k], model.neutral_goals)
        chal = cosine(chal_total[k], chal_i * chal_scale[k], model.neutral_challenges)
        best = 1.0 - model.goals * (1.0 - goal) - model.challenges * (1.0 - chal) + 1e-9
        gain_i = math.sqrt(min(1.0, gain_in[k] * inverse_i))
        gain_j = math.sqrt(min(1.0, gain_out[k] * inverse[k]))
        out[k] = 1 if can_exceed(gain_i, gain_j, best, least[k], model) else 0


@lean
def narrow(scratch: Scratch, count: int) -> int:
    """Move those who passed the bound together; return how many."""
    row, others, least = scratch.row, scratch.reached, scratch.least
    kept = 0
    for at in range(count):
        others[kept], least[kept] = others[at], least[at]
        row.gain_in[kept], row.gain_out[kept], row.inverse_wish[kept] = row.gain_in[at], row.gain_out[at], row.inverse_wish[at]
        row.goals[kept], row.challenges[kept] = row.goals[at], row.challenges[at]
        row.goals_scale[kept], row.challenges_scale[kept] = row.goals_scale[at], row.challenges_scale[at]
        kept += row.score[at]
    return kept


@lean
def gather_rest(pool: Pool, model: Model, i: int, scratch: Scratch, count: int) -> None:
    """Gather what else a score is made of."""
    row, others = scratch.row, scratch.reached[:count]
    common_with(pool.experience, i, others, scratch.own_experience, row.experience)
    if len(pool.goals.weight) > MARK_BITS:
        common_with(pool.goals, i, others, scratch.own_goals, row.goals)
    if len(pool.challenges.weight) > MARK_BITS:
        common_with(pool.challenges, i, others, scratch.own_challenges, row.challenges)
    for at in range(count):
        j = others[at]
        row.experience_scale[at] = pool.experience.scale[j]
        row.level[at], row.years[at] = pool.level[j], pool.years[j]
        row.family[at], row.department[at], row.site[at] = pool.family[j], pool.department[j], pool.site[j]
        row.extra[at] = extra_common(pool, model, i, j)


@inlined
def first_of(row: Row, count: int) -> Row:
    """Return the first places of all columns."""
    return Row(
        row.gain_in[:count],
        row.gain_out[:count],
        row.inverse_wish[:count],
        row.experience[:count],
        row.goals[:count],
        row.challenges[:count],
        row.experience_scale[:count],
        row.goals_scale[:count],
        row.challenges_scale[:count],
        row.level[:count],
        row.years[:count],
        row.family[:count],
        row.department[:count],
        row.site[:count],
        row.extra[:count],
        row.score[:count],
    )


@lean
def scan_listed(pool: Pool, model: Model, i: int, limit: Real, mine: float, summed: Whole, count: int, scratch: Scratch) -> int:
    """Leave in `scratch.hit` those of the reached whose score with i exceeds their limit; return how many."""
    gather(pool, limit, mine, summed, scratch, count)
    row, least = first_of(scratch.row, count), scratch.least
    common_by_mark(pool.goals, i, scratch.goal_mark[:count], row.goals)
    common_by_mark(pool.challenges, i, scratch.challenge_mark[:count], row.challenges)
    bound_row(pool, model, i, row, least)
    count = narrow(scratch, count)
    gather_rest(pool, model, i, scratch, count)
    row = first_of(scratch.row, count)
    score_row(pool, model, i, row)
    hits = 0
    for at in range(count):
        score = row.score[at]
        if score > least[at] and score > 0:
            scratch.hit[hits], scratch.hit_score[hits] = scratch.reached[at], score
            hits += 1
    return hits
