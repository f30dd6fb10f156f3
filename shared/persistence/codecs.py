"""Aggregates to documents and back, by pydantic; compiled once per type and kept with the database that `main.py` builds."""

from typing import Any, TypeVar

from pydantic import TypeAdapter

from shared.kernel.aggregate import Aggregate

A = TypeVar("A", bound=Aggregate)
HELD_APART = frozenset({"id", "version", "revision", "_recorded"})


class Codecs:
    """Turns aggregates into plain JSON values and back."""

    def __init__(self) -> None:
        self._adapters: dict[type[Aggregate], TypeAdapter[Any]] = {}

    def body_of(self, aggregate: Aggregate) -> dict[str, Any]:
        """Return the aggregate's own fields as JSON values."""
        dumped: dict[str, Any] = self._adapter(type(aggregate)).dump_python(aggregate, mode="json")
        return {name: value for name, value in dumped.items() if name not in HELD_APART}

    def aggregate_of(self, type_: type[A], aggregate_id: str, body: dict[str, Any], version: int, revision: int) -> A:
        """Return the aggregate that `body` describes."""
        aggregate: A = self._adapter(type_).validate_python({"id": aggregate_id} | body)
        return aggregate.stamped(version, revision)

    def _adapter(self, type_: type[Aggregate]) -> TypeAdapter[Any]:
        if type_ not in self._adapters:
            self._adapters[type_] = TypeAdapter(type_)
        return self._adapters[type_]
