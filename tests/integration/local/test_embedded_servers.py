"""The embedded servers keep what they acknowledged, know their own, and end when told."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.local.kafka.apache import ApacheKafka
from deploy.local.kafka.probe import is_cluster
from deploy.local.kafka.tansu import Tansu
from deploy.local.mongo.secantus import SecantusDB
from deploy.local.ports import free_ports
from deploy.local.processes import Processes
from tests.support.keeper import place_in
from tests.support.servers import start_or_skip


async def make_topic(address: str, name: str, *, factor: int = 1) -> None:
    """Make a topic of one partition."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=factor)])
    await admin.close()


async def send(address: str, topic: str, values: list[bytes]) -> None:
    """Send and wait for the acknowledgements."""
    producer = AIOKafkaProducer(bootstrap_servers=address, acks="all", enable_idempotence=True)
    await producer.start()
    for value in values:
        await producer.send_and_wait(topic, value)
    await producer.stop()


async def read(address: str, topic: str, count: int) -> list[bytes]:
    """Return the first `count` values."""
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


class TestApacheKafka:
    """Durable, and recognised as ours."""

    @pytest.mark.durable
    async def test_records_survive_kill_9(self, own_kafka: ApacheKafka, fresh_name: str) -> None:
        """N2: acknowledged is kept; ports stay, so clients find it again."""
        await make_topic(own_kafka.address, fresh_name)
        await send(own_kafka.address, fresh_name, [b"1", b"2"])
        own_kafka.kill()
        await own_kafka.restart()
        await send(own_kafka.address, fresh_name, [b"3"])
        assert await read(own_kafka.address, fresh_name, 3) == [b"1", b"2", b"3"]

    @pytest.mark.durable
    async def test_kept_data_are_found_by_another_launcher_on_other_ports(self, tmp_path: Path, fresh_name: str) -> None:
        """`tandem up --keep DIR` twice; the second start formats nothing."""
        place = place_in(tmp_path)
        first = ApacheKafka(place.processes, place.kafka, place.logs, place.randomness)
        await start_or_skip(first)
        await make_topic(first.address, fresh_name)
        await send(first.address, fresh_name, [b"1"])
        await first.stop()
        second = ApacheKafka(place.processes, place.kafka, place.logs, place.randomness)
        await start_or_skip(second)
        assert await read(second.address, fresh_name, 1) == [b"1"]
        await second.stop()

    @pytest.mark.durable
    async def test_a_port_taken_between_choosing_and_binding_costs_one_try(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """The next try takes other ports."""
        free = free_ports(2)
        with socket.create_server(("127.0.0.1", 0)) as somebody:
            offers = [[somebody.getsockname()[1], free[0]], free]
            monkeypatch.setattr("deploy.local.kafka.apache.free_ports", lambda _count: offers.pop(0))
            place = place_in(tmp_path)
            kafka = ApacheKafka(place.processes, place.kafka, place.logs, place.randomness)
            await start_or_skip(kafka)
        assert kafka.address == f"127.0.0.1:{free[0]}"
        await kafka.stop()


@pytest.mark.cluster
@pytest.mark.slow
class TestCluster:
    """Three nodes, one is killed."""

    @pytest_asyncio.fixture
    async def cluster(self, tmp_path: Path) -> AsyncIterator[ApacheKafka]:
        """Run three nodes of this test's own."""
        place = place_in(tmp_path)
        kafka = ApacheKafka(place.processes, place.kafka, place.logs, place.randomness, nodes=3)
        await start_or_skip(kafka)
        yield kafka
        await kafka.stop()

    async def test_writes_go_on_without_one_node(self, cluster: ApacheKafka, fresh_name: str) -> None:
        """RF 3, two in sync: nothing acknowledged is lost."""
        await make_topic(cluster.address, fresh_name, factor=3)
        await send(cluster.address, fresh_name, [b"1"])
        cluster.kill(1)
        await send(cluster.address, fresh_name, [b"2"])
        assert await read(cluster.address, fresh_name, 2) == [b"1", b"2"]


@pytest.mark.kafka
class TestTansu:
    """The small broker for machines without Java."""

    async def test_it_says_what_is_off(self, tmp_path: Path) -> None:
        """The banner names reason and limits; the services are told to do without idempotence."""
        tansu = Tansu(Processes(tmp_path), tmp_path, tmp_path, "no Apache Kafka: no java on the PATH")
        server = await tansu.start()
        assert "memory only, idempotence off (no Apache Kafka: no java on the PATH)" in server.banner()
        assert server.settings["TANDEM_KAFKA__ENABLE_IDEMPOTENCE"] == "false"
        port = int(server.address.rpartition(":")[2])
        assert await is_cluster(port, "tansu_cluster", 1)
        assert not await is_cluster(port, "AAAAAAAAAAAAAAAAAAAAAA", 1), "a stranger's broker answers, too, and is not ours"
        await server.stop()
        assert tansu.running == []


@pytest.mark.mongo
class TestSecantusDB:
    """Synced and durable."""

    async def test_documents_survive_kill_9(self, own_mongo: SecantusDB, fresh_name: str) -> None:
        """N2: acknowledged is kept."""
        client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(own_mongo.address)
        await client[fresh_name]["things"].insert_one({"_id": 1})
        own_mongo.kill()
        await own_mongo.restart()
        assert await client[fresh_name]["things"].find_one({"_id": 1}) == {"_id": 1}
        client.close()

    async def test_a_settings_file_in_the_callers_folder_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It would be found in the working directory; the server runs in its own."""
        (tmp_path / "secantusd.toml").write_text("port = 1\nauth = true\n")
        monkeypatch.chdir(tmp_path)
        place = place_in(tmp_path / "run")
        mongo = SecantusDB(place.processes, place.mongo, place.logs)
        await mongo.start()
        assert mongo.running[0].program.folder == tmp_path / "run" / "mongo"
        await mongo.stop()
