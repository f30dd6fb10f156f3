"""The real process, killed with -9 in mid-stream and started again: nothing lost, nothing twice, nobody booked twice (N2)."""

import asyncio
import json
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.services import Services
from deploy.local.tokens import TokenIssuer
from shared.contracts.base import Contract
from shared.contracts.topics import SCHEDULING_DEAD_LETTER, SCHEDULING_SESSION
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from tests.component.scheduling.house import HandClock, activated, card, record_of
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow]
MEMBERS = [f"member-{number}" for number in range(9)]
PAIRINGS = {f"pairing-{a}-{b}": (a, b) for a, b in combinations(MEMBERS, 2)}
SESSIONS_EACH = 5
KILLS = 2


class Wire:
    """What another system sees: it sends facts, and reads those of scheduling from the beginning."""

    def __init__(self, settings: KafkaSettings) -> None:
        """Speak to the run's broker under this test's own topic names."""
        self._settings = settings
        self._clock = HandClock(WallClock().now())
        self._offsets = 0
        self.seen: list[Any] = []

    async def __aenter__(self) -> "Wire":
        """Connect."""
        options = self._settings.client_options()
        self._producer = AIOKafkaProducer(**options, acks="all")
        names = [self._settings.name_of(topic) for topic in (SCHEDULING_SESSION, SCHEDULING_DEAD_LETTER)]
        self._consumer = AIOKafkaConsumer(*names, **options, auto_offset_reset="earliest", enable_auto_commit=False)
        await self._producer.start()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Disconnect."""
        await self._consumer.stop()
        await self._producer.stop()

    async def send(self, *facts: Contract) -> None:
        """Send facts of other services."""
        for fact in facts:
            self._offsets += 1
            record = record_of(fact, event_id=f"event-{self._offsets}", sequence=1, at=self._clock.now())
            name = self._settings.name_of(fact.TOPIC)
            await self._producer.send_and_wait(name, record.value, key=record.key, headers=list(record.headers))

    async def at_least(self, count: int, *, within: float) -> None:
        """Wait until so many different facts have been told."""

        async def enough() -> bool:
            for records in (await self._consumer.getmany(timeout_ms=100)).values():
                self.seen += records
            return len({id_of(each) for each in self.seen}) >= count

        await until(enough, within=within, saying=f"{count} facts on the topic")


def header(record: Any, name: str) -> str:
    """Return one header of a record."""
    value: bytes = dict(record.headers)[name]
    return value.decode()


def id_of(record: Any) -> str:
    """Return the event's id."""
    return header(record, "ce_id")


@pytest_asyncio.fixture
async def services(kafka_server: Server, mongo_server: Server, fresh_name: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Run scheduling as a process of its own, in small batches, so that there is a middle to be killed in."""
    issuer = TokenIssuer(tmp_path, WallClock(), SystemRandomness())
    (tmp_path / "pids").mkdir()
    processes = Processes(tmp_path / "pids")
    settings = {
        **kafka_server.settings,
        **mongo_server.settings,
        "TANDEM_KAFKA__TOPIC_PREFIX": fresh_name,
        "TANDEM_KAFKA__BATCH_MAX_RECORDS": "4",
        "TANDEM_KAFKA__SESSION_TIMEOUT_MS": "6000",
        "TANDEM_KAFKA__GROUP_INSTANCE_ID": "scheduling-0",  # a replica with a name gets its leases back at once
        "TANDEM_MONGO__DATABASE_PREFIX": fresh_name,
        "TANDEM_SCHEDULING_SESSIONS_AHEAD": str(SESSIONS_EACH - 1),
    }
    made = Services(processes, tmp_path, settings, {"scheduling": dict(issuer.settings("scheduling"))}, names=("scheduling",))
    await made.start()
    yield made
    await made.stop()
    processes.end_now()


@pytest_asyncio.fixture
async def wire(services: Services, kafka_bootstrap: str, fresh_name: str) -> AsyncIterator[Wire]:
    """Connect once the service has made its topics."""
    assert services.running
    async with Wire(KafkaSettings(bootstrap_servers=kafka_bootstrap, topic_prefix=fresh_name)) as connected:
        yield connected


def double_booked(booked: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """Return who is in two sessions at one instant."""
    counted = Counter((member, each["starts_at"]) for each in booked for member in each["members"])
    return [place for place, count in counted.items() if count > 1]


class TestKilledInMidstream:
    """N2: kill -9 at any moment."""

    async def test_every_pairing_has_its_sessions_once(self, services: Services, wire: Wire) -> None:
        """N2: thirty-six pairings of nine people, two kills: five sessions each, versions without a gap, no hour twice."""
        await wire.send(*(card(member, "UTC", begin=0, end=1440) for member in MEMBERS))
        facts = [activated(*members, pairing_id=name) for name, members in PAIRINGS.items()]
        sending = asyncio.gather(wire.send(*facts))
        for kill in range(KILLS):
            await wire.at_least((kill + 1) * 20, within=60)
            services.kill("scheduling")
            await services.restart("scheduling")
        await sending
        await wire.at_least(len(PAIRINGS) * SESSIONS_EACH, within=90)
        first_copies = {id_of(each): each for each in reversed(wire.seen)}
        versions: dict[str, list[int]] = defaultdict(list)
        for each in sorted(first_copies.values(), key=lambda record: (record.partition, record.offset)):
            versions[each.key.decode()].append(int(header(each, "ce_sequence")))
        assert versions == {name: list(range(1, SESSIONS_EACH + 1)) for name in PAIRINGS}
        assert {header(each, "ce_type") for each in first_copies.values()} == {"tandem.scheduling.session.booked.v1"}
        assert double_booked([json.loads(each.value) for each in first_copies.values()]) == []
