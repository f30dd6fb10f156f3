"""Kind `circle` (R44): gathering people into groups, by local search on one block of the pool (compiled, whole numbers).

A circle of k is worth the sum over its pairs times `share[k]`, and each person's bonus; all must share one challenge (`bits`).
"""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled, inlined
from services.matching.engine.shapes import Bits, Int, Long, Whole

BARRED, NOWHERE, _LOOKS = -1, -1, 8
_NEVER = 1 << 60
"""What leaving costs where it is not allowed."""


class Block(NamedTuple):
    """People who may be gathered, and the programme's sizes. `worth` of two is `BARRED` where they may not meet."""

    worth: Int
    bits: Bits
    bonus: Long
    share: Long
    smallest: int
    largest: int


class Gathered(NamedTuple):
    """Who is in which circle; `size` holds how many members each circle has (0 = does not exist)."""

    circle: Long
    member: Long
    size: Long


@compiled
def nobody_gathered(block: Block) -> Gathered:
    """Return the state before the first circle."""
    people = len(block.bonus)
    most = people // block.smallest + 1
    return Gathered(np.full(people, NOWHERE), np.full((most, block.largest), NOWHERE), np.zeros(most, np.int64))


@compiled
def voices(block: Block, state: Gathered, at: Whole, i: Whole, without: Whole) -> np.int64:
    """Return the sum of i's worth with a circle's members other than `without`, BARRED if they cannot all meet around one challenge."""
    total = np.int64(0)
    common = block.bits[i].copy()
    for place in range(state.size[at]):
        j = state.member[at, place]
        if j == without or j == i:  # noqa: PLR1714, SIM109 - nothing to build in a hot loop
            continue
        worth = block.worth[i, j]
        if worth < 0:
            return np.int64(BARRED)
        total += worth
        for word in range(len(common)):
            common[word] &= block.bits[j, word]
    for word in range(len(common)):
        if common[word] != 0:
            return total
    return np.int64(BARRED)


@compiled
def inside(block: Block, state: Gathered, at: Whole) -> np.int64:
    """Return the sum over a circle's pairs."""
    total = np.int64(0)
    for place in range(state.size[at]):
        for other in range(place):
            total += block.worth[state.member[at, place], state.member[at, other]]
    return total


@inlined
def put(state: Gathered, at: Whole, i: Whole) -> None:
    """Seat i in a circle."""
    state.member[at, state.size[at]] = i
    state.size[at] += 1
    state.circle[i] = at


@compiled
def take(state: Gathered, i: Whole) -> None:
    """Let i leave their circle."""
    at = state.circle[i]
    if at < 0:
        return
    last = state.size[at] - 1
    for place in range(last):
        if state.member[at, place] == i:
            state.member[at, place] = state.member[at, last]
    state.member[at, last] = NOWHERE
    state.size[at] = last
    state.circle[i] = NOWHERE


@compiled
def restore(state: Gathered, kept: Gathered) -> None:
    """Undo everything since `kept`."""
    state.circle[:], state.member[:], state.size[:] = kept.circle, kept.member, kept.size


@compiled
def loss_of_leaving(block: Block, state: Gathered, i: Whole) -> np.int64:
    """Return what i's circle loses without them (their bonus aside); more than anything gains if it would be too small."""
    at = state.circle[i]
    if at < 0:
        return np.int64(0)
    count, total = state.size[at], inside(block, state, at)
    if count <= block.smallest:
        return np.int64(_NEVER)
    return np.int64(total * block.share[count] - (total - voices(block, state, at, i, NOWHERE)) * block.share[count - 1])


@compiled
def gain_of_joining(block: Block, state: Gathered, i: Whole, at: Whole) -> np.int64:
    """Return what a circle gains when i joins it (their bonus aside), `-_NEVER` if they cannot."""
    size = state.size[at]
    if size >= block.largest:
        return np.int64(-_NEVER)
    more = voices(block, state, at, i, NOWHERE)
    if more < 0:
        return np.int64(-_NEVER)
    total = inside(block, state, at)
    return np.int64((total + more) * block.share[size + 1] - total * block.share[size])


@compiled
def gain_of_swapping(block: Block, state: Gathered, i: Whole, j: Whole) -> np.int64:
    """Return what it gains when i and j change places (an i without a place leaves j without one), `-_NEVER` if they cannot."""
    at, home = state.circle[j], state.circle[i]
    comes = voices(block, state, at, i, j)
    if comes < 0:
        return np.int64(-_NEVER)
    gain = (comes - voices(block, state, at, j, NOWHERE)) * block.share[state.size[at]]
    if home < 0:
        return np.int64(gain + block.bonus[i] - block.bonus[j])
    comes = voices(block, state, home, j, i)
    if comes < 0:
        return np.int64(-_NEVER)
    return np.int64(gain + (comes - voices(block, state, home, i, NOWHERE)) * block.share[state.size[home]])


@compiled
def best_place(block: Block, state: Gathered, i: Whole, loss: Whole) -> tuple[np.int64, Whole, Whole]:
    """Return the best (gain, circle, whom to swap with or NOWHERE) for i, who gives up `loss` by leaving."""
    gain, where, whom = np.int64(0), NOWHERE, NOWHERE
    fresh = block.bonus[i] if state.circle[i] < 0 else np.int64(0)
    for at in range(len(state.size)):
        if state.size[at] == 0 or at == state.circle[i]:
            continue
        found = gain_of_joining(block, state, i, at) + fresh - loss
        if found > gain:
            gain, where, whom = found, at, NOWHERE
        for j in state.member[at, : state.size[at]]:
            found = gain_of_swapping(block, state, i, j)
            if found > gain:
                gain, where, whom = found, at, j
    return gain, where, whom


@compiled
def move(state: Gathered, i: Whole, where: Whole, whom: Whole) -> None:
    """Seat i elsewhere; whoever is swapped with takes i's place."""
    home = state.circle[i]
    take(state, i)
    if whom != NOWHERE:
        take(state, whom)
        if home >= 0:
            put(state, home, whom)
    put(state, where, i)


@compiled
def best_next(block: Block, state: Gathered, at: Whole) -> tuple[np.int64, Whole]:
    """Return (gain, who) of the best next member of a circle that is being founded, whatever they leave for it."""
    gain, who = np.int64(-_NEVER), NOWHERE
    for j in range(len(block.bonus)):
        if state.circle[j] == at:
            continue
        more, loss = voices(block, state, at, j, NOWHERE), loss_of_leaving(block, state, j)
        if more < 0 or loss == _NEVER:
            continue
        found = more * block.share[block.smallest] - loss + (block.bonus[j] if state.circle[j] < 0 else 0)
        if found > gain:
            gain, who = found, j
    return gain, who


@compiled
def found_circle(block: Block, state: Gathered, i: Whole) -> np.int64:
    """Found a circle around i, who has no place, if that gains: the best next one joins until it is large enough; return the gain."""
    at = 0
    while at < len(state.size) and state.size[at] > 0:
        at += 1
    if at == len(state.size):
        return np.int64(0)
    kept = Gathered(state.circle.copy(), state.member.copy(), state.size.copy())
    gain = np.int64(block.bonus[i])
    put(state, at, i)
    while state.size[at] < block.smallest:
        more, who = best_next(block, state, at)
        if who == NOWHERE:
            break
        gain += more
        take(state, who)
        put(state, at, who)
    if state.size[at] == block.smallest and gain > 0:
        return gain
    restore(state, kept)
    return np.int64(0)


@compiled
def dissolve(block: Block, state: Gathered, at: Whole) -> np.int64:
    """Send a circle's members to where they are worth most, if together that gains; else leave it; return the gain."""
    count = state.size[at]
    members = state.member[at, :count].copy()
    kept = Gathered(state.circle.copy(), state.member.copy(), state.size.copy())
    gain = -inside(block, state, at) * block.share[count]
    for i in members:
        take(state, i)
        gain -= block.bonus[i]
    for i in members:
        found, where, whom = best_place(block, state, i, np.int64(0))
        if found > 0:
            move(state, i, where, whom)
            gain += found
    if gain > 0:
        return np.int64(gain)
    restore(state, kept)
    return np.int64(0)


@compiled
def improve(block: Block, state: Gathered, order: Long, passes: Whole) -> np.int64:
    """Let these people move, swap and found circles until a pass gains nothing; return what was gained."""
    total = np.int64(0)
    for _ in range(passes):
        gained = np.int64(0)
        for i in order:
            gain, where, whom = best_place(block, state, i, loss_of_leaving(block, state, i))
            if gain > 0:
                move(state, i, where, whom)
                gained += gain
            elif state.circle[i] < 0:
                gained += found_circle(block, state, i)
        total += gained
        if gained == 0:
            break
    return total


@compiled
def break_up(block: Block, state: Gathered, kick: Whole) -> tuple[np.int64, Long]:
    """Break up a circle, and that of whom one of its members would value most of a few others; return (gain, who is free now)."""
    alive = np.flatnonzero(state.size)
    at = alive[kick % len(alive)]
    i = state.member[at, (kick // 7) % state.size[at]]
    other, best = NOWHERE, np.int64(BARRED)
    for look in range(_LOOKS):
        j = (kick // 11 + look * 7919) % len(block.bonus)
        if state.circle[j] >= 0 and state.circle[j] != at and block.worth[i, j] > best:
            other, best = state.circle[j], block.worth[i, j]
    gain, freed, count = np.int64(0), np.empty(2 * block.largest, np.int64), 0
    for circle in (at, other):
        if circle < 0:
            continue
        gain -= inside(block, state, circle) * block.share[state.size[circle]]
        for member in state.member[circle, : state.size[circle]].copy():
            gain -= block.bonus[member]
            take(state, member)
            freed[count] = member
            count += 1
    return gain, freed[:count]


@compiled
def gather(block: Block, order: Long, passes: Whole, kicks: Long) -> Long:
    """Return each person's circle: local search, then again and again with two circles broken up, keeping what is better.

    `kicks` are well-mixed numbers, one per attempt; whoever is without a place tries again as well.
    """
    state = nobody_gathered(block)
    improve(block, state, order, passes)
    for at in range(len(state.size)):
        if state.size[at] > 0:
            dissolve(block, state, at)
    for kick in kicks:
        if not state.size.any():
            break
        kept = Gathered(state.circle.copy(), state.member.copy(), state.size.copy())
        gain, freed = break_up(block, state, kick)
        turned = np.concatenate((freed[kick % len(freed) :], freed[: kick % len(freed)]))
        if gain + improve(block, state, turned, passes) <= 0:
            restore(state, kept)
    improve(block, state, order, passes)
    return state.circle
