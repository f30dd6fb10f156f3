"""The inbox: which events took effect already, in the transaction of the effect (N2)."""

from collections.abc import Iterable
from datetime import timedelta

from shared.persistence.database import Transaction
from shared.persistence.indexes import Index

COLLECTION = "inbox"
INDEXES = (Index(collection=COLLECTION, keys=(("expires_at", 1),), expire_after=timedelta(0)),)


class Inbox:
    """The inbox of one consumer group, seen from one transaction."""

    def __init__(self, tx: Transaction, group: str, keep: timedelta) -> None:
        """Rows stay for `keep`: longer than topics are retained and dead letters lie, or a replay would double effects."""
        self._tx = tx
        self._group = group
        self._keep = keep

    async def mark(self, event_ids: Iterable[str]) -> list[str]:
        """Mark events as handled; return those that were not marked before. A racing twin aborts the transaction."""
        now = self._tx.wall.now()
        prefix = f"{self._group}:"
        expires_at = now + self._keep
        rows = [{"_id": prefix + each, "at": now, "expires_at": expires_at} for each in dict.fromkeys(event_ids)]
        new = await self._tx.collection(COLLECTION).upsert_missing(rows)
        return [each[len(prefix) :] for each in new]
