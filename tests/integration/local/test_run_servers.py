"""The run's servers: started once, shared by all processes, gone at the end."""

import pytest
from motor.motor_asyncio import AsyncIOMotorClient

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
