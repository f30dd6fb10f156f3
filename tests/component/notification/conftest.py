"""One office and one mail server a test."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio

from deploy.local.mail import MailSink
from shared.persistence.database import Database
from tests.component.notification.office import HandClock, Office, open_office
from tests.support.memory.database import memory_database


@pytest.fixture
def wall() -> HandClock:
    """Return technical time, set by hand."""
    return HandClock(datetime(2026, 11, 24, 12, 0, tzinfo=UTC))


@pytest.fixture
def database(wall: HandClock) -> Database:
    """Return an empty database."""
    return memory_database(wall=wall)


@pytest_asyncio.fixture
async def office(mail_sink: MailSink, database: Database, wall: HandClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Office]:
    """Return a running office that knows Ada, Ben and Cia."""
    monkeypatch.setenv("TANDEM_SMTP__PORT", str(mail_sink.port))
    monkeypatch.setenv("TANDEM_SMTP__TIMEOUT_SECONDS", "2")
    async with open_office(smtp_port=mail_sink.port, database=database, wall=wall) as opened:
        await opened.know_everybody()
        yield opened
