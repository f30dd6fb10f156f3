"""A fact as a plain reader sees it: CloudEvents attributes and data, nothing of our classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """N1: one record of a fact topic. `attributes` are the `ce_` headers without their prefix."""

    topic: str
    partition: int
    offset: int
    key: str
    attributes: Mapping[str, str]
    data: Any

    @property
    def type(self) -> str:
        """Return the event type, empty when the record has none."""
        return self.attributes.get("type", "")

    def as_plain(self) -> dict[str, Any]:
        """Return the JSON object of `--json` and of the demo's `events.ndjson`."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "key": self.key,
            "attributes": dict(self.attributes),
            "data": self.data,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which facts somebody wants to see; None means all."""

    type: str | None = None
    """A whole type, or words of it: `pairing.activated` means `tandem.matching.pairing.activated.v1`."""
    subject: str | None = None

    def takes(self, fact: Fact) -> bool:
        """Say whether `fact` is wanted; types match by whole words, never by substring."""
        if self.subject is not None and self.subject not in {fact.key, fact.attributes.get("subject")}:
            return False
        return self.type is None or f".{self.type}." in f".{fact.type}."
