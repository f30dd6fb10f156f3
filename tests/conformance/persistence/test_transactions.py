"""What a transaction promises, on the imitated and on the real database."""

import asyncio

import pytest

from shared.kernel.errors import StaleVersion
from shared.kernel.randomness import seeded
from shared.persistence.database import Database, Transaction
from shared.persistence.errors import DuplicateKey, TransientFault
from shared.persistence.leases import Lease


class Spilt(Exception):
    """A failure of the work."""


async def put(tx: Transaction, name: str, n: int) -> None:
    """Write one document."""
    await tx.collection("things").replace_one({"_id": name}, {"_id": name, "n": n}, upsert=True)


class TestAllOrNothing:
    """A unit of work happens whole or not at all."""

    async def test_commit_shows_everything(self, database: Database) -> None:
        """N2: state and outbox in one transaction."""

        async def work(tx: Transaction) -> str:
            await put(tx, "a", 1)
            await tx.collection("outbox").insert_one({"_id": "e"})
            assert await database.collection("things").count({}) == 0
            assert await tx.collection("things").count({}) == 1
            return "done"

        assert await database.transact("test", work) == "done"
        assert await database.collection("things").count({}) == 1
        assert await database.collection("outbox").count({}) == 1

    async def test_failure_leaves_nothing(self, database: Database) -> None:
        """N2: nothing of a failed unit of work stays."""

        async def work(tx: Transaction) -> None:
            await put(tx, "a", 1)
            raise Spilt

        with pytest.raises(Spilt):
            await database.transact("test", work)
        assert await database.collection("things").count({}) == 0

    async def test_work_before_the_commit_is_inside_and_bells_ring_after(self, database: Database) -> None:
        """N2: the outbox rows are written with the commit; the doorbell rings once it is through."""
        rung: list[int] = []

        async def work(tx: Transaction) -> None:
            async def late() -> None:
                await put(tx, "late", 1)

            tx.before_commit(late)
            tx.after_commit(lambda: rung.append(1))
            assert not rung

        await database.transact("test", work)
        assert rung == [1]
        assert await database.collection("things").count({"_id": "late"}) == 1


class TestConflict:
    """Units of work that meet."""

    async def test_snapshot_does_not_move(self, database: Database) -> None:
        """N2: a unit of work sees one state of the world."""
        await database.collection("things").insert_one({"_id": "a", "n": 1})
        seen: list[int] = []

        async def work(tx: Transaction) -> None:
            for _ in range(2):
                found = await tx.collection("things").find_one({"_id": "a"})
                assert found is not None
                seen.append(found["n"])
                await database.collection("things").update_one({"_id": "a"}, {"$inc": {"n": 1}})

        await database.transact("test", work)
        assert seen == [1, 1]

    async def test_twenty_racing_increments_all_count(self, database: Database) -> None:
        """N2: of two that change one document, the later runs again."""
        await database.collection("things").insert_one({"_id": "a", "n": 0})

        async def work(tx: Transaction) -> None:
            found = await tx.collection("things").find_one({"_id": "a"})
            assert found is not None
            await put(tx, "a", found["n"] + 1)

        await asyncio.gather(*(database.transact("test", work) for _ in range(20)))
        assert await database.collection("things").find_one({"_id": "a"}) == {"_id": "a", "n": 20}

    async def test_racing_upserts_of_one_id_have_one_winner(self, database: Database) -> None:
        """N2: the inbox: of two consumers with the same batch, one applies it, the other finds it done."""

        async def work(tx: Transaction) -> int:
            new = await tx.collection("things").upsert_missing([{"_id": "e1"}, {"_id": "e2"}])
            await asyncio.sleep(0.01)
            return len(new)

        assert sorted(await asyncio.gather(*(database.transact("test", work) for _ in range(4)))) == [0, 0, 0, 2]

    async def test_racing_inserts_of_one_id_have_one_winner(self, database: Database) -> None:
        """R10: the loser runs again and finds the winner's document."""

        async def work(tx: Transaction) -> bool:
            if await tx.collection("things").find_one({"_id": "one"}):
                return False
            await tx.collection("things").insert_one({"_id": "one"})
            return True

        assert sorted(await asyncio.gather(*(database.transact("test", work) for _ in range(5)))) == [False] * 4 + [True]

    async def test_racing_claims_of_a_unique_slot_have_one_winner(self, database: Database) -> None:
        """R30: two bookings race for one slot of one person."""

        async def claim(tx: Transaction, number: int) -> bool:
            if await tx.collection("taken").find_one({"slot": "s", "open": True}):
                return False
            await tx.collection("taken").insert_one({"_id": number, "slot": "s", "open": True})
            return True

        answers = await asyncio.gather(*(database.transact("test", lambda tx, n=n: claim(tx, n)) for n in range(4)))  # type: ignore[misc]
        assert sorted(answers) == [False, False, False, True]

    async def test_duplicate_that_stays_is_told_after_two_reruns(self, database: Database) -> None:
        """N2: a true duplicate is no conflict: it ends, and quickly."""
        await database.collection("things").insert_one({"_id": "a"})
        runs: list[int] = []

        async def work(tx: Transaction) -> None:
            runs.append(1)
            await tx.collection("things").insert_one({"_id": "a"})

        with pytest.raises(DuplicateKey):
            await database.transact("test", work)
        assert len(runs) == 3

    async def test_stale_version_runs_again_until_the_time_is_over(self, database: Database) -> None:
        """N2: a rerun has a limit."""
        runs: list[int] = []

        async def work(tx: Transaction) -> None:
            runs.append(1)
            raise StaleVersion("things", "a")

        with pytest.raises(StaleVersion):
            await database.transact("test", work, give_up_after=0.1)
        assert len(runs) > 1

    async def test_first_writer_wins_and_the_second_is_told_at_once(self, database: Database) -> None:
        """N2: a conflict aborts at the write (112), so locks are never waited for."""
        await database.collection("things").insert_one({"_id": "a", "n": 0})
        inside, may_end = asyncio.Event(), asyncio.Event()

        async def slow(tx: Transaction) -> None:
            await put(tx, "a", 1)
            inside.set()
            await may_end.wait()

        async def quick(tx: Transaction) -> None:
            await put(tx, "a", 2)

        first = asyncio.gather(database.transact("slow", slow))
        await inside.wait()
        with pytest.raises(TransientFault):
            await database.transact("quick", quick, give_up_after=0.05)
        may_end.set()
        await first
        assert await database.collection("things").find_one({"_id": "a"}) == {"_id": "a", "n": 1}


class TestLease:
    """One process at a time."""

    async def test_one_of_two_holds_it_and_hands_it_over(self, database: Database) -> None:
        """N2: one relay at a time; the fencing token rises with each owner."""
        first, second = (Lease(database, "relay", randomness=seeded(each)) for each in "ab")
        assert sorted(await asyncio.gather(first.try_take(), second.try_take())) == [False, True]
        holder, other = (first, second) if first.held else (second, first)
        assert await holder.try_take()
        token = holder.token
        await holder.give_up()
        assert not holder.held
        assert await other.try_take()
        assert other.token == token + 1
        assert not await holder.try_take()

    async def test_a_restarted_replica_takes_its_own_lease_at_once(self, database: Database) -> None:
        """N2: after kill -9 a replica with a name does not wait for its former self."""
        before = Lease(database, "relay", randomness=seeded("a"), replica="matching-0")
        after = Lease(database, "relay", randomness=seeded("b"), replica="matching-0")
        assert await before.try_take()
        assert await after.try_take()
        assert after.token == before.token + 1
