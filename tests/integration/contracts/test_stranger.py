"""A consumer in another language follows pairings on a real broker, knowing asyncapi.json alone (N1)."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.server import Server
from shared.contracts import catalogue
from shared.contracts.base import Contract
from shared.contracts.samples import sample
from shared.contracts.topics import MATCHING_PAIRING, SCHEDULING_SESSION
from tests.support.npm import installed

EXAMPLE = Path(__file__).parents[3] / "deploy/examples/pairing-life"
PAIRING = "9b0e6f0c-51a4-4a57-9a0e-7f4f2f6f1c01"
LIFE = ("pairing.proposed", "pairing.formed", "pairing.charter-signed", "pairing.activated", "pairing.closed")
MEETINGS = ("session.booked", "session.held")

pytestmark = [pytest.mark.kafka, pytest.mark.offsets, pytest.mark.slow]


class Topics:
    """The two topics of one test, and who writes on them."""

    def __init__(self, server: Server, prefix: str) -> None:
        """Speak to the run's broker under names of this test's own."""
        self._server, self._prefix, self._sent = server, prefix, 0

    async def make(self) -> None:
        """Make the topics."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self._server.address)
        await admin.start()
        names = (MATCHING_PAIRING.name, SCHEDULING_SESSION.name)
        await admin.create_topics([NewTopic(self._prefix + name, num_partitions=3, replication_factor=1) for name in names])
        await admin.close()

    async def tell(self, facts: Sequence[tuple[type[Contract], int, Mapping[str, Any]]], *, copies: int = 1) -> None:
        """Put facts there, each with its number and what its data says otherwise than its example."""
        producer = AIOKafkaProducer(bootstrap_servers=self._server.address, acks="all")
        await producer.start()
        for contract, sequence, changes in facts:
            self._sent += 1
            record = sample(contract)
            named = dict(record.headers) | {"ce_id": f"e-{self._sent}", "ce_sequence": str(sequence), "ce_subject": PAIRING}
            value = json.dumps(json.loads(record.value) | {"pairing_id": PAIRING} | dict(changes)).encode()
            headers = [(name, text.encode()) for name, text in named.items()]
            for _ in range(copies):
                await producer.send_and_wait(self._prefix + record.topic, value, key=PAIRING.encode(), headers=headers)
        await producer.stop()

    async def followed(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        """Let the stranger read; return exit code, what it tells, and what it complains of."""
        environment = {"PATH": "/usr/local/bin:/usr/bin:/bin", "KAFKA": self._server.address, "TOPIC_PREFIX": self._prefix}
        process = await asyncio.create_subprocess_exec(
            *("node", "follow.mjs", "--until-end", *arguments),
            cwd=installed(EXAMPLE),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with asyncio.timeout(90):
            out, err = await process.communicate()
        return process.returncode or 0, [json.loads(line) for line in out.decode().splitlines()], err.decode()


def contract(name: str) -> type[Contract]:
    """Return a contract by the words of its type."""
    owner = "matching" if name.startswith("pairing") else "scheduling"
    return catalogue.BY_TYPE[f"tandem.{owner}.{name}.v1"]


class TestStranger:
    """N1: begin at the beginning, understand everything, notice what is broken."""

    async def test_it_follows_a_pairings_whole_life(self, kafka_server: Server, fresh_name: str) -> None:
        """N1: in order, second copies dropped, fields and types of tomorrow read past."""
        there = Topics(kafka_server, fresh_name)
        await there.make()
        life = [(contract(name), number + 1, {"of_tomorrow": [1]}) for number, name in enumerate(LIFE)]
        meetings: list[tuple[type[Contract], int, dict[str, Any]]] = [
            (contract(name), number + 1, {}) for number, name in enumerate(MEETINGS)
        ]
        await there.tell([*life, *meetings], copies=2)
        code, told, complaints = await there.followed(PAIRING)
        assert (code, complaints) == (0, "")
        facts = [one["fact"].removeprefix("tandem.").split(".", 1)[1].removesuffix(".v1") for one in told]
        assert [name for name in facts if name in LIFE] == list(LIFE)
        assert [name for name in facts if name in MEETINGS] == list(MEETINGS)
        assert told[0]["data"]["members"] == contract("pairing.proposed").EXAMPLE["members"]

    async def test_it_notices_a_gap_and_data_that_its_schema_refuses(self, kafka_server: Server, fresh_name: str) -> None:
        """N1: what is promised can be checked by whoever reads."""
        there = Topics(kafka_server, fresh_name)
        await there.make()
        await there.tell([(contract(LIFE[0]), 1, {}), (contract(LIFE[1]), 3, {"members": "ada"})])
        code, told, complaints = await there.followed()
        assert (code, len(told)) == (1, 2)
        assert [json.loads(line)["broken"] for line in complaints.splitlines()] == ["data/members must be array", "a number is missing"]
