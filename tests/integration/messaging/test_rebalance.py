"""A second replica joins and leaves in mid-stream: partitions move, the batch in hand is finished first (N2)."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from shared.contracts import profile as contracts
from shared.contracts.topics import Topic
from shared.messaging.broker import BrokerLink
from shared.messaging.received import Received
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from tests.integration.messaging.conftest import Connect
from tests.support.path import Node, Work, noted
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo]
KEYS, EACH = 12, 8


class Replica:
    """One replica of the consuming service, slow enough to be caught in a batch; counts what is delivered to it."""

    def __init__(self, connected: Connect, settings: KafkaSettings) -> None:
        """Build it."""
        self.node = Node("matching", connected("matching"), settings, handlers={contracts.MemberLeft: self._slowly})
        self.delivered = 0
        self.link = BrokerLink(self.node.consumer, settings, randomness=self.node.randomness)
        apply = self.node.consumer.apply

        async def counted(topic: Topic, records: Sequence[Any], **options: Any) -> None:
            self.delivered += len(records)
            await apply(topic, records, **options)

        self.node.consumer.apply = counted  # type: ignore[method-assign]

    @staticmethod
    async def _slowly(event: Received[Any], work: Work) -> None:
        await asyncio.sleep(0.02)
        await noted(event, work)


class TestRebalance:
    """Replicas come and go."""

    async def test_nothing_is_done_twice_or_lost(self, settings: KafkaSettings, connected: Connect) -> None:
        """N2: the revoke listener waits for the batch in hand and its commit; a graceful stop leaves the group."""
        small = settings.model_copy(update={"batch_max_records": 10})
        profile = Node("profile", connected("profile"), small)
        first, second = Replica(connected, small), Replica(connected, small)
        await profile.prepare()
        await first.node.prepare()
        await first.link.run()
        profile.tasks.spawn("relay", profile.relay(KafkaSender(small, "rebalance")).run())
        await profile.publish(KEYS, EACH)
        await until(lambda: first.delivered > 0, within=20, saying="the first is at work")
        await second.link.run()
        await profile.publish(KEYS, EACH)
        await until(lambda: second.delivered > 0, within=20, saying="the second has got partitions")
        await first.link.stop()
        await profile.publish(KEYS, EACH)
        expected = {f"k{number}": list(range(1, 3 * EACH + 1)) for number in range(KEYS)}
        await until(lambda: _equal(second.node, expected), within=60, saying="all effects, each once, in order")
        assert first.delivered + second.delivered == KEYS * EACH * 3
        await second.link.stop()
        await profile.tasks.stop(5)


async def _equal(node: Node, expected: dict[str, list[int]]) -> bool:
    return await node.effects() == expected
