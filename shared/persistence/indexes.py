"""Indexes as data: made at start-up, before any transaction, never by accident (embedded servers make them fast, section 9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """One index of one collection; without `keys` the collection is only created.

    `keys` is ``(("field", 1), …)``. `partial` limits the index to matching documents. `expire_after` makes it a TTL index:
    a housekeeper's broom, never a rule (expiry is always a condition on a clock).
    """

    collection: str
    keys: tuple[tuple[str, int], ...] = ()
    unique: bool = False
    partial: Mapping[str, Any] | None = None
    expire_after: timedelta | None = None

    @property
    def name(self) -> str:
        """Return the index's stable name."""
        return "_".join(f"{field}_{direction}" for field, direction in self.keys)
