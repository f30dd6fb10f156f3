"""Two services on an imitated database and broker, on clocks that tests move."""

from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from shared.kernel.randomness import seeded
from shared.messaging.settings import KafkaSettings
from tests.support.memory.broker import MemoryBroker
from tests.support.memory.database import memory_database
from tests.support.path import Node


class HandClock:
    """A clock that moves when told."""

    def __init__(self) -> None:
        """Begin at noon."""
        self.moment = datetime(2027, 3, 28, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the instant."""
        return self.moment

    def real_seconds(self, span: timedelta) -> float:
        """Return the span."""
        return span.total_seconds()

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def wall() -> HandClock:
    """Return technical time in the test's hand."""
    return HandClock()


@pytest.fixture
def broker(wall: HandClock) -> MemoryBroker:
    """Return an empty broker."""
    return MemoryBroker(wall)


async def node(service: str, wall: HandClock) -> Node:
    """Return one service with an empty database."""
    made = Node(service, memory_database(wall=wall), KafkaSettings(), clock=wall, randomness=seeded(service))
    await made.prepare()
    return made


@pytest_asyncio.fixture
async def profile(wall: HandClock) -> Node:
    """Return the publishing service."""
    return await node("profile", wall)


@pytest_asyncio.fixture
async def matching(wall: HandClock) -> Node:
    """Return the consuming service."""
    return await node("matching", wall)
