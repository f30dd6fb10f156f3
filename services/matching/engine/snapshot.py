"""Freezing people: from codes in dictionaries to whole numbers in arrays, in id order, with a hash (N7)."""

import hashlib
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np

from services.matching.domain.reasons import Gate
from services.matching.engine.person import Person
from services.matching.engine.shapes import SLOT_MINUTES, SLOT_WORDS, Bits, Byte, Int, Long

GATES = tuple(Gate)
JOURNEY = "journey:"
"""Before the codes of a journey in the experience: a role and a skill of one name are two things."""
WEEK_MINUTES = 7 * 24 * 60


@dataclass(frozen=True, slots=True)
class Codes:
    """A vocabulary in sorted order and each person's codes in it (rows ascending); `value` is 0 where not said."""

    vocabulary: tuple[str, ...]
    start: Long
    code: Int
    value: Int


@dataclass(frozen=True, slots=True)
class Column:
    """One code per person, -1 where not said."""

    vocabulary: tuple[str, ...]
    code: Int


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everybody who takes part, packed. Independent of any rule set but for the words that mean "nothing said"."""

    ids: tuple[str, ...]
    wants: Codes
    offers: Codes
    goals: Codes
    challenges: Codes
    experience: Codes
    languages: Codes
    family: Column
    department: Column
    site: Column
    communication: Column
    level: Int
    years: Int
    slots: Bits
    bar_start: Long
    bar_person: Int
    bar_gate: Byte
    seats: Int
    mentee_seats: Int
    """-1 where not said."""
    left_out: Byte
    chains_outside: int
    """How many chains of managers run through somebody outside the pool."""
    hash: str

    @property
    def size(self) -> int:
        """Return the number of people."""
        return len(self.ids)


def freeze(people: Iterable[Person], placeholders: Sequence[str] = ()) -> Snapshot:
    """Pack `people`. The order they come in does not matter; two with one id are refused."""
    crowd = sorted(people, key=lambda person: person.id)
    ids = tuple(person.id for person in crowd)
    if len({*ids}) != len(ids):
        raise ValueError("two people in the snapshot have the same id")
    empty = {word.casefold() for word in placeholders}
    index = {member: position for position, member in enumerate(ids)}
    bars = _bars(crowd, index)
    parts: dict[str, object] = {
        "wants": _codes([_said(person.wants, empty) for person in crowd], 3),
        "offers": _codes([_said(person.offers, empty) for person in crowd], 5),
        "goals": _codes([_set(empty, "", (*person.goals, *person.vision_themes)) for person in crowd], 0),
        "challenges": _codes([_challenges(person, empty) for person in crowd], 0),
        "experience": _codes([_experience(person, empty) for person in crowd], 0),
        "languages": _codes([_set(empty, "", person.languages) for person in crowd], 0),
        "family": _column([person.job_family for person in crowd], empty),
        "department": _column([person.department for person in crowd], empty),
        "site": _column([person.site for person in crowd], empty),
        "communication": _column([person.communication for person in crowd], empty),
        "level": np.array([_whole(person.level) for person in crowd], np.int32),
        "years": np.array([_years(person.years) for person in crowd], np.int32),
        "slots": _slots(crowd),
        "bar_start": bars[0],
        "bar_person": bars[1],
        "bar_gate": bars[2],
        "seats": np.array([max(0, person.seats) for person in crowd], np.int32),
        "mentee_seats": np.array([-1 if person.mentee_seats is None else max(0, person.mentee_seats) for person in crowd], np.int32),
        "left_out": np.array([person.left_out for person in crowd], np.int8),
    }
    outside = sum(any(manager not in index for manager in person.manager_chain) for person in crowd)
    return Snapshot(ids=ids, chains_outside=outside, hash=_digest(ids, parts), **parts)  # type: ignore[arg-type]


def _said(codes: Mapping[str, int | None], empty: set[str]) -> dict[str, int | None]:
    return {code: value for code, value in codes.items() if code and code.casefold() not in empty}


def _set(empty: set[str], prefix: str, codes: Iterable[str]) -> dict[str, int | None]:
    return {prefix + code: None for code in codes if code and code.casefold() not in empty}


def _challenges(person: Person, empty: set[str]) -> dict[str, int | None]:
    """R15: short-term and long-term challenges are kept apart; the same word in both is two things."""
    return _set(empty, "now:", person.challenges) | _set(empty, "long:", person.challenges_long)


def _experience(person: Person, empty: set[str]) -> dict[str, int | None]:
    """Return the journey's codes and what the person can do."""
    return _set(empty, JOURNEY, person.experience) | _set(empty, "skill:", person.offers)


def _whole(value: int | None) -> int:
    return -1 if value is None else min(1_000, max(0, value))


def _years(value: float | None) -> int:
    """Return years in thousandths."""
    return -1 if value is None or not math.isfinite(value) or value < 0 else round(1_000 * min(value, 100.0))


def _codes(rows: Sequence[Mapping[str, int | None]], highest: int) -> Codes:
    vocabulary = tuple(sorted({code for row in rows for code in row}))
    number = {code: position for position, code in enumerate(vocabulary)}
    flat: list[int] = []
    values: list[int] = []
    lengths = np.zeros(len(rows) + 1, np.int64)
    for position, row in enumerate(rows):
        lengths[position + 1] = len(row)
        for code in sorted(row):
            flat.append(number[code])
            value = row[code]
            values.append(0 if value is None else min(highest, max(1, value)))
    return Codes(vocabulary, np.cumsum(lengths), np.array(flat, np.int32), np.array(values, np.int32))


def _column(values: Sequence[str | None], empty: set[str]) -> Column:
    vocabulary = tuple(sorted({value for value in values if value and value.casefold() not in empty}))
    number = {value: position for position, value in enumerate(vocabulary)}
    return Column(vocabulary, np.array([number.get(value or "", -1) for value in values], np.int32))


def _slots(crowd: Sequence[Person]) -> Bits:
    """R8, N16: weekly half hours as bits; a half hour counts only if all of it is free."""
    bits = np.zeros((len(crowd), SLOT_WORDS), np.uint64)
    known: dict[tuple[tuple[int, int], ...], Bits] = {}
    for position, person in enumerate(crowd):
        if person.availability:
            if person.availability not in known:
                known[person.availability] = _bits(person.availability)
            bits[position] = known[person.availability]
    return bits


def _bits(spans: Sequence[tuple[int, int]]) -> Bits:
    words = [0] * SLOT_WORDS
    for start, end in spans:
        for slot in range(-(-start // SLOT_MINUTES), end // SLOT_MINUTES):
            wrapped = slot % (WEEK_MINUTES // SLOT_MINUTES)
            words[wrapped // 64] |= 1 << (wrapped % 64)
    return np.array(words, np.uint64)


_BARS: tuple[tuple[Gate, Callable[[Person], Sequence[str]]], ...] = (
    (Gate.DO_NOT_PAIR, lambda person: person.do_not_pair),
    (Gate.LIVE_PARTNER, lambda person: person.live_partners),
    (Gate.PAST_PARTNER, lambda person: person.past_partners),
    (Gate.REPORTING_LINE, lambda person: person.manager_chain),
    (Gate.RECRUITER, lambda person: person.recruiter_of),
)


def _bars(crowd: Sequence[Person], index: Mapping[str, int]) -> tuple[Long, Int, Byte]:
    """Return who is barred from whom by name, both ways round, each with the first gate that bars them (R5)."""
    rows, columns, gates = [], [], []
    for position, person in enumerate(crowd):
        for gate, named in _BARS:
            for other in named(person):
                if other in index and index[other] != position:
                    rows.append(position)
                    columns.append(index[other])
                    gates.append(GATES.index(gate))
    mine, yours, gate_of = np.array(rows + columns, np.int64), np.array(columns + rows, np.int64), np.array(gates + gates, np.int8)
    order = np.lexsort((gate_of, yours, mine))
    mine, yours, gate_of = mine[order], yours[order], gate_of[order]
    first = np.ones(len(mine), bool)
    first[1:] = (mine[1:] != mine[:-1]) | (yours[1:] != yours[:-1])
    start = np.searchsorted(mine[first], np.arange(len(crowd) + 1)).astype(np.int64)
    return start, yours[first].astype(np.int32), gate_of[first]


def _digest(ids: Sequence[str], parts: Mapping[str, object]) -> str:
    """Return a hash of everything the engine can see."""
    digest = hashlib.sha256("\x1f".join(ids).encode())
    for name in sorted(parts):
        value = parts[name]
        pieces = [getattr(value, entry.name) for entry in fields(value)] if isinstance(value, Codes | Column) else [value]
        digest.update(name.encode())
        for piece in pieces:
            digest.update("\x1f".join(piece).encode() if isinstance(piece, tuple) else np.ascontiguousarray(piece).tobytes())
    return digest.hexdigest()
