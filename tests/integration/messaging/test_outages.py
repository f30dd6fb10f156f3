"""The broker or the database dies and comes back: nothing lost, nothing doubled, by itself (N2)."""

import asyncio

import pytest

from deploy.local.kafka.apache import ApacheKafka
from deploy.local.mongo.secantus import SecantusDB
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.broker import BrokerLink
from shared.messaging.sending import KafkaSender
from shared.messaging.settings import KafkaSettings
from shared.observability.health import NotReady
from shared.persistence.mongo import MongoSettings, connect
from tests.integration.messaging.conftest import Connect
from tests.support.path import Node
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.durable, pytest.mark.slow]
KEYS, EACH = 8, 20


def whole(each: int) -> dict[str, list[int]]:
    """Return the effects of `each` facts for every key."""
    return {f"k{number}": list(range(1, each + 1)) for number in range(KEYS)}


class Pair:
    """Both services in this process."""

    def __init__(self, profile: Node, matching: Node, settings: KafkaSettings) -> None:
        """Build the parts."""
        self.profile, self.matching = profile, matching
        self.link = BrokerLink(matching.consumer, settings, randomness=matching.randomness)
        self.sender = KafkaSender(settings, "outage-relay")

    async def start(self) -> None:
        """Start everything in the background."""
        await self.profile.prepare()
        await self.matching.prepare()
        self.matching.tasks.spawn("link", self.link.run())
        self.profile.tasks.spawn("relay", self.profile.relay(self.sender).run())

    async def stop(self) -> None:
        """Stop everything; nothing may have died of the outage."""
        await self.link.stop()
        for node in (self.profile, self.matching):
            await node.tasks.stop(6)
            assert node.deaths == []

    async def effects_are(self, expected: dict[str, list[int]], within: float = 60) -> None:
        """Wait for exactly these effects."""

        async def same() -> bool:
            return await self.matching.effects() == expected

        await until(same, within=within, saying="all effects, each once, in order")


class TestBroker:
    """The broker is away."""

    async def test_killed_and_back(self, own_kafka: ApacheKafka, connected: Connect, fresh_name: str) -> None:
        """N2: commands go on, the backlog drains in order by itself."""
        settings = KafkaSettings(bootstrap_servers=own_kafka.address, topic_prefix=f"{fresh_name}-")
        pair = Pair(Node("profile", connected("profile"), settings), Node("matching", connected("matching"), settings), settings)
        await pair.start()
        await pair.profile.publish(KEYS, EACH)
        await pair.effects_are(whole(EACH))
        own_kafka.kill()
        await pair.profile.publish(KEYS, EACH)
        with pytest.raises(NotReady):
            await pair.link.ready()
        await own_kafka.restart()
        await pair.effects_are(whole(2 * EACH), within=90)
        await pair.profile.publish(KEYS, EACH)
        await pair.effects_are(whole(3 * EACH))
        await until(lambda: _ready(pair.link), within=20, saying="ready again")
        await pair.stop()

    async def test_absent_at_the_start(self, connected: Connect, settings: KafkaSettings) -> None:
        """N2: a service starts without a broker, says so, and stops in bounded time."""
        nowhere = settings.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
        pair = Pair(Node("profile", connected("profile"), nowhere), Node("matching", connected("matching"), nowhere), nowhere)
        await pair.start()
        await pair.profile.publish(KEYS, 2)
        with pytest.raises(NotReady):
            await pair.link.ready()
        async with asyncio.timeout(10):
            await pair.stop()
        assert await pair.profile.database.collection("outbox").count({}) == 2 * KEYS


class TestDatabase:
    """The database is away."""

    async def test_killed_and_back(self, own_mongo: SecantusDB, settings: KafkaSettings, fresh_name: str) -> None:
        """N2: consumers and relay wait in place; what was committed is there, what was not runs again."""
        mongo = MongoSettings(url=own_mongo.address, database_prefix=fresh_name, server_selection_timeout_ms=1000)
        opened = [connect(mongo, service, wall=WallClock(), randomness=SystemRandomness()) for service in ("profile", "matching")]
        pair = Pair(Node("profile", opened[0], settings), Node("matching", opened[1], settings), settings)
        await pair.start()
        await pair.profile.publish(KEYS, EACH)
        publishing = asyncio.gather(pair.profile.publish(KEYS, EACH))
        await until(lambda: _some(pair.matching), within=30, saying="first effects")
        own_mongo.kill()
        await own_mongo.restart()
        await publishing
        await pair.effects_are(whole(2 * EACH), within=90)
        await pair.stop()
        for database in opened:
            await database.close()


async def _ready(link: BrokerLink) -> bool:
    try:
        await link.ready()
    except NotReady:
        return False
    return True


async def _some(node: Node) -> bool:
    return len(await node.effects()) > 0
