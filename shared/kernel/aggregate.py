"""Aggregates and the domain events they record."""

from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainEvent:
    """Something that happened, said in the past tense. Subclasses carry ids, codes, times and numbers."""


@dataclass(kw_only=True)
class Aggregate:
    """A cluster of state that changes as one, and the facts it recorded since it was loaded.

    `version` counts the facts ever recorded: the n-th fact of an aggregate has version n, without a gap; it is
    published as `ce_sequence`. `revision` counts saves (also those without a fact) and is the optimistic lock.
    """

    id: str
    version: int = 0
    revision: int = 0
    _recorded: list[tuple[int, DomainEvent]] = field(default_factory=list, init=False, repr=False, compare=False)

    def record(self, event: DomainEvent) -> None:
        """Note a fact; it gets the next version."""
        self.version += 1
        self._recorded.append((self.version, event))

    def take_recorded(self) -> list[tuple[int, DomainEvent]]:
        """Return the facts recorded since the last call, each with its version, and forget them."""
        taken, self._recorded = self._recorded, []
        return taken

    def stamped(self, version: int, revision: int) -> Self:
        """Set what the store knows about this aggregate (used by stores only)."""
        self.version, self.revision = version, revision
        return self
