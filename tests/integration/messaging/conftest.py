"""Two services on the run's servers: their own topics, groups and databases."""

from collections.abc import AsyncIterator, Callable

import pytest_asyncio

from deploy.local.server import Server
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database
from shared.persistence.mongo import MongoSettings, connect

Connect = Callable[[str], Database]


def kafka_settings(server: Server, prefix: str) -> KafkaSettings:
    """Return settings for topics and groups of this test's own, with quick rebalances."""
    idempotent = server.settings.get("TANDEM_KAFKA__ENABLE_IDEMPOTENCE", "true") == "true"
    return KafkaSettings(
        bootstrap_servers=server.address,
        topic_prefix=f"{prefix}-",
        enable_idempotence=idempotent,
        session_timeout_ms=6_000,
        heartbeat_interval_ms=500,
    )


@pytest_asyncio.fixture
async def settings(kafka_server: Server, fresh_name: str) -> KafkaSettings:
    """Return how to speak to the run's broker."""
    return kafka_settings(kafka_server, fresh_name)


@pytest_asyncio.fixture
async def connected(mongo_url: str, fresh_name: str) -> AsyncIterator[Connect]:
    """Return a way to open a service's database; all are closed at the end."""
    opened: list[Database] = []

    def open_(service: str) -> Database:
        mongo = MongoSettings(url=mongo_url, database_prefix=fresh_name)
        opened.append(connect(mongo, service, wall=WallClock(), randomness=SystemRandomness()))
        return opened[-1]

    yield open_
    for database in opened:
        await database.close()
