"""What would be the server of the in-memory database: committed versions of documents, who writes what, and the log of commits."""

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from shared.persistence.indexes import Index
from tests.support.memory.documents import Document, copied

if TYPE_CHECKING:
    from tests.support.memory.database import MemorySession

Place = tuple[str, Any]


@dataclass(frozen=True, slots=True)
class Committed:
    """One entry of the commit log: the oracle's truth."""

    number: int
    label: str
    writes: dict[Place, Document | None]


@dataclass
class MemoryServer:
    """What would be the server: committed versions of documents, and who writes what at the moment."""

    number: int = 0
    versions: dict[Place, list[tuple[int, Document | None]]] = field(default_factory=dict)
    names: dict[str, dict[Any, None]] = field(default_factory=dict)
    writers: dict[Place, "MemorySession"] = field(default_factory=dict)
    indexes: dict[str, dict[str, Index]] = field(default_factory=dict)
    log: list[Committed] = field(default_factory=list)
    reading: dict["MemorySession", None] = field(default_factory=dict)
    """Sessions with a snapshot, oldest first."""
    deleted: deque[tuple[int, Place]] = field(default_factory=deque)

    def at(self, place: Place, number: int) -> Document | None:
        """Return a document as of a commit number."""
        for committed, document in reversed(self.versions.get(place, [])):
            if committed <= number:
                return document
        return None

    def newest(self, place: Place) -> int:
        """Return the number of the last commit that touched a document."""
        versions = self.versions.get(place)
        return versions[-1][0] if versions else 0

    def commit(self, label: str, writes: dict[Place, Document | None]) -> None:
        """Make writes visible to later snapshots."""
        self.number += 1
        for place, document in writes.items():
            self.versions.setdefault(place, []).append((self.number, document))
            self.names.setdefault(place[0], {})[place[1]] = None
            if document is None:
                self.deleted.append((self.number, place))
        self.log.append(Committed(self.number, label, dict(writes)))
        self._forget()

    def _forget(self) -> None:
        """Drop deleted documents that no snapshot can show any more."""
        oldest = next(iter(self.reading)).snapshot if self.reading else self.number
        while self.deleted and self.deleted[0][0] <= (oldest or 0):
            number, place = self.deleted.popleft()
            if self.newest(place) == number:
                del self.versions[place]
                del self.names[place[0]][place[1]]

    def fail_over(self) -> None:
        """Abort every open transaction, as a new primary does."""
        for session in [*self.reading, *self.writers.values()]:
            session.cut()

    def documents(self, name: str) -> list[Document]:
        """Return the committed documents of a collection (for tests)."""
        found = (self.at((name, each), self.number) for each in self.names.get(name, {}))
        return [copied(each) for each in found if each is not None]
