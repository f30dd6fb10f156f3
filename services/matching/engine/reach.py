"""Who is reached by a shared skill: the posting lists walked for one person, and the working space of a scan."""

from typing import NamedTuple

import numpy as np

from services.matching.engine.compiled import compiled, lean
from services.matching.engine.row import Row
from services.matching.engine.shapes import Bits, Int, Long, Pool, Real


class Scratch(NamedTuple):
    """Working space of one scanning job."""

    gain_in: Int
    """What the one scanned gains from everybody, zero between rows; `gain_out`: what everybody gains from them."""
    gain_out: Int
    row: Row
    goal_mark: Bits
    challenge_mark: Bits
    least: Real
    reached: Int
    hit: Int
    hit_score: Int
    own_experience: Int
    own_goals: Int
    own_challenges: Int
    asked: Long
    given: Long


@lean
def longest(start: Long) -> int:
    """Return the length of the longest row."""
    most = 0
    for i in range(len(start) - 1):
        most = max(most, start[i + 1] - start[i])
    return most


@compiled
def new_row(people: int) -> Row:
    """Return columns with a place for everybody."""
    return Row(
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.float64),
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.float64),
        np.zeros(people, np.float64),
        np.zeros(people, np.float64),
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        np.zeros(people, np.float64),
        np.zeros(people, np.int32),
    )


@compiled
def new_scratch(pool: Pool) -> Scratch:
    """Return zeroed working space."""
    people = len(pool.seats)
    return Scratch(
        np.zeros(people, np.int32),
        np.zeros(people, np.int32),
        new_row(people),
        np.zeros(people, np.uint64),
        np.zeros(people, np.uint64),
        np.zeros(people, np.float64),
        np.empty(people, np.int32),
        np.empty(people, np.int32),
        np.empty(people, np.int32),
        np.zeros(len(pool.experience.weight), np.int32),
        np.zeros(len(pool.goals.weight), np.int32),
        np.zeros(len(pool.challenges.weight), np.int32),
        np.empty((longest(pool.wants.start), 2), np.int64),
        np.empty((longest(pool.offers.start), 2), np.int64),
    )


@lean
def first_at_least(people: Int, low: int, high: int, least: int) -> int:
    """Return the first place in the ascending `people[low:high]` whose person is not below `least`."""
    while low < high:
        middle = (low + high) // 2
        if people[middle] < least:
            low = middle + 1
        else:
            high = middle
    return low


@lean
def posting_ranges(post_start: Long, people: Int, keys: Int, begin: int, end: int, out: Long) -> int:
    """Note in `out` where the posting list of each key meets the range of people; return how long they are together."""
    total = 0
    for at in range(len(keys)):
        low, high = post_start[keys[at]], post_start[keys[at] + 1]
        first = first_at_least(people, low, high, begin)
        last = first_at_least(people, first, high, end)
        out[at, 0], out[at, 1] = first, last
        total += last - first
    return total


@lean
def add_gains(pool: Pool, i: int, asked: Long, given: Long, scratch: Scratch) -> None:
    """Add up, for everybody in the range, what i gains from them and what they gain from i."""
    base = pool.wants.start[i]
    for at in range(len(asked)):
        value, bar = pool.wants.value[base + at], pool.wants.bar[base + at]
        for k in range(asked[at, 0], asked[at, 1]):
            if bar == 0 or bar < pool.offers.post_bar[k]:
                scratch.gain_in[pool.offers.post_person[k]] += value * pool.offers.post_value[k]
    base = pool.offers.start[i]
    for at in range(len(given)):
        value, bar = pool.offers.value[base + at], pool.offers.bar[base + at]
        for k in range(given[at, 0], given[at, 1]):
            need = pool.wants.post_bar[k]
            if need == 0 or need < bar:
                scratch.gain_out[pool.wants.post_person[k]] += value * pool.wants.post_value[k]


@lean
def list_reached(pool: Pool, i: int, asked: Long, given: Long, scratch: Scratch) -> int:
    """Do as `add_gains`, and list who was reached."""
    count = 0
    base = pool.wants.start[i]
    for at in range(len(asked)):
        value, bar = pool.wants.value[base + at], pool.wants.bar[base + at]
        for k in range(asked[at, 0], asked[at, 1]):
            if bar == 0 or bar < pool.offers.post_bar[k]:
                j = pool.offers.post_person[k]
                if scratch.gain_in[j] == 0:
                    scratch.reached[count] = j
                    count += 1
                scratch.gain_in[j] += value * pool.offers.post_value[k]
    base = pool.offers.start[i]
    for at in range(len(given)):
        value, bar = pool.offers.value[base + at], pool.offers.bar[base + at]
        for k in range(given[at, 0], given[at, 1]):
            need = pool.wants.post_bar[k]
            if need == 0 or need < bar:
                j = pool.wants.post_person[k]
                if scratch.gain_in[j] == 0 and scratch.gain_out[j] == 0:
                    scratch.reached[count] = j
                    count += 1
                scratch.gain_out[j] += value * pool.wants.post_value[k]
    return count
