"""Documents that a batch reads and replaces: one read, one write, the same outcome."""

from typing import Any

import pytest

from shared.kernel.errors import NotYet
from shared.persistence.database import Database, Document, Transaction
from shared.persistence.kept import kept_documents
from tests.support.memory.database import memory_database
from tests.unit.messaging.conftest import HandClock

CARDS = "cards"


@pytest.fixture
async def database() -> Database:
    """Return a database with two cards."""
    database = memory_database(wall=HandClock())
    await database.collection(CARDS).insert_many([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}])
    return database


async def all_of(database: Database) -> list[Document]:
    """Return the cards as they stand."""
    return await database.collection(CARDS).find({}, sort=[("_id", 1)])


class Counted:
    """A collection that notes which calls it gets."""

    def __init__(self, tx: Transaction, monkeypatch: pytest.MonkeyPatch) -> None:
        """Stand in for the transaction's collection."""
        self.calls: list[str] = []
        self._on = tx.collection(CARDS)
        monkeypatch.setattr(tx, "collection", lambda _: self)

    def __getattr__(self, name: str) -> Any:
        """Note the call, then make it."""
        self.calls.append(name)
        return getattr(self._on, name)


class TestKeptDocuments:
    """One read and one write a transaction."""

    async def test_a_batch_costs_one_read_and_one_write(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        """N4: two hundred cards cost what one costs; those that are missing are not asked for again."""
        counted: list[Counted] = []

        async def work(tx: Transaction) -> None:
            counted.append(Counted(tx, monkeypatch))
            tx.foreseen = ("a", "b", "c")
            for each in tx.foreseen:
                cards = kept_documents(tx, CARDS)
                found = await cards.get(each)
                cards.put({"_id": each, "n": 1 + (found["n"] if found else 0)})

        await database.transact("batch", work)
        assert counted[0].calls == ["find", "replace_many"]
        assert await all_of(database) == [{"_id": "a", "n": 2}, {"_id": "b", "n": 2}, {"_id": "c", "n": 1}]

    async def test_what_was_put_is_read_and_the_last_word_counts(self, database: Database) -> None:
        """N2: two events of one key in a batch follow each other."""

        async def work(tx: Transaction) -> None:
            for number in (5, 6):
                kept_documents(tx, CARDS).put({"_id": "a", "n": number})
            assert await kept_documents(tx, CARDS).get("a") == {"_id": "a", "n": 6}
            assert await kept_documents(tx, CARDS).get_many(["zz", "b", "a"]) == {"b": {"_id": "b", "n": 1}, "a": {"_id": "a", "n": 6}}

        await database.transact("work", work)
        assert (await all_of(database))[0] == {"_id": "a", "n": 6}

    async def test_removed_is_gone_also_after_a_put(self, database: Database) -> None:
        """N18: and may come again in the same batch."""

        async def work(tx: Transaction) -> None:
            cards = kept_documents(tx, CARDS)
            for each in ("a", "b"):
                cards.put({"_id": each, "n": 9})
                await cards.remove(each)
                assert await cards.get(each) is None
            cards.put({"_id": "b", "n": 10})

        await database.transact("work", work)
        assert await all_of(database) == [{"_id": "b", "n": 10}]

    async def test_nothing_stays_of_a_failed_transaction(self, database: Database) -> None:
        """N2: all of it or nothing."""

        async def work(tx: Transaction) -> None:
            kept_documents(tx, CARDS).put({"_id": "a", "n": 9})
            raise NotYet("x")

        with pytest.raises(NotYet):
            await database.transact("work", work)
        assert (await all_of(database))[0]["n"] == 1

    async def test_somebody_else_in_between_makes_it_run_again(self, database: Database) -> None:
        """N2: an update is never lost, though the write comes late."""
        runs: list[int] = []

        async def work(tx: Transaction) -> None:
            runs.append(1)
            cards = kept_documents(tx, CARDS)
            found = await cards.get("a")
            assert found is not None
            if len(runs) == 1:
                await database.collection(CARDS).update_one({"_id": "a"}, {"$set": {"n": 100}})
            cards.put({"_id": "a", "n": found["n"] + 1})

        await database.transact("work", work)
        assert len(runs) == 2
        assert (await all_of(database))[0]["n"] == 101
