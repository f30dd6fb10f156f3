"""Power cuts in mid-stream: nothing lost, nothing doubled, order per key kept (N2, pipeline fault matrix)."""

from datetime import timedelta

import pytest

from shared.kernel.clock import WallClock
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.mongo import MongoSettings
from shared.timers.timers import Timers
from tests.integration.messaging.conftest import Connect
from tests.support.path import Node
from tests.support.probing import until
from tests.support.worker import Order
from tests.support.workers import workers

pytestmark = [pytest.mark.kafka, pytest.mark.mongo]
KEYS, EACH = 12, 30


def whole(keys: int = KEYS, each: int = EACH) -> dict[str, list[int]]:
    """Return the effects of `each` facts for every key, in order, each once."""
    return {f"k{number}": list(range(1, each + 1)) for number in range(keys)}


@pytest.fixture
def mongo(mongo_url: str, fresh_name: str) -> MongoSettings:
    """Return how workers reach the database."""
    return MongoSettings(url=mongo_url, database_prefix=fresh_name)


async def nodes(settings: KafkaSettings, connected: Connect) -> tuple[Node, Node]:
    """Return the two services, as seen from the test; nothing of them runs here."""
    pair = Node("profile", connected("profile"), settings), Node("matching", connected("matching"), settings)
    for node in pair:
        await node.prepare()
    return pair


async def finished(matching: Node) -> bool:
    """Return whether every fact has had its effect (more than once would be more than that)."""
    return sum(len(each) for each in (await matching.effects()).values()) >= KEYS * EACH


class TestKillNine:
    """A process dies at a named point and is started again."""

    @pytest.mark.parametrize(("point", "occurrence"), [("before-commit", 2), ("after-commit", 2), ("before-offset", 2)])
    async def test_consumer(self, settings: KafkaSettings, connected: Connect, mongo: MongoSettings, point: str, occurrence: int) -> None:
        """N2: the batch comes again; the inbox drops what was applied."""
        profile, matching = await nodes(settings, connected)
        kafka = settings.model_copy(update={"group_instance_id": "one", "batch_max_records": 40})
        async with workers() as processes:
            await profile.publish(KEYS, EACH)
            await processes.start(Order(role="relay", service="profile", kafka=kafka, mongo=mongo))
            doomed = Order(role="consume", service="matching", kafka=kafka, mongo=mongo, replica="one", crash=point, occurrence=occurrence)
            first = await processes.start(doomed)
            assert await first.process.wait() == 9
            again = await processes.start(doomed.model_copy(update={"occurrence": 3}))
            assert await again.process.wait() == 9
            await processes.start(doomed.model_copy(update={"crash": None}))
            await until(lambda: finished(matching), within=60, saying="all effects are there")
        assert await matching.effects() == whole()

    @pytest.mark.parametrize("point", ["after-send", "before-delete", "after-commit"])
    async def test_relay(self, settings: KafkaSettings, connected: Connect, mongo: MongoSettings, point: str) -> None:
        """N2: rows that were sent but not forgotten are sent again; consumers drop them."""
        profile, matching = await nodes(settings, connected)
        async with workers() as processes:
            await processes.start(Order(role="consume", service="matching", kafka=settings, mongo=mongo))
            await profile.publish(KEYS, EACH // 2)
            doomed = Order(role="relay", service="profile", kafka=settings, mongo=mongo, replica="profile-0", crash=point)
            assert await (await processes.start(doomed)).process.wait() == 9
            await profile.publish(KEYS, EACH - EACH // 2)
            await processes.start(doomed.model_copy(update={"crash": None}))
            await until(lambda: finished(matching), within=60, saying="all effects are there")
            await until(lambda: _empty(profile), saying="the outbox is empty")
        assert await matching.effects() == whole()

    async def test_relay_fails_over_to_another_instance(self, settings: KafkaSettings, connected: Connect, mongo: MongoSettings) -> None:
        """N2: of two relays one sends; when it dies the other takes over after the lease, with the next token."""
        profile, matching = await nodes(settings, connected)
        async with workers() as processes:
            await processes.start(Order(role="consume", service="matching", kafka=settings, mongo=mongo))
            order = Order(role="relay", service="profile", kafka=settings, mongo=mongo)
            pair = {name: await processes.start(order.model_copy(update={"replica": name})) for name in ("a", "b")}
            await profile.publish(KEYS, EACH // 2)
            lease = await until(lambda: profile.database.collection("leases").find_one({"_id": "relay"}), within=30, saying="a lease")
            assert lease is not None
            await until(lambda: _some(matching), within=30, saying="first effects")
            await pair[lease["replica"]].kill()
            await profile.publish(KEYS, EACH - EACH // 2)
            await until(lambda: finished(matching), within=60, saying="all effects are there")
            taken = await profile.database.collection("leases").find_one({"_id": "relay"})
        assert await matching.effects() == whole()
        assert taken is not None
        assert (taken["replica"] != lease["replica"], taken["token"] > lease["token"]) == (True, True)

    async def test_two_consumers_one_dies(self, settings: KafkaSettings, connected: Connect, mongo: MongoSettings) -> None:
        """N2: partitions go to the survivor; what was in hand comes again."""
        profile, matching = await nodes(settings, connected)
        async with workers() as processes:
            order = Order(role="consume", service="matching", kafka=settings, mongo=mongo)
            doomed = await processes.start(order)
            await processes.start(order)
            await processes.start(Order(role="relay", service="profile", kafka=settings, mongo=mongo))
            await profile.publish(KEYS, EACH // 2)
            await until(lambda: _some(matching), within=30, saying="first effects")
            await doomed.kill()
            await profile.publish(KEYS, EACH - EACH // 2)
            await until(lambda: finished(matching), within=60, saying="all effects are there")
        assert await matching.effects() == whole()


class TestTimersAfterARestart:
    """Due work survives the process that set it."""

    async def test_timer_fires_in_the_next_process(self, settings: KafkaSettings, connected: Connect, mongo: MongoSettings) -> None:
        """R49: killed in the middle of firing, each timer has its effect once."""
        _, matching = await nodes(settings, connected)
        now = WallClock().now()

        async def set_all(tx: Transaction) -> None:
            for number in range(20):
                await Timers(tx, Doorbell()).set(f"t{number}", now + timedelta(milliseconds=number), "note", {})

        await matching.database.transact("set", set_all)
        order = Order(role="timers", service="matching", kafka=settings, mongo=mongo, replica="matching-0")
        async with workers() as processes:
            for point in ("before-commit", "after-commit"):
                doomed = order.model_copy(update={"crash": point, "occurrence": 5})
                assert await (await processes.start(doomed)).process.wait() == 9
            await processes.start(order)
            await until(lambda: _no_timers(matching), within=30, saying="all timers have fired")
        assert await matching.effects() == {f"t{number}": [1] for number in range(20)}


async def _no_timers(node: Node) -> bool:
    return await node.database.collection("timers").count({}) == 0


async def _empty(node: Node) -> bool:
    return await node.database.collection("outbox").count({}) == 0


async def _some(node: Node) -> bool:
    return len(await node.effects()) > 0
