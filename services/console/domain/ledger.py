"""Keeps count of a topic's facts per key: 1, 2, 3 … without a gap, each told once (N1, N2). Ids and numbers only."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.console.domain.facts import Fact

RECENT = 64
"""A killed relay repeats what it sent in its last moments; older ids of a key need not be kept, and of these a hash will do."""
TROUBLES_KEPT = 50


@dataclass(slots=True)
class Count:
    """How far one key is."""

    sequence: int
    recent: "array[int]" = field(default_factory=lambda: array("q"))


@dataclass(slots=True)
class Ledger:
    """What was read."""

    facts: int = 0
    copies: int = 0
    gaps: int = 0
    disorders: int = 0
    unreadable: int = 0
    troubles: list[dict[str, Any]] = field(default_factory=list)
    _keys: dict[tuple[str, str], Count] = field(default_factory=dict)

    def take(self, fact: Fact) -> None:
        """Count one fact. The first that is seen of a key may have any number: retention takes the oldest."""
        self.facts += 1
        event_id, text = fact.attributes.get("id", ""), fact.attributes.get("sequence", "")
        if not event_id or not text.isdecimal():
            self.unreadable += 1
            return
        sequence, place, mark = int(text), (fact.topic, fact.key), hash(event_id)
        known = self._keys.get(place)
        if known is None:
            self._keys[place] = Count(sequence, array("q", [mark]))
            return
        if mark in known.recent:
            self.copies += 1
            return
        if sequence > known.sequence + 1:
            self.gaps += 1
            self._complain("gap", fact, known.sequence, sequence)
        elif sequence < known.sequence:
            self.disorders += 1
            self._complain("disorder", fact, known.sequence, sequence)
        known.sequence = max(known.sequence, sequence)
        known.recent.append(mark)
        del known.recent[:-RECENT]

    @property
    def keys(self) -> int:
        """Return how many keys were seen."""
        return len(self._keys)

    def as_plain(self) -> dict[str, Any]:
        """Return the figures and the first troubles."""
        figures: Sequence[str] = ("facts", "keys", "copies", "gaps", "disorders", "unreadable")
        return {name: getattr(self, name) for name in figures} | {"troubles": self.troubles}

    def _complain(self, what: str, fact: Fact, before: int, now: int) -> None:
        if len(self.troubles) < TROUBLES_KEPT:
            place = {"topic": fact.topic, "partition": fact.partition, "offset": fact.offset, "key": fact.key}
            self.troubles.append({"what": what} | place | {"before": before, "now": now})
