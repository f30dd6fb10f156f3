"""`tandem events tail` on a real broker."""

import asyncio

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.local.server import Server
from services.console.adapters.kafka_facts import KafkaFacts
from services.console.domain.endings import ConsoleTrouble
from services.console.domain.facts import Fact
from shared.contracts.topics import MATCHING_PAIRING, PROFILE_CONTACT

PREFIX = "TANDEM_KAFKA__"


def settings_of(server: Server, prefix: str) -> dict[str, str]:
    """Return the reader's settings for topics that only this test has."""
    named = {name.removeprefix(PREFIX).lower(): value for name, value in server.settings.items()}
    return named | {"topic_prefix": prefix}


async def publish(address: str, prefix: str, count: int) -> None:
    """Put facts on the pairing topic and a private record on the contact topic."""
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all")
    await producer.start()
    headers = [("ce_type", b"tandem.matching.pairing.formed.v1"), ("ce_subject", b"p1"), ("traceparent", b"x")]
    for number in range(count):
        value = b'{"n": %d}' % number
        await producer.send_and_wait(prefix + MATCHING_PAIRING.name, value, key=b"p1", headers=headers)
    await producer.send_and_wait(prefix + PROFILE_CONTACT.name, b'{"display_name": "Ada"}', key=b"m1")
    await producer.stop()


async def make_topics(address: str, prefix: str) -> None:
    """Make the two topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    names = (MATCHING_PAIRING.name, PROFILE_CONTACT.name)
    await admin.create_topics([NewTopic(prefix + name, num_partitions=3, replication_factor=1) for name in names])
    await admin.close()


@pytest.mark.kafka
@pytest.mark.offsets
class TestKafkaFacts:
    """N1: a plain reader that knows the contracts only."""

    async def test_all_facts_are_read_in_order_and_private_records_are_not(self, kafka_server: Server, fresh_name: str) -> None:
        """State topics hold names and addresses; they are not for this reader."""
        await make_topics(kafka_server.address, fresh_name)
        await publish(kafka_server.address, fresh_name, 3)
        reader = KafkaFacts(settings_of(kafka_server, fresh_name))
        facts: list[Fact] = [fact async for fact in reader.tail(from_beginning=True, until_end=True)]
        assert [fact.data for fact in facts] == [{"n": 0}, {"n": 1}, {"n": 2}]
        assert facts[0].topic == MATCHING_PAIRING.name
        assert facts[0].attributes == {"type": "tandem.matching.pairing.formed.v1", "subject": "p1"}

    async def test_without_from_beginning_only_what_comes_is_read(self, kafka_server: Server, fresh_name: str) -> None:
        """A terminal shows what happens from now on."""
        await make_topics(kafka_server.address, fresh_name)
        await publish(kafka_server.address, fresh_name, 2)
        tail = KafkaFacts(settings_of(kafka_server, fresh_name)).tail(from_beginning=False, until_end=False)
        async with asyncio.timeout(60):
            waiting = asyncio.gather(anext(tail), _publish_until_read(kafka_server.address, fresh_name))
            fact, _ = await waiting
        await tail.aclose()  # type: ignore[attr-defined]  # it is a generator
        assert fact.offset >= 2

    async def test_a_broker_without_topics_is_one_line(self, kafka_server: Server, fresh_name: str) -> None:
        """The services make them when they start."""
        with pytest.raises(ConsoleTrouble, match="no fact topics on this broker yet"):
            await anext(KafkaFacts(settings_of(kafka_server, fresh_name)).tail(from_beginning=True, until_end=True))


async def _publish_until_read(address: str, prefix: str) -> None:
    """Publish some time after the reader began: a few rounds, so that one falls behind its start."""
    for _ in range(5):
        await publish(address, prefix, 1)
