"""What really happened in a run, read from commit logs and topics only: no repository, no domain code."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from tests.simulation.node import Servers


@dataclass(frozen=True)
class Fact:
    """One outbox row of one commit."""

    id: str
    service: str
    commit: int
    at: datetime
    """Technical time of the change, on the clock of who made it."""
    topic: str
    key: str
    version: int
    index: int
    type: str
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]

    @cached_property
    def data(self) -> dict[str, Any]:
        """Return what it says."""
        found: dict[str, Any] = json.loads(self.value or b"{}")
        return found

    @cached_property
    def name(self) -> str:
        """Return its short name (`pairing.formed`)."""
        return self.type.removeprefix(f"tandem.{self.service}.").rsplit(".v", 1)[0]

    @property
    def correlation_id(self) -> str:
        """Return the id of the request that began it all."""
        return dict(self.headers)["ce_correlationid"].decode()


@dataclass
class Ledger:
    """The facts of a run so far, read once from the commit logs as these grow."""

    servers: Servers
    by_service: dict[str, list[Fact]] = field(default_factory=dict)
    by_id: dict[str, Fact] = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)

    def read(self) -> None:
        """Read on."""
        for service, database in self.servers.databases.items():
            facts = self.by_service.setdefault(service, [])
            for entry in database.log[self._read.get(service, 0) :]:
                rows = [row for (name, _), row in entry.writes.items() if name == "outbox" and row is not None]
                for row in sorted(rows, key=lambda row: row["index"]):
                    fact = _fact_of(service, entry.number, row)
                    facts.append(fact)
                    self.by_id[fact.id] = fact
            self._read[service] = len(database.log)

    def named(self, service: str, *names: str) -> list[Fact]:
        """Return a service's facts of these names in the order of their commits."""
        return [fact for fact in self.by_service[service] if fact.name in names]


def _fact_of(service: str, commit: int, row: dict[str, Any]) -> Fact:
    headers = tuple((name, bytes(content)) for name, content in row["headers"])
    return Fact(
        id=row["_id"],
        service=service,
        commit=commit,
        at=row["at"],
        topic=row["topic"],
        key=row["key"],
        version=row["version"],
        index=row["index"],
        type=dict(headers)["ce_type"].decode(),
        value=row["value"],
        headers=headers,
    )


def event_id(record: Any) -> str:
    """Return the id that a record carries, or its place."""
    found = dict(record.headers).get("ce_id")
    return bytes(found).decode() if found else f"{record.topic}/{record.partition}/{record.offset}"
