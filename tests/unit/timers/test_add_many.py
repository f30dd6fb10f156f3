"""Several timers by one call."""

from datetime import UTC, datetime, timedelta

from shared.kernel.cause import Cause
from shared.persistence.database import Database, Transaction
from shared.persistence.doorbell import Doorbell
from shared.timers.timers import COLLECTION, INDEXES, Timers, due_of
from tests.support.memory.database import memory_database

NOW = datetime(2027, 3, 1, tzinfo=UTC)


async def rows(database: Database) -> dict[str, tuple[datetime, str, str]]:
    """Return the waiting timers: when, what, why."""
    found = [due_of(row) for row in await database.collection(COLLECTION).find({})]
    return {due.id: (due.due_at, due.kind, due.cause.correlation_id) for due in found}


class TestAddMany:
    """They are like timers that were set one by one."""

    async def test_they_are_set(self) -> None:
        """Nothing to set is fine; all carry the transaction's cause (N17)."""
        database, bell = memory_database(), Doorbell()
        await database.ensure_indexes(INDEXES)

        async def first(tx: Transaction) -> None:
            timers = Timers(tx, bell, Cause(correlation_id="c-1"))
            await timers.add_many("ends", [("a", NOW + timedelta(1), {"n": 1}), ("b", NOW, {})])
            await timers.add_many("ends", [])

        await database.transact("test", first)
        assert await rows(database) == {"a": (NOW + timedelta(1), "ends", "c-1"), "b": (NOW, "ends", "c-1")}
        assert await bell.wait(1)
