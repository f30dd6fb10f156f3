"""A database of each test's own on the run's MongoDB server."""

from collections.abc import AsyncIterator

import pytest_asyncio

from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.persistence.database import Database
from shared.persistence.mongo import MongoSettings, connect
from tests.component.scheduling.house import MONDAY, HandClock, House


@pytest_asyncio.fixture
async def database(mongo_url: str, fresh_name: str) -> AsyncIterator[Database]:
    """Return an empty database."""
    opened = connect(
        MongoSettings(url=mongo_url, database_prefix=fresh_name), "scheduling", wall=WallClock(), randomness=SystemRandomness()
    )
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def house(database: Database) -> House:
    """Return the service on Monday, 1 March 2027, midnight UTC."""
    made = House(database, HandClock(MONDAY))
    await made.prepare()
    return made
