"""The office over the run's MongoDB, and notification as a process of its own."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from deploy.local.mail import MailSink
from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.services import Services
from deploy.local.tokens import TokenIssuer
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.persistence.database import Database
from shared.persistence.mongo import MongoSettings, connect
from tests.component.notification.office import HandClock, Office, open_office


@pytest.fixture
def wall() -> HandClock:
    """Return technical time, set by hand."""
    return HandClock(datetime(2026, 11, 24, 12, 0, tzinfo=UTC))


@pytest_asyncio.fixture
async def database(mongo_url: str, fresh_name: str, wall: HandClock) -> AsyncIterator[Database]:
    """Return an empty database on the run's server."""
    opened = connect(MongoSettings(url=mongo_url, database_prefix=fresh_name), "notification", wall=wall, randomness=SystemRandomness())
    yield opened
    await opened.close()


@pytest_asyncio.fixture
async def office(mail_sink: MailSink, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Return a running office that knows Ada, Ben and Cia."""
    monkeypatch.setenv("TANDEM_SMTP__PORT", str(mail_sink.port))
    monkeypatch.setenv("TANDEM_SMTP__TIMEOUT_SECONDS", "5")
    async with open_office(smtp_port=mail_sink.port, database=database, wall=wall) as opened:
        await opened.know_everybody()
        yield opened


@pytest_asyncio.fixture
async def services(
    kafka_server: Server, mongo_server: Server, mail_sink: MailSink, fresh_name: str, tmp_path: Path
) -> AsyncIterator[Services]:
    """Run notification as a process, in small batches and with a short lease, so that there is a middle to be killed in."""
    issuer = TokenIssuer(tmp_path, WallClock(), SystemRandomness())
    (tmp_path / "pids").mkdir()
    processes = Processes(tmp_path / "pids")
    settings = {
        **kafka_server.settings,
        **mongo_server.settings,
        "TANDEM_KAFKA__TOPIC_PREFIX": fresh_name,
        "TANDEM_KAFKA__BATCH_MAX_RECORDS": "10",
        "TANDEM_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "TANDEM_KAFKA__GROUP_INSTANCE_ID": "notification-0",  # a replica with a name gets its leases back at once
        "TANDEM_MONGO__DATABASE_PREFIX": fresh_name,
        "TANDEM_SMTP__HOST": mail_sink.host,
        "TANDEM_SMTP__PORT": str(mail_sink.port),
        "TANDEM_SMTP__TIMEOUT_SECONDS": "2",
        "TANDEM_NOTIFICATION_BATCH": "10",
        "TANDEM_NOTIFICATION_LEASE": "PT6S",
    }
    made = Services(processes, tmp_path, settings, {"notification": dict(issuer.settings("notification"))}, names=("notification",))
    await made.start()
    yield made
    await made.stop()
    processes.end_now()
