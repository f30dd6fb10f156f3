"""The service over a database in memory: nothing needs to run."""

import pytest
import pytest_asyncio

from shared.persistence.database import Database
from tests.component.scheduling.house import MONDAY, HandClock, House
from tests.support.memory.database import memory_database


@pytest.fixture
def database() -> Database:
    """Return an empty database."""
    return memory_database()


@pytest_asyncio.fixture
async def house(database: Database) -> House:
    """Return the service on Monday, 1 March 2027, midnight UTC."""
    made = House(database, HandClock(MONDAY))
    await made.prepare()
    return made
