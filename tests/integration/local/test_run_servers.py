"""The run's servers: started once, shared by all processes, gone at the end."""

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

from deploy.local.given import given_kafka, given_mongo
from deploy.local.kafka.probe import cluster_of
from deploy.local.mongo.probe import hello_of
from deploy.local.server import Server


class TestRunServers:
    """What the fixtures promise."""

    @pytest.mark.kafka
    async def test_the_broker_answers(self, kafka_bootstrap: str) -> None:
        """The address leads to a broker that sees itself."""
        found = await cluster_of(kafka_bootstrap)
        assert found is not None
        assert len(found["brokers"]) == 1

    @pytest.mark.mongo
    async def test_the_database_is_a_writable_primary(self, mongo_url: str) -> None:
        """Transactions need a replica set."""
        answer = await hello_of(mongo_url)
        assert answer is not None
        assert answer["isWritablePrimary"]

    @pytest.mark.mongo
    async def test_a_transaction_commits(self, mongo_url: str, fresh_name: str) -> None:
        """The unit of work is one transaction (architecture section 3)."""
        client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(mongo_url)
        collection = client[fresh_name]["things"]
        await client[fresh_name].create_collection("things")
        async with await client.start_session() as session, session.start_transaction():
            await collection.insert_one({"_id": 1}, session=session)
        assert await collection.find_one({"_id": 1}) == {"_id": 1}
        await client.drop_database(fresh_name)
        client.close()

    @pytest.mark.kafka
    async def test_the_banner_names_the_product(self, kafka_server: Server) -> None:
        """A missing Java is seen at once."""
        assert kafka_server.banner().startswith(f"kafka: {kafka_server.product} ")


class TestGivenServers:
    """Servers that somebody else runs are recognised by asking them."""

    @pytest.mark.kafka
    async def test_a_given_broker_is_recognised_and_not_stopped(self, kafka_server: Server, kafka_bootstrap: str) -> None:
        """Product by its cluster id; the settings go to the services as they were given."""
        found = await given_kafka({"TANDEM_KAFKA__BOOTSTRAP_SERVERS": kafka_bootstrap, "TANDEM_KAFKA__PARTITIONS": "1"})
        assert found is not None
        assert found.product is kafka_server.product
        assert found.settings["TANDEM_KAFKA__PARTITIONS"] == "1"
        await found.stop()
        assert await cluster_of(kafka_bootstrap) is not None

    @pytest.mark.mongo
    async def test_a_given_database_is_recognised(self, mongo_server: Server, mongo_url: str) -> None:
        """Product by its set name."""
        found = await given_mongo({"TANDEM_MONGO__URL": mongo_url})
        assert found is not None
        assert found.product is mongo_server.product

    async def test_nothing_named_is_nothing_given(self) -> None:
        """Then the next line of the table decides."""
        assert await given_kafka({}) is None
        assert await given_mongo({}) is None
