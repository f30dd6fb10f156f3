"""Fixtures and rules for every test. Tests ask for capabilities, never for a product; a missing one is a skip with a reason."""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog

from deploy.local.kafka.apache import ApacheKafka
from deploy.local.mail import MailSink
from deploy.local.mail import mail_sink as running_mail_sink
from deploy.local.mongo.secantus import SecantusDB
from deploy.local.server import Capability, Server
from shared.kernel.randomness import SystemRandomness, new_id
from shared.observability.logging import library_logger
from tests.support.keeper import place_in
from tests.support.run_folder import RunFolder
from tests.support.servers import SKIP_WORDS, TestServers, required, start_or_skip, tell_run

SERVERS = pytest.StashKey[TestServers]()


def pytest_configure(config: pytest.Config) -> None:
    """Check what the run demands of its servers before anything starts."""
    required()
    config.stash[SERVERS] = TestServers(RunFolder.of_this_run())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Let go of the servers; the last process of the run waits for their end."""
    if SERVERS in config.stash:
        config.stash[SERVERS].let_go()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start what a marked test needs, or skip it with the reason."""
    for capability in Capability:
        if item.get_closest_marker(capability) is not None:
            item.config.stash[SERVERS].need(capability)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """End a run with the skips per missing capability."""
    reasons: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if SKIP_WORDS in text:
            reason = text[text.index(SKIP_WORDS) :]
            reasons[reason] = reasons.get(reason, 0) + 1
    tell_run(reasons)
    if reasons:
        terminalreporter.section("skipped for want of a capability")
        for reason, count in sorted(reasons.items()):
            terminalreporter.write_line(f"{count:4d} x {reason}")


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Undo what a test (or a program that it ran) did to logging: the next one must not write to a closed file."""
    root = library_logger("root")
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def servers(pytestconfig: pytest.Config) -> TestServers:
    """Return the run's servers."""
    return pytestconfig.stash[SERVERS]


@pytest.fixture(scope="session")
def kafka_server(servers: TestServers) -> Server:
    """Return the run's broker; `settings` are the environment names that point a service at it."""
    return servers.get("kafka")


@pytest.fixture(scope="session")
def mongo_server(servers: TestServers) -> Server:
    """Return the run's database."""
    return servers.get("mongo")


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_server: Server) -> str:
    """Return the broker's address. It is shared: use your own topics and groups (`fresh_name`)."""
    return kafka_server.address


@pytest.fixture(scope="session")
def mongo_url(mongo_server: Server) -> str:
    """Return the connection string. It is shared: use your own database prefix (`fresh_name`)."""
    return mongo_server.settings["TANDEM_MONGO__URL"]


@pytest.fixture
def fresh_name() -> str:
    """Return a name that no other test has: for databases, topics and groups."""
    return "t" + new_id(SystemRandomness()).replace("-", "")[:12]


@pytest_asyncio.fixture
async def mail_sink(tmp_path: Path) -> AsyncIterator[MailSink]:
    """Run a mail server of this test's own."""
    folder = tmp_path / "mail"
    folder.mkdir()
    async with running_mail_sink(folder) as sink:
        yield sink


@pytest_asyncio.fixture
async def own_kafka(tmp_path: Path, servers: TestServers) -> AsyncIterator[ApacheKafka]:
    """Run a broker that this test may stop, kill and start again over its data (needs `durable`)."""
    servers.need(Capability.DURABLE)
    place = place_in(tmp_path / "own-kafka")
    kafka = await start_or_skip(ApacheKafka(place.processes, place.kafka, place.logs, place.randomness))
    yield kafka
    await kafka.stop()


@pytest_asyncio.fixture
async def own_mongo(tmp_path: Path, servers: TestServers) -> AsyncIterator[SecantusDB]:
    """Run a database that this test may stop, kill and start again over its data; every commit is synced."""
    servers.need(Capability.MONGO)
    place = place_in(tmp_path / "own-mongo")
    mongo = SecantusDB(place.processes, place.mongo, place.logs)
    await mongo.start()
    yield mongo
    await mongo.stop()
