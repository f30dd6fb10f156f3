"""What the harness itself knows of the cluster and the databases: read past the doors, by plain clients."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import PyMongoError

from deploy.local.services import SERVICES
from shared.contracts.topics import TOPICS
from shared.kernel.randomness import Randomness
from tests.simulation.troubles import CONSUMED

ASK_EVERY_SECONDS = 0.25
ASK_LIMIT_SECONDS = 4.0
GROUPS = {f"{service}.{topic}": topic for service, topics in CONSUMED.items() for topic in topics}
Ends = Mapping[TopicPartition, int]


class Cluster:
    """The brokers as an administrator sees them."""

    def __init__(self, address: str) -> None:
        """`address` leads past the doors."""
        self._address = address

    async def some_leader(self, luck: Randomness) -> int:
        """Return the node that leads a partition drawn by `luck`."""
        topic = TOPICS[int(luck.random() * len(TOPICS))].name
        partitions = (await self._described([topic]))[topic]
        return int(partitions[int(luck.random() * len(partitions))]["leader"])

    async def whole(self, within_seconds: float = 120.0) -> None:
        """Wait until every partition has all its replicas in sync again."""
        async with asyncio.timeout(within_seconds):
            while True:
                found = await self._described([topic.name for topic in TOPICS])
                if all(len(each["isr"]) == len(each["replicas"]) and each["leader"] >= 0 for rows in found.values() for each in rows):
                    return
                await asyncio.sleep(ASK_EVERY_SECONDS)

    async def ends(self) -> Ends:
        """Return where every partition that our services read ends now."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self._address, request_timeout_ms=5_000)
        await consumer.start()
        try:
            topics = sorted(set(GROUPS.values()))
            found = await self._described(topics)
            places = [TopicPartition(topic, row["partition"]) for topic in topics for row in found[topic]]
            return dict(await consumer.end_offsets(places))
        finally:
            await consumer.stop()

    async def has_read(self, groups: list[str], ends: Ends) -> bool:
        """Say whether `groups` have committed everything up to `ends`; those that have are taken out of the list."""
        admin = await self._admin()
        try:
            while groups and await self._caught_up(admin, groups[0], ends):
                groups.pop(0)
        finally:
            await admin.close()
        return not groups

    async def members(self, group: str) -> list[dict[str, Any]]:
        """Return a group's members, with what each was assigned."""
        admin = await self._admin()
        try:
            (described,) = await admin.describe_consumer_groups([group])
            members: list[dict[str, Any]] = described.to_object()["groups"][0]["members"]
            return members
        finally:
            await admin.close()

    async def records(self) -> list[Any]:
        """Return every record of every topic, by topic and partition in the order of the log."""
        names = [topic.name for topic in TOPICS]
        consumer = AIOKafkaConsumer(bootstrap_servers=self._address, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            found = await self._described(names)
            places = [TopicPartition(topic, row["partition"]) for topic in names for row in found[topic]]
            consumer.assign(places)
            ends = {place: end for place, end in (await consumer.end_offsets(places)).items() if end}
            records: dict[TopicPartition, list[Any]] = {place: [] for place in places}
            while any([await consumer.position(place) < end for place, end in ends.items()]):
                for place, batch in (await consumer.getmany(timeout_ms=500)).items():
                    records[place] += batch
            return [record for place in places for record in records[place]]
        finally:
            await consumer.stop()

    @staticmethod
    async def _caught_up(admin: AIOKafkaAdminClient, group: str, ends: Ends) -> bool:
        committed = await admin.list_consumer_group_offsets(group)
        wanted = {place: end for place, end in ends.items() if place.topic == GROUPS[group] and end}
        return all(place in committed and committed[place].offset >= end for place, end in wanted.items())

    async def _described(self, topics: list[str]) -> dict[str, list[Any]]:
        admin = await self._admin()
        try:
            return {each["topic"]: each["partitions"] for each in await admin.describe_topics(topics)}
        finally:
            await admin.close()

    async def _admin(self) -> AIOKafkaAdminClient:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._address, request_timeout_ms=4_000)
        try:
            await admin.start()
        except BaseException:
            await admin.close()
            raise
        return admin


class Databases:
    """The four databases of a run."""

    def __init__(self, url: str) -> None:
        """`url` leads past the doors."""
        self._client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            url, tz_aware=True, serverSelectionTimeoutMS=3_000, socketTimeoutMS=10_000
        )

    def of(self, service: str) -> Any:
        """Return a service's database."""
        return self._client[f"tandem_{service}"]

    async def outboxes_sent(self, before: datetime) -> bool:
        """Say whether no outbox holds a row from before a moment."""
        for service in SERVICES:
            if await self.of(service)["outbox"].find_one({"at": {"$gte": datetime(1970, 1, 1, tzinfo=UTC), "$lt": before}}):
                return False
        return True

    async def version_of(self, member_id: str) -> int:
        """Return a member's version in profile."""
        found = await self.of("profile")["members"].find_one({"_id": member_id}, {"version": 1})
        return int(found["version"])

    async def newer_everywhere(self, member_id: str, version: int) -> bool:
        """Say whether matching, scheduling and notification know something newer of a member than `version`."""
        for service in ("matching", "scheduling"):
            card = await self.of(service)["cards"].find_one({"_id": member_id}, {"sequence": 1})
            if card is None or card["sequence"] <= version:
                return False
        person = await self.of("notification")["recipients"].find_one({"_id": member_id}, {"body.contact_sequence": 1})
        return person is not None and person["body"]["contact_sequence"] > version

    def close(self) -> None:
        """Close all connections."""
        self._client.close()


AWAY = (KafkaError, PyMongoError, OSError, TimeoutError)
"""What the harness meets while servers are away: it asks again."""
