"""Setting and cancelling durable timers, in the transaction that needs them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.persistence.database import Document, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.indexes import Index

COLLECTION = "timers"
INDEXES = (Index(collection=COLLECTION, keys=(("state", 1), ("wake_at", 1))),)
WAITING, STUCK = "waiting", "stuck"


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A timer whose time has come. Handled at least once, so its work must be repeatable."""

    id: str
    kind: str
    data: dict[str, Any]
    due_at: datetime
    cause: Cause

    def reached(self, clock: Clock) -> datetime:
        """Return the present, but not before `due_at`: a clock that was set back between the look and the work must lose no timer."""
        return max(clock.now(), self.due_at)


class Timers:
    """Timers seen from one transaction: they exist when it commits, and only then."""

    def __init__(self, tx: Transaction, doorbell: Doorbell, cause: Cause | None = None) -> None:
        """`cause` goes along to the work that the timer starts, unless `set` names another."""
        self._tx = tx
        self._doorbell = doorbell
        self._cause = cause

    async def set(self, id: str, due_at: datetime, kind: str, data: dict[str, Any], cause: Cause | None = None) -> None:  # noqa: A002
        """Set the timer `id` (the same id replaces) to business time `due_at`; `data` holds plain JSON values."""
        await self._tx.collection(COLLECTION).replace_one({"_id": id}, self._row(id, due_at, kind, data, cause or self._cause), upsert=True)
        self._ring()

    async def add_many(self, kind: str, timers: Sequence[tuple[str, datetime, dict[str, Any]]]) -> None:
        """Set several timers of one kind by one insert; each is an id that is new, its due time and its data."""
        await self._tx.collection(COLLECTION).insert_many([self._row(id_, due_at, kind, data, self._cause) for id_, due_at, data in timers])
        self._ring()

    @staticmethod
    def _row(id_: str, due_at: datetime, kind: str, data: dict[str, Any], cause: Cause | None) -> Document:
        return {
            "_id": id_,
            "state": WAITING,
            "wake_at": due_at,
            "due_at": due_at,
            "kind": kind,
            "data": data,
            "attempts": 0,
            "correlation_id": cause.correlation_id if cause else None,
            "causation_id": cause.causation_id if cause else None,
        }

    def _ring(self) -> None:
        self._tx.once("timers.rung", lambda: self._tx.after_commit(self._doorbell.ring))

    async def cancel(self, id: str) -> None:  # noqa: A002
        """Cancel the timer `id`; harmless when it does not exist (any more)."""
        await self._tx.collection(COLLECTION).delete_one({"_id": id})


def due_of(row: Document) -> Due:
    """Return the timer that a row describes."""
    cause = Cause(correlation_id=row["correlation_id"] or f"timer-{row['_id']}", causation_id=row["causation_id"])
    return Due(id=row["_id"], kind=row["kind"], data=row["data"], due_at=row["due_at"], cause=cause)
