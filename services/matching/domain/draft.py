"""A draft of a round: what the optimiser was asked on the frozen snapshot, and what it answered (N7)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from services.matching.domain.rules import RuleSet

Members = tuple[str, ...]
Two = tuple[str, str]


def two(members: Iterable[str]) -> Two:
    """Return two members in the order in which a wish names them."""
    one, other = sorted(members)
    return one, other


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What the optimiser answered, in counts, and what it takes to repeat it byte for byte (N7)."""

    size: int
    pairs: int
    trios: int
    unmatched: int
    weight: int
    bound: int | None
    engine: str
    engine_version: str
    result_hash: str
    leaves: int
    """How many documents hold the outcome, each published in one transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One answer of the optimiser on the round's snapshot: asked for how, and what came out. The last one is published."""

    number: int
    rules: RuleSet
    seed: int
    base: int | None = None
    """The draft whose groups are built on: the locked ones stay, in a repair all that nothing touches."""
    is_repair: bool = False
    expected: str | None = None
    """N7: the result hash of the what-if that is committed; another result is not taken."""
    locked: tuple[Members, ...] = ()
    forbidden: tuple[Two, ...] = ()
    seats_left: dict[str, int] | None = None
    """Who can hold fewer seats by now than the draft gives them; None: nobody has looked yet."""
    touched: dict[str, str] = field(default_factory=dict)
    """The reason (a code) of each of them: the named conflict of a repair."""
    solution: Solution | None = None
