"""What a service remembers of other services' facts and could forget: declared by its `main.py`, built anew by a replay."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.topics import Kind, Topic
from shared.persistence.database import Document

Said = dict[str, Any]
"""What a document says, as far as it is a replica."""


@dataclass(frozen=True, kw_only=True)
class Replica:
    """N1, N2: documents that follow from the facts on `topics` and from nothing else."""

    collection: str
    topics: tuple[Topic, ...]
    """All topics whose handlers write these documents."""
    key: str = "_id"
    """Where a document names the key of its events."""
    fields: tuple[str, ...] = ()
    """When the document is an aggregate of the service's own: the paths that are a replica; the rest of it is never touched."""
    empty: tuple[tuple[str, Any], ...] = ()
    """How a document looks that says nothing yet, such as one made so that a first record is noticed."""

    @property
    def is_listed(self) -> bool:
        """Say whether a state topic names every key that there is, so that a document without a record is a stray."""
        return any(topic.kind is Kind.STATE for topic in self.topics)

    @property
    def facts(self) -> frozenset[str]:
        """Return the names of the fact topics: of each the whole history of a key is needed."""
        return frozenset(topic.name for topic in self.topics if topic.kind is not Kind.STATE)

    def said(self, document: Document) -> Said | None:
        """Return what a document says; None when nothing."""
        if self.empty and all(document.get(name) == value for name, value in self.empty):
            return None
        return {path: value_at(document, path) for path in self.fields} if self.fields else document

    def by_key(self, documents: Iterable[Document]) -> dict[str, dict[str, Document]]:
        """Return documents that say something, by key and id."""
        found: dict[str, dict[str, Document]] = {}
        for document in documents:
            if self.said(document) is not None:
                found.setdefault(str(value_at(document, self.key)), {})[document["_id"]] = document
        return found

    def same(self, one: Mapping[str, Document], other: Mapping[str, Document]) -> bool:
        """Say whether two sets of documents of one key say the same."""
        return {name: self.said(each) for name, each in one.items()} == {name: self.said(each) for name, each in other.items()}

    def merged(self, live: Document | None, built: Document) -> Document | None:
        """Return what is to stand there; None when an aggregate's own part is lost, which no topic can bring back."""
        if not self.fields:
            return built
        if live is None:
            return None
        body = dict(live)
        for path in self.fields:
            _put(body, path, value_at(built, path))
        return body | {"revision": live["revision"] + 1}


def value_at(document: Mapping[str, Any], path: str) -> Any:
    """Return the value at a dotted path, None when there is none."""
    found: Any = document
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *way, last = path.split(".")
    for name in way:
        document[name] = dict(document.get(name) or {})
        document = document[name]
    document[last] = value
