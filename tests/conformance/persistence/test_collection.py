"""What a collection does, on the imitated and on the real database."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from shared.persistence.database import Database, Updated
from shared.persistence.errors import DuplicateKey
from tests.conformance.persistence.conftest import INDEXES

NOON = datetime(2027, 3, 28, 12, 0, tzinfo=UTC)
THINGS: list[dict[str, Any]] = [
    {"_id": "a", "n": 1, "tags": ["x", "y"], "at": NOON, "ix": {"state": "open"}, "gone": None},
    {"_id": "b", "n": 2, "tags": [], "at": NOON + timedelta(hours=1), "ix": {"state": "shut"}},
    {"_id": "c", "n": 2.5, "tags": ["y"], "at": NOON + timedelta(hours=2), "ix": {"state": "open"}, "parts": [{"who": "m", "k": 1}]},
    {"_id": "d", "n": "two", "flag": True},
]


async def filled(database: Database) -> None:
    """Put the sample documents in."""
    await database.collection("things").insert_many(THINGS)


class TestFind:
    """Reading."""

    @pytest.mark.parametrize(
        ("filter_", "expected"),
        [
            ({}, ["a", "b", "c", "d"]),
            ({"_id": {"$in": ["c", "a", "z"]}}, ["a", "c"]),
            ({"n": 2}, ["b"]),
            ({"n": {"$gte": 2}}, ["b", "c"]),
            ({"n": {"$gt": 1, "$lt": 2.5}}, ["b"]),
            ({"n": {"$ne": 2}}, ["a", "c", "d"]),
            ({"n": {"$nin": [1, "two"]}}, ["b", "c"]),
            ({"tags": "y"}, ["a", "c"]),
            ({"tags": {"$all": ["x", "y"]}}, ["a"]),
            ({"ix.state": "open"}, ["a", "c"]),
            ({"gone": None}, ["a", "b", "c", "d"]),
            ({"gone": {"$exists": True}}, ["a"]),
            ({"flag": True}, ["d"]),
            ({"flag": 1}, []),
            ({"at": {"$gte": NOON, "$lt": NOON + timedelta(hours=2)}}, ["a", "b"]),
            ({"$or": [{"n": 1}, {"ix.state": "shut"}]}, ["a", "b"]),
            ({"$and": [{"tags": "y"}, {"n": {"$lte": 1}}]}, ["a"]),
            ({"parts": {"$elemMatch": {"who": "m", "k": {"$gte": 1}}}}, ["c"]),
            ({"parts.who": "m"}, ["c"]),
            ({"n": {"$not": {"$gte": 2}}}, ["a", "d"]),
        ],
    )
    async def test_filters_select(self, database: Database, filter_: Mapping[str, Any], expected: list[str]) -> None:
        """N2: the filters that the code uses mean the same on both."""
        await filled(database)
        found = await database.collection("things").find(filter_, sort=[("_id", 1)])
        assert [each["_id"] for each in found] == expected

    async def test_sort_limit_projection(self, database: Database) -> None:
        """N2: order, limit and projection."""
        await filled(database)
        things = database.collection("things")
        found = await things.find({"n": {"$lt": 10}}, sort=[("ix.state", -1), ("n", -1)], limit=2, projection={"n": 1})
        assert found == [{"_id": "b", "n": 2}, {"_id": "c", "n": 2.5}]
        hidden = await things.find_one({"_id": "a"}, {"tags": 0, "ix": 0})
        assert hidden == {"_id": "a", "n": 1, "at": NOON, "gone": None}
        first = await things.find_one({"at": {"$gt": NOON}}, {"_id": 1}, sort=[("at", 1)])
        assert first == {"_id": "b"}
        assert await things.find_one({"_id": "nobody"}) is None

    async def test_moments_come_back_in_utc_cut_to_milliseconds(self, database: Database) -> None:
        """N16: a stored time is an instant in UTC."""
        east = datetime(2027, 3, 28, 14, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
        await database.collection("things").insert_one({"_id": "t", "at": east, "pair": (1, 2)})
        found = await database.collection("things").find_one({"_id": "t"})
        assert found == {"_id": "t", "at": NOON + timedelta(milliseconds=123), "pair": [1, 2]}
        assert found["at"].utcoffset() == timedelta(0)


class TestChange:
    """Writing."""

    async def test_update_operators(self, database: Database) -> None:
        """N2: the update operators that the code uses."""
        await filled(database)
        things = database.collection("things")
        update = {"$set": {"ix.state": "new", "p.q": 1}, "$inc": {"n": 2}, "$unset": {"gone": ""}, "$push": {"tags": "z"}}
        assert await things.update_one({"_id": "a"}, update) == Updated(1, 1, upserted=False)
        assert await things.update_one({"_id": "a"}, {"$addToSet": {"tags": "z"}}) == Updated(1, 0, upserted=False)
        assert await things.update_one({"_id": "c"}, {"$pull": {"parts": {"who": "m"}}}) == Updated(1, 1, upserted=False)
        found = await things.find_one({"_id": "a"}, {"at": 0})
        assert found is not None
        assert (found["n"], found["tags"], found["ix"], found["p"]) == (3, ["x", "y", "z"], {"state": "new"}, {"q": 1})

    async def test_update_tells_what_it_met(self, database: Database) -> None:
        """N2: compare and set is told from nothing to do."""
        await filled(database)
        things = database.collection("things")
        nothing = await things.update_one({"_id": "a", "n": 99}, {"$set": {"n": 1}})
        same = await things.update_one({"_id": "a"}, {"$set": {"n": 1}})
        made = await things.update_one({"_id": "new", "n": 5}, {"$set": {"k": 1}, "$setOnInsert": {"m": 2}}, upsert=True)
        again = await things.update_one({"_id": "new"}, {"$set": {"k": 2}, "$setOnInsert": {"m": 3}}, upsert=True)
        assert [(each.matched, each.modified, each.upserted) for each in (nothing, same, made, again)] == [
            (0, 0, False),
            (1, 0, False),
            (0, 0, True),
            (1, 1, False),
        ]
        assert await things.find_one({"_id": "new"}) == {"_id": "new", "n": 5, "k": 2, "m": 2}
        assert await things.update_many({"ix.state": "open"}, {"$set": {"seen": True}}) == 2

    async def test_replace_and_delete(self, database: Database) -> None:
        """N2: whole documents change and go."""
        await filled(database)
        things = database.collection("things")
        assert await things.replace_one({"_id": "a", "n": 1}, {"_id": "a", "n": 7}) == 1
        assert await things.replace_one({"_id": "a", "n": 1}, {"_id": "a", "n": 8}) == 0
        assert await things.replace_one({"_id": "q"}, {"_id": "q", "n": 8}, upsert=True) == 1
        assert await things.find_one({"_id": "a"}) == {"_id": "a", "n": 7}
        assert await things.delete_one({"_id": "a"}) == 1
        assert await things.delete_one({"_id": "a"}) == 0
        assert await things.delete_many({"_id": {"$in": ["b", "c", "z"]}}) == 2
        assert await things.count({}) == 2

    async def test_insert_twice_is_refused(self, database: Database) -> None:
        """N2: a unique key holds, and the error quotes no value (N9)."""
        things = database.collection("things")
        await things.insert_one({"_id": "secret-word", "n": 1})
        with pytest.raises(DuplicateKey) as refused:
            await things.insert_one({"_id": "secret-word", "n": 2})
        assert "secret-word" not in str(refused.value)
        assert refused.value.__cause__ is None
        assert await things.find_one({"_id": "secret-word"}) == {"_id": "secret-word", "n": 1}

    async def test_unique_indexes_hold(self, database: Database) -> None:
        """N2: one seat per place and member; a partial index looks at open rows only."""
        seats, taken = database.collection("seats"), database.collection("taken")
        await seats.insert_one({"_id": 1, "place": "p", "member": "m"})
        await seats.insert_one({"_id": 2, "place": "p", "member": "n"})
        with pytest.raises(DuplicateKey):
            await seats.insert_one({"_id": 3, "place": "p", "member": "m"})
        with pytest.raises(DuplicateKey):
            await seats.update_one({"_id": 2}, {"$set": {"member": "m"}})
        await taken.insert_one({"_id": 1, "slot": "s", "open": False})
        await taken.insert_one({"_id": 2, "slot": "s", "open": True})
        with pytest.raises(DuplicateKey):
            await taken.insert_one({"_id": 3, "slot": "s", "open": True})

    async def test_upsert_missing_tells_the_new_ones(self, database: Database) -> None:
        """N2: the inbox: known ids are neither changed nor told, and nothing aborts."""
        things = database.collection("things")
        assert await things.upsert_missing([]) == []
        assert await things.upsert_missing([{"_id": "a", "n": 1}, {"_id": "b", "n": 1}]) == ["a", "b"]
        assert await things.upsert_missing([{"_id": "c", "n": 2}, {"_id": "b", "n": 2}, {"_id": "d", "n": 2}]) == ["c", "d"]
        assert await things.find_one({"_id": "b"}) == {"_id": "b", "n": 1}

    async def test_replace_many_meets_each_filter_of_its_own(self, database: Database) -> None:
        """N2: whoever saves several aggregates at once learns how many were still as they had been read."""
        things = database.collection("things")
        await things.insert_many([{"_id": name, "revision": 1} for name in "ab"])
        assert await things.replace_many([]) == 0
        met = [({"_id": name, "revision": revision}, {"revision": 2}) for name, revision in (("a", 1), ("b", 7), ("c", 1))]
        assert await things.replace_many(met) == 1
        assert await things.find({}, sort=[("_id", 1)]) == [{"_id": "a", "revision": 2}, {"_id": "b", "revision": 1}]
        assert await things.replace_many([({"_id": "b"}, {"n": 1}), ({"_id": "c"}, {"n": 2})], upsert=True) == 2
        assert await things.find({"n": {"$gt": 0}}, sort=[("_id", 1)]) == [{"_id": "b", "n": 1}, {"_id": "c", "n": 2}]

    async def test_aggregate_counts_by_group(self, database: Database) -> None:
        """N19: counts for reports."""
        await filled(database)
        pipeline: list[dict[str, Any]] = [
            {"$match": {"ix.state": {"$exists": True}}},
            {"$group": {"_id": "$ix.state", "n": {"$sum": 1}}},
            {"$sort": {"_id": 1}},
        ]
        assert await database.collection("things").aggregate(pipeline) == [{"_id": "open", "n": 2}, {"_id": "shut", "n": 1}]

    async def test_empty_insert_is_nothing(self, database: Database) -> None:
        """N2: no rows, no call."""
        await database.collection("things").insert_many([])
        assert await database.collection("things").count({}) == 0

    async def test_indexes_may_be_made_twice(self, database: Database) -> None:
        """N2: replicas start at the same time."""
        await database.ensure_indexes(INDEXES)
