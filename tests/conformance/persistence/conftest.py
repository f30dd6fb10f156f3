"""The same suite on the imitated database and on the real one: fakes lie unless they are asked the same questions."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from shared.kernel.clock import WallClock
from shared.kernel.randomness import seeded
from shared.persistence.database import Database
from shared.persistence.indexes import Index
from shared.persistence.mongo import MongoSettings, connect
from tests.support.memory.database import memory_database

INDEXES = (
    Index(collection="things"),
    Index(collection="things", keys=(("at", 1),)),
    Index(collection="seats", keys=(("place", 1), ("member", 1)), unique=True),
    Index(collection="taken", keys=(("slot", 1),), unique=True, partial={"open": True}),
    Index(collection="pairings"),
    Index(collection="outbox", keys=(("at", 1),)),
    Index(collection="leases"),
)


@pytest_asyncio.fixture(params=["memory", pytest.param("mongo", marks=pytest.mark.mongo)])
async def database(request: pytest.FixtureRequest, fresh_name: str) -> AsyncIterator[Database]:
    """Return an empty database of either kind, collections and indexes made."""
    if request.param == "memory":
        database = memory_database()
    else:
        settings = MongoSettings(url=request.getfixturevalue("mongo_url"), database_prefix=fresh_name)
        database = connect(settings, "conformance", wall=WallClock(), randomness=seeded(fresh_name))
    await database.ensure_indexes(INDEXES)
    yield database
    await database.close()
