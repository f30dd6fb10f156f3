"""The arrays that the compiled functions work on. Plain named tuples, so that both worlds can read them.

`*_start` arrays are row starts of compressed rows: row i is `start[i]:start[i + 1]`.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Int = NDArray[np.int32]
Long = NDArray[np.int64]
Real = NDArray[np.float64]
Bits = NDArray[np.uint64]
Byte = NDArray[np.int8]
Whole = int | np.integer[Any]

MICRO = 1_000_000
SLOT_MINUTES = 30
SLOT_WORDS = 6
STRENGTH_UNIT = 4
WISH_UNIT = 256
TAG_UNIT = 1024
MARK_BITS = 64


class Tags(NamedTuple):
    """Goals, challenges or experience: who has which code, both ways round, and what each code weighs."""

    start: Long
    code: Int
    post_start: Long
    post_person: Int
    weight: Int
    """Squared weight of each code: a code that everybody has says nothing."""
    scale: Real
    """One over the length of each person's vector; 0 = nothing said."""
    mark: Bits
    """Each person's codes as bits, 64 codes to a bit and more: no bit in common, no code in common."""


class Skills(NamedTuple):
    """Wants or offers: by person and by skill. `value` is priority x scarcity for wants, strength for offers.

    `bar` is 0, or for a want the strength that an offer must exceed (the person offers the skill too); for an
    offer it is the stated strength, 0 when not said.
    """

    start: Long
    skill: Int
    value: Int
    bar: Int
    post_start: Long
    post_person: Int
    post_value: Int
    post_bar: Int


class Pool(NamedTuple):
    """Everybody in the round, in id order."""

    wants: Skills
    offers: Skills
    inverse_wish: Real
    """One over the largest reachable gain sum of each person; 0 = wants nothing."""
    goals: Tags
    challenges: Tags
    experience: Tags
    level: Int
    years: Int
    family: Int
    department: Int
    site: Int
    communication: Int
    languages: Bits
    slots: Bits
    bar_start: Long
    bar_person: Int
    bar_gate: Byte
    seats: Int
    bonus: Long


class Model(NamedTuple):
    """The rule set and the pool's quantiles as plain numbers."""

    alpha: float
    one_way: float
    one_sided: bool
    """R43: a pair is worth what the side that gains has of it (kind mentor)."""
    fit: float
    goals: float
    challenges: float
    level: float
    difference: float
    availability: float
    communication: float
    like_experience: float
    like_goals: float
    like_challenges: float
    like_level: float
    like_place: float
    rise: float
    rise_base: float
    ceiling: float
    fall: float
    fall_base: float
    neutral_experience: float
    neutral_goals: float
    neutral_challenges: float
    neutral_level: float
    neutral_place: float
    neutral_difference: float
    neutral_availability: float
    neutral_communication: float
    level_scale: float
    years_scale: float
    one_difference: float
    enough_slots: float
    least_slots: int
    widest_level_gap: int
    needs_language: bool
