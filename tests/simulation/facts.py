"""What really happened in a run, read from commit logs and topics only: no repository, no domain code."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.simulation.node import Servers


@dataclass(frozen=True, slots=True)
class Fact:
    """One outbox row of one commit."""

    id: str
    service: str
    commit: int
    at: datetime
    """Technical time of the change, on the clock of who made it."""
    label: str
    topic: str
    key: str
    version: int
    index: int
    type: str
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @property
    def data(self) -> dict[str, Any]:
        """Return what it says."""
        found: dict[str, Any] = json.loads(self.value or b"{}")
        return found

    @property
    def name(self) -> str:
        """Return its short name (`pairing.formed`)."""
        return self.type.removeprefix(f"tandem.{self.service}.").rsplit(".v", 1)[0]


def facts_of(servers: Servers, service: str) -> Iterator[Fact]:
    """Yield a service's committed facts in the order of their commits."""
    for entry in servers.databases[service].log:
        rows = [row for (name, _), row in entry.writes.items() if name == "outbox" and row is not None]
        for row in sorted(rows, key=lambda row: row["index"]):
            headers = tuple((name, bytes(content)) for name, content in row["headers"])
            yield Fact(
                id=row["_id"],
                service=service,
                commit=entry.number,
                at=row["at"],
                label=entry.label,
                topic=row["topic"],
                key=row["key"],
                version=row["version"],
                index=row["index"],
                type=dict(headers)["ce_type"].decode(),
                value=row["value"],
                headers=headers,
            )


def all_facts(servers: Servers) -> dict[str, Fact]:
    """Return every committed fact by its id."""
    return {fact.id: fact for service in servers.databases for fact in facts_of(servers, service)}


def event_id(record: Any) -> str:
    """Return the id that a record carries."""
    return bytes(dict(record.headers)["ce_id"]).decode()
