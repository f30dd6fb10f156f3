"""What a round freezes of each member, and what comes out for them (N7)."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from services.matching.domain.card import Card


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenMember:
    """One member as the round sees them, whatever happens later."""

    card: Card
    seats: int
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
    """Two or three members who are to be proposed to each other, and why, for each of them."""

    members: tuple[str, ...]
    weight: int
    gains: tuple[float, ...] = ()
    explanations: dict[str, Explanation] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """A piece of the outcome that is published in one transaction."""

    number: int
    groups: tuple[Group, ...] = ()
    unmatched: dict[str, str] = field(default_factory=dict)


def digest_of(lines: Iterable[dict[str, Any]]) -> str:
    """N7: return the hash of a snapshot from its members' lines in the order of their ids."""
    state = hashlib.sha256()
    for line in lines:
        state.update(json.dumps(line, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
        state.update(b"\n")
    return state.hexdigest()


def leaves_of(groups: list[Group], unmatched: dict[str, str], *, groups_max: int, unmatched_max: int) -> list[Leaf]:
    """Cut an outcome into pieces of bounded size, in a fixed order."""
    leaves = [Leaf(number=0, groups=tuple(groups[start : start + groups_max])) for start in range(0, len(groups), groups_max)]
    names = sorted(unmatched)
    leaves += [
        Leaf(number=0, unmatched={name: unmatched[name] for name in names[start : start + unmatched_max]})
        for start in range(0, len(names), unmatched_max)
    ]
    return [Leaf(number=number, groups=leaf.groups, unmatched=leaf.unmatched) for number, leaf in enumerate(leaves)]
