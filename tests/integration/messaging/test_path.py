"""The message path over a real broker and a real database: nothing lost, nothing doubled, order per key kept (N2)."""

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import PROFILE_MEMBER
from shared.messaging.broker import BrokerLink
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from tests.integration.messaging.conftest import Connect
from tests.support.path import Node
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo]


def whole(keys: int, each: int) -> dict[str, list[int]]:
    """Return the effects of `each` facts for every key, in order, each once."""
    return {f"k{number}": list(range(1, each + 1)) for number in range(keys)}


class TestPath:
    """From commit to effect."""

    async def test_all_facts_take_effect_once_and_in_order(self, settings: KafkaSettings, connected: Connect) -> None:
        """N2: outbox, relay, broker, inbox."""
        profile, matching = Node("profile", connected("profile"), settings), Node("matching", connected("matching"), settings)
        await profile.prepare()
        await matching.prepare()
        link = BrokerLink(matching.consumer, settings, randomness=matching.randomness)
        await link.run()
        profile.tasks.spawn("relay", profile.relay(KafkaSender(settings, "test-relay")).run())
        await profile.publish(20, 5)
        await until(lambda: _equal(matching, whole(20, 5)), within=30, saying="all effects, each once, in order")
        await until(lambda: _empty(profile), saying="the outbox is empty")
        assert await link.lag() == {"tandem-profile-member": 0}
        await link.ready()
        await link.stop()
        await profile.tasks.stop(5)
        assert (profile.deaths, matching.deaths) == ([], [])

    @pytest.mark.offsets
    async def test_everything_delivered_again_takes_no_effect_again(self, settings: KafkaSettings, connected: Connect) -> None:
        """N2: the group's offsets are set back to the beginning; the inbox drops what it knows, what is new takes effect."""
        profile, matching = Node("profile", connected("profile"), settings), Node("matching", connected("matching"), settings)
        await profile.prepare()
        await matching.prepare()
        profile.tasks.spawn("relay", profile.relay(KafkaSender(settings, "test-relay")).run())
        first = BrokerLink(matching.consumer, settings, randomness=matching.randomness)
        await first.run()
        await profile.publish(10, 5)
        await until(lambda: _equal(matching, whole(10, 5)), within=30, saying="all effects, each once, in order")
        await first.stop()
        await _rewind(settings)
        again = BrokerLink(matching.consumer, settings, randomness=matching.randomness)
        await again.run()
        await profile.publish(10, 5)
        await until(lambda: _equal(matching, whole(10, 10)), within=30, saying="old facts are dropped, new ones take effect")
        await until(lambda: _caught_up(again), within=30, saying="all was delivered")
        assert await matching.effects() == whole(10, 10)
        await again.stop()
        await profile.tasks.stop(5)


async def _rewind(settings: KafkaSettings) -> None:
    """Set the group back to the beginning of the topic."""
    consumer = AIOKafkaConsumer(
        **settings.client_options(), group_id=settings.group_of("matching", PROFILE_MEMBER), enable_auto_commit=False
    )
    await consumer.start()
    partitions = [TopicPartition(settings.name_of(PROFILE_MEMBER), number) for number in range(settings.partitions)]
    consumer.assign(partitions)
    await consumer.commit(dict.fromkeys(partitions, 0))
    await consumer.stop()


async def _caught_up(link: BrokerLink) -> bool:
    return set((await link.lag()).values()) == {0}


async def _equal(node: Node, expected: dict[str, list[int]]) -> bool:
    return await node.effects() == expected


async def _empty(node: Node) -> bool:
    return await node.database.collection("outbox").count({}) == 0
