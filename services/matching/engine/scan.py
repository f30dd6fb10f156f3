"""Scanning pairs exactly: for one person and a range of others, every pair whose score exceeds a limit.

Two ways give the same numbers. Where not most of the range are reached by a shared skill, the reached are listed, gathered
and narrowed first; in dense pools (few skills) whole rows are scored. Both end in straight loops that the compiler vectorises.
Gates are applied by the caller to the few that survive, before they enter any list.
"""

import math

from services.matching.engine.compiled import inlined, lean
from services.matching.engine.listed import common_by_mark, scan_listed
from services.matching.engine.reach import Scratch, add_gains, first_at_least, list_reached, posting_ranges
from services.matching.engine.row import Row, score_row
from services.matching.engine.score import extra_common, micro_score
from services.matching.engine.shapes import MARK_BITS, Int, Model, Pool, Real, Tags, Whole

DENSE = 0.4
"""Rows in which more than this share of the range may be reached are scored whole: nothing need be gathered there."""


@lean
def add_common(tags: Tags, i: int, begin: int, end: int, total: Int) -> None:
    """Add up the common weight with everybody in the range: by marks where they tell all, else by posting lists."""
    if len(tags.weight) <= MARK_BITS:
        common_by_mark(tags, i, tags.mark[begin:end], total[begin:end])
        return
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
    row = scratch.row
    add_common(pool.experience, i, begin, end, row.experience)
    add_common(pool.goals, i, begin, end, row.goals)
    add_common(pool.challenges, i, begin, end, row.challenges)
    if model.availability > 0.0 or model.communication > 0.0:
        for j in range(begin, end):
            row.extra[j] = extra_common(pool, model, i, j)
    score_row(pool, model, i, whole_row(pool, scratch, begin, end))
    hits = 0
    scores, limits = scratch.row.score[begin:end], limit[begin:end]
    for k in range(len(scores)):
        least = mine + limits[k] if summed else min(mine, limits[k])
        score = scores[k]
        if score > least and score > 0:
            scratch.hit[hits], scratch.hit_score[hits] = begin + k, score
            hits += 1
    scratch.gain_in[begin:end] = 0
    scratch.gain_out[begin:end] = 0
    return hits


@inlined
def whole_row(pool: Pool, scratch: Scratch, begin: int, end: int) -> Row:
    """Return the columns of everybody in the range: those of the pool itself, where nothing need be gathered."""
    row = scratch.row
    return Row(
        scratch.gain_in[begin:end],
        scratch.gain_out[begin:end],
        pool.inverse_wish[begin:end],
        row.experience[begin:end],
        row.goals[begin:end],
        row.challenges[begin:end],
        pool.experience.scale[begin:end],
        pool.goals.scale[begin:end],
        pool.challenges.scale[begin:end],
        pool.level[begin:end],
        pool.years[begin:end],
        pool.family[begin:end],
        pool.department[begin:end],
        pool.site[begin:end],
        row.extra[begin:end],
        row.score[begin:end],
    )


@lean
def promising(pool: Pool, model: Model, i: int, begin: int, end: int, limit: Real, mine: float, summed: Whole, scratch: Scratch) -> int:
    """List those in the range whose gains alone would allow a score over the limit; return how many.

    One micro-point of room: the bound is rounded as the score is, but not by the same operations.
    """
    inverse_i = pool.inverse_wish[i]
    gain_in, gain_out, inverse = scratch.gain_in[begin:end], scratch.gain_out[begin:end], pool.inverse_wish[begin:end]
    best, limits = scratch.row.score[begin:end], limit[begin:end]
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
