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
        """Mark events as handled; return those that were not marked before.

        Read now, so that handlers begin soon, and written right before the commit: a twin that marks the same event meanwhile makes
        the insert fail, and the transaction runs again and finds it marked (one snapshot, first writer wins).
        """
        inbox = self._tx.collection(COLLECTION)
        ids = {f"{self._group}:{each}": each for each in event_ids}
        if ids:
            for row in await inbox.find({"_id": {"$in": list(ids)}}, projection={"_id": 1}):
                del ids[row["_id"]]
        now = self._tx.wall.now()
        expires_at = now + self._keep
        self._tx.before_commit(lambda: inbox.insert_many([{"_id": each, "at": now, "expires_at": expires_at} for each in ids]))
        return list(ids.values())
