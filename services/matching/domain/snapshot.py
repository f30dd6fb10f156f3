"""What a round freezes of each member, and what comes out for them (N7)."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.matching.domain.card import Card


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMember:
    """One member as the round sees them, whatever happens later."""

    card: Card
    seats: int
    mentee_seats: int | None = None
    """R43, kind `mentor`: how many mentors they may still get."""
    left_out: int = 0
    resting: str | None = None
    """`paused` or `away`: named as the reason, not given to the optimiser (C)."""
    barred: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    met: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """R17, N6: four lists of evidence for one side, each item (kind, code). Challenges are never listed (R9)."""

    shared: tuple[tuple[str, str], ...] = ()
    different: tuple[tuple[str, str], ...] = ()
    you_give: tuple[tuple[str, str], ...] = ()
    you_get: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Two members or more who are to be proposed to each other, and why, for each of them."""

    members: tuple[str, ...]
    weight: int
    gains: tuple[float, ...] = ()
    """What each member gains, 0..1, in the order of `members`; for comparing drafts."""
    explanations: dict[str, Explanation] = field(default_factory=dict)
    mentee: str | None = None
    """R43, kind `mentor`: who is helped."""
    last_for: tuple[str, ...] = ()
    """Members who appear in no later group: when this one fails, it is known whether they got nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A piece of the outcome that is published in one transaction."""

    number: int
    groups: tuple[Group, ...] = ()
    unmatched: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Report:
    """The figures of a draft, aggregates only (R13)."""

    figures: dict[str, Any]


def digest_of(lines: Iterable[Any]) -> str:
    """N7: return the hash of values in the order given, written as canonical JSON."""
    state = hashlib.sha256()
    for line in lines:
        state.update(json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str).encode())
        state.update(b"\n")
    return state.hexdigest()


def outcome_hash(groups: Iterable[Group], unmatched: Mapping[str, str]) -> str:
    """N7: return the hash of an outcome: who is with whom at which score, and who is not, for which reason."""
    said = sorted((list(group.members), group.weight) for group in groups)
    return digest_of([*said, sorted(unmatched.items())])


def leaves_of(groups: Sequence[Group], unmatched: Mapping[str, str], *, groups_max: int, unmatched_max: int) -> Iterator[Leaf]:
    """Cut an outcome into pieces of bounded size, in a fixed order; each group knows for whom it is the last."""
    last = {member: place for place, group in enumerate(groups) for member in group.members}
    marked = [
        replace(group, last_for=tuple(member for member in group.members if last[member] == place)) for place, group in enumerate(groups)
    ]
    number = 0
    for start in range(0, len(marked), groups_max):
        yield Leaf(number=number, groups=tuple(marked[start : start + groups_max]))
        number += 1
    names = sorted(unmatched)
    for start in range(0, len(names), unmatched_max):
        yield Leaf(number=number, unmatched={name: unmatched[name] for name in names[start : start + unmatched_max]})
        number += 1
