"""Trouble on the wire: poison, headers that nobody can read, dead letters and their end, on a real broker (N2)."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from shared.contracts import matching as matching_contracts
from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.contracts.envelope import Envelope, data_bytes
from shared.kernel.clock import WallClock
from shared.kernel.errors import NotYet, Refusal
from shared.messaging.broker import BrokerLink
from shared.messaging.dead_letters import DeadLetters
from shared.messaging.received import Received
from shared.messaging.settings import KafkaSettings
from tests.integration.messaging.conftest import Connect
from tests.support.path import Node, Work, noted
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo]


class Mood:
    """What the handler meets for single events."""

    def __init__(self) -> None:
        """Begin well."""
        self.faults: dict[str, Exception] = {}

    async def handle(self, event: Received[Any], work: Work) -> None:
        """Note the event, or fail as told."""
        if (fault := self.faults.get(event.envelope.id)) is not None:
            raise fault
        await noted(event, work)


class Wire:
    """A consuming service at work, and a producer that sends whatever a test likes."""

    def __init__(self, node: Node, producer: AIOKafkaProducer, mood: Mood) -> None:
        """Keep the parts."""
        self.node = node
        self.mood = mood
        self.letters = DeadLetters(node.consumer)
        self._producer = producer
        self._topic = node.settings.name_of(topics.PROFILE_MEMBER)

    async def send(self, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, Any]]) -> None:
        """Send a record as it is."""
        await self._producer.send_and_wait(self._topic, value, key=key, headers=list(headers))

    async def tell(self, key: str, sequence: int) -> str:
        """Send a proper event; return its id."""
        envelope = Envelope(
            id=f"{key}-{sequence}",
            type=contracts.MemberLeft.TYPE,
            source="/tandem/profile",
            subject=key,
            time=WallClock().now(),
            sequence=sequence,
            correlation_id="c",
        )
        await self.send(key.encode(), data_bytes(contracts.MemberLeft(member_id=key)), envelope.headers())
        return envelope.id

    async def effects_are(self, expected: dict[str, list[int]]) -> None:
        """Wait for exactly these effects."""

        async def same() -> bool:
            return await self.node.effects() == expected

        await until(same, within=30, saying=f"effects are {expected}")

    async def dead(self, count: int) -> list[dict[str, Any]]:
        """Wait for so many open dead letters."""

        async def enough() -> list[dict[str, Any]]:
            found = await self.letters.list()
            return found if len(found) >= count else []

        return await until(enough, within=30, saying=f"{count} dead letters are open")


@pytest_asyncio.fixture
async def wire(settings: KafkaSettings, connected: Connect) -> AsyncIterator[Wire]:
    """Run a consuming service."""
    mood = Mood()
    node = Node("matching", connected("matching"), settings, handlers={contracts.MemberLeft: mood.handle})
    await node.prepare()
    link = BrokerLink(node.consumer, settings, randomness=node.randomness)
    await link.run()
    node.tasks.spawn("parked", node.parked.run())
    producer = AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers)
    await producer.start()
    yield Wire(node, producer, mood)
    await producer.stop()
    await link.stop()
    await node.tasks.stop(5)
    assert node.deaths == []


class TestUnreadable:
    """Records that nobody can read."""

    @pytest.mark.parametrize(
        "headers",
        [
            [],
            [("ce_id", None), ("ce_type", None)],
            [("ce_id", b"\xff\xfe\xfd"), ("ce_type", b"\x80")],
            [("ce_id", b"x"), ("ce_type", b"tandem.profile.member.left.v1")],
        ],
        ids=["no headers", "null", "not utf-8", "incomplete"],
    )
    async def test_one_bad_record_neither_blocks_nor_loses_its_batch(self, wire: Wire, headers: list[tuple[str, Any]]) -> None:
        """N2: it becomes a dead letter; those before and after it take effect (trap 2)."""
        await wire.tell("good", 1)
        await wire.send(b"bad", b"\x00\xff", headers)
        await wire.tell("good", 2)
        await wire.effects_are({"good": [1, 2]})
        (letter,) = await wire.dead(1)
        assert letter["code"] == "unreadable-envelope"
        assert await until(lambda: _announced(wire.node), saying="announced through the outbox") == ["tandem-matching-dead-letter"]

    async def test_no_key_at_all(self, wire: Wire) -> None:
        """N2: a record without a key has a lane of its own."""
        await wire.send(None, b"{}", [])
        await wire.tell("good", 1)
        await wire.effects_are({"good": [1]})
        (letter,) = await wire.dead(1)
        assert letter["event_id"].startswith("tandem-profile-member/")

    async def test_a_foreign_reply_to_is_not_answered(self, wire: Wire) -> None:
        """N2: nobody's header makes us publish somewhere."""
        await wire.send(b"k", b"{}", [("reply_to", b"somewhere"), ("correlation_id", b"x")])
        await wire.dead(1)
        await wire.tell("good", 1)
        await wire.effects_are({"good": [1]})


class TestDuplicate:
    """The same event more than once."""

    async def test_it_takes_effect_once(self, wire: Wire) -> None:
        """N2: one id, one effect: twice in a row, among others, and long after."""
        for sequence in (1, 1, 2, 1, 2, 3):
            await wire.tell("k", sequence)
        await wire.effects_are({"k": [1, 2, 3]})
        for sequence in (3, 2, 1, 4):
            await wire.tell("k", sequence)
        await wire.effects_are({"k": [1, 2, 3, 4]})
        assert await wire.letters.list() == []


class TestDeadLetters:
    """A message that fails on its own, until an operator ends it."""

    async def test_held_then_redriven_in_order(self, wire: Wire) -> None:
        """N2: refused: dead, its key held, others go on; redriven: it and those behind it, in order."""
        wire.mood.faults["k-2"] = Refusal()
        for sequence in (1, 2, 3):
            await wire.tell("k", sequence)
            await wire.tell("o", sequence)
        await wire.effects_are({"k": [1], "o": [1, 2, 3]})
        (letter,) = await wire.dead(1)
        await wire.tell("k", 4)
        assert (letter["event_id"], letter["code"]) == ("k-2", "refused")
        assert (await wire.letters.redrive("k-2", by="op"))["outcome"] == "failed"
        wire.mood.faults.clear()
        assert (await wire.letters.redrive("k-2", by="op"))["outcome"] == "redriven"
        await wire.effects_are({"k": [1, 2, 3, 4], "o": [1, 2, 3]})

    async def test_waiting_for_a_prerequisite(self, wire: Wire) -> None:
        """N2: parked, tried again by itself, in order."""
        wire.mood.faults["k-1"] = NotYet("card-missing")
        for sequence in (1, 2, 3):
            await wire.tell("k", sequence)
        await wire.tell("o", 1)
        await wire.effects_are({"o": [1]})
        wire.mood.faults.clear()
        await wire.effects_are({"k": [1, 2, 3], "o": [1]})

    async def test_other_topics_types_are_left_alone(self, wire: Wire) -> None:
        """N1: a type without a handler is skipped."""
        proposed = matching_contracts.PairingProposed
        envelope = Envelope(id="x", type=proposed.TYPE, source="/x", subject="k", time=WallClock().now(), sequence=1, correlation_id="c")
        await wire.send(b"k", b"{}", envelope.headers())
        await wire.tell("k", 2)
        await wire.effects_are({"k": [2]})
        assert await wire.letters.list() == []


async def _announced(node: Node) -> list[str]:
    return [row["topic"] for row in await node.database.collection("outbox").find({})]
