"""The service over a database in memory: nothing needs to run."""

import pytest
import pytest_asyncio

from shared.persistence.database import Database
from tests.component.matching.house import MONDAY, HandClock, House
from tests.support.memory.database import memory_database


@pytest.fixture
def clock() -> HandClock:
    """Return Monday, 1 March 2027, midnight UTC; leases live by it too, so that a slow machine loses none."""
    return HandClock(MONDAY)


@pytest.fixture
def database(clock: HandClock) -> Database:
    """Return an empty database."""
    return memory_database(wall=clock)


@pytest_asyncio.fixture
async def house(database: Database, clock: HandClock) -> House:
    """Return the service."""
    made = House(database, clock)
    await made.prepare()
    return made
