"""One real service as a process, the `tandem` command as another, and a producer and a database beside them (integration tests)."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer

from deploy.local.processes import Processes
from deploy.local.server import Server
from deploy.local.services import Services
from deploy.local.tokens import TokenIssuer
from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.contracts.topics import Topic
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database
from shared.persistence.mongo import MongoSettings, connect
from tests.support.processes import ROOT

SPEEDY = {"TANDEM_KAFKA__SESSION_TIMEOUT_MS": "6000", "TANDEM_KAFKA__HEARTBEAT_INTERVAL_MS": "500"}


@dataclass
class Beside:
    """What stands beside a running service: other systems that send facts, an operator at a terminal, and its database."""

    service: str
    services: Services
    kafka: KafkaSettings
    database: Database
    folder: Path
    producer: AIOKafkaProducer
    issuer: TokenIssuer

    async def says(self, fact: Contract, *, event_id: str, sequence: int, type_: str | None = None) -> None:
        """Send a fact of another service; `type_` sends it as something else."""
        envelope = Envelope(
            id=event_id,
            type=type_ or fact.TYPE,
            source=source_of(fact.TOPIC.owner),
            subject=fact.key,
            time=WallClock().now(),
            sequence=sequence,
            correlation_id=f"c-{event_id}",
        )
        await self.puts(fact.TOPIC, fact.key, data_bytes(fact), envelope.headers())

    async def puts(self, topic: Topic, key: str, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        """Put a record on a topic as it is."""
        await self.producer.send_and_wait(self.kafka.name_of(topic), value, key=key.encode(), headers=headers)

    def command(self, *arguments: str, role: str = "operator") -> tuple[list[str], dict[str, str]]:
        """Return command line and environment of `tandem` for somebody of this role."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
        where = {
            f"TANDEM_PEERS__{self.service.upper()}_URL": self.services.urls[self.service],
            "TANDEM_KAFKA__BOOTSTRAP_SERVERS": self.kafka.bootstrap_servers,
            "TANDEM_KAFKA__TOPIC_PREFIX": self.kafka.topic_prefix,
            "TANDEM_CONSOLE_TOKEN": self.issuer.token(f"the-{role}", [role], ()),
            "TANDEM_STACK": str(self.folder / "no-stack.json"),
        }
        return [sys.executable, "-m", "services.console", *arguments], inherited | where

    async def tandem(self, *arguments: str, role: str = "operator") -> tuple[int, Any]:
        """Run `tandem … --json`; return its exit code and what it printed, or its complaint."""
        line, environment = self.command(*arguments, "--json", role=role)
        process = await asyncio.create_subprocess_exec(
            *line, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, err = await process.communicate()
        return process.returncode or 0, json.loads(out) if out else err.decode()


@asynccontextmanager
async def beside(
    service: str, *, kafka: Server, mongo: Server, name: str, folder: Path, more: Mapping[str, str] | None = None
) -> AsyncIterator[Beside]:
    """Run `service` over topics and a database that only this test has."""
    issuer = TokenIssuer(folder, WallClock(), SystemRandomness())
    (folder / "pids").mkdir()
    processes = Processes(folder / "pids")
    own = {"TANDEM_KAFKA__TOPIC_PREFIX": name, "TANDEM_MONGO__DATABASE_PREFIX": name}
    settings = {**kafka.settings, **mongo.settings, **SPEEDY, **own, **(more or {})}
    services = Services(processes, folder, settings, {service: dict(issuer.settings(service))}, names=(service,))
    database = connect(
        MongoSettings(url=mongo.settings["TANDEM_MONGO__URL"], database_prefix=name),
        service,
        wall=WallClock(),
        randomness=SystemRandomness(),
    )
    try:
        await services.start()
        settings_of = KafkaSettings(bootstrap_servers=kafka.address, topic_prefix=name)
        producer = AIOKafkaProducer(**settings_of.client_options(), acks="all")
        await producer.start()
        try:
            yield Beside(service, services, settings_of, database, folder, producer, issuer)
        finally:
            await producer.stop()
    finally:
        await services.stop()
        processes.end_now()
        await database.close()
