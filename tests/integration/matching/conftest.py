"""A database of each test's own on the run's MongoDB server, and matching as a process of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.services import Services
from deploy.local.tokens import TokenIssuer
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database
from shared.persistence.mongo import MongoSettings, connect
from tests.component.matching.house import MONDAY, HandClock, House
from tests.integration.matching.outside import Outside

CLOCK_RATE = 3_600
"""An hour passes in a second where a test waits for a timer."""


@pytest.fixture
def clock() -> HandClock:
    """Return Monday, 1 March 2027, midnight UTC; leases live by it too, so that a slow machine loses none."""
    return HandClock(MONDAY)


@pytest_asyncio.fixture
async def database(mongo_url: str, fresh_name: str, clock: HandClock) -> AsyncIterator[Database]:
    """Return an empty database."""
    opened = connect(MongoSettings(url=mongo_url, database_prefix=fresh_name), "matching", wall=clock, randomness=SystemRandomness())
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def house(database: Database, clock: HandClock) -> House:
    """Return the service."""
    made = House(database, clock)
    await made.prepare()
    return made


@pytest_asyncio.fixture
async def services(kafka_server: Server, mongo_server: Server, fresh_name: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Run matching as a process of its own; business time runs fast."""
    issuer = TokenIssuer(tmp_path, WallClock(), SystemRandomness())
    (tmp_path / "pids").mkdir()
    processes = Processes(tmp_path / "pids")
    settings = {
        **kafka_server.settings,
        **mongo_server.settings,
        "TANDEM_KAFKA__TOPIC_PREFIX": fresh_name,
        "TANDEM_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "TANDEM_KAFKA__GROUP_INSTANCE_ID": "matching-0",  # a replica with a name gets its leases back at once
        "TANDEM_MONGO__DATABASE_PREFIX": fresh_name,
        "TANDEM_CLOCK__START": MONDAY.isoformat(),
        "TANDEM_CLOCK__EPOCH": WallClock().now().isoformat(),
        "TANDEM_CLOCK__RATE": str(CLOCK_RATE),
    }
    made = Services(processes, tmp_path, settings, {"matching": dict(issuer.settings("matching"))}, names=("matching",))
    await made.start()
    yield made
    await made.stop()
    processes.end_now()


@pytest_asyncio.fixture
async def outside(services: Services, kafka_bootstrap: str, fresh_name: str, tmp_path: Path) -> AsyncIterator[Outside]:
    """Connect once the service has made its topics."""
    settings = KafkaSettings(bootstrap_servers=kafka_bootstrap, topic_prefix=fresh_name)
    issuer = TokenIssuer(tmp_path, WallClock(), SystemRandomness())
    async with Outside(settings, services, issuer) as connected:
        yield connected
