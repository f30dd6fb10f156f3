"""Topics on a real broker: made from `topics.py`, by several replicas at once, and mended where they lack something."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest
import pytest_asyncio
from aiokafka.admin import NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.topics import PROFILE_CARD, PROFILE_MEMBER, TOPICS
from shared.messaging.administration import Administration
from shared.messaging.settings import KafkaSettings
from tests.support.probing import until

pytestmark = [pytest.mark.kafka]


@pytest_asyncio.fixture
async def admin(settings: KafkaSettings) -> AsyncIterator[Administration]:
    """Return an admin connection of this test's own."""
    administration = Administration(settings, client_id="test")
    yield administration
    await administration.close()


async def shape(administration: Administration, name: str) -> tuple[int, dict[str, str]]:
    """Return a topic's number of partitions and its settings."""
    client = await administration._open_admin()
    (described,) = await client.describe_topics([name])
    (answer,) = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    ((*_, entries),) = answer.resources
    return len(described["partitions"]), {entry[0]: entry[1] for entry in entries}


async def known(administration: Administration, name: str) -> tuple[int, dict[str, str]]:
    """Return a topic's shape once the broker has told its news around."""

    async def look() -> tuple[int, dict[str, str]] | None:
        found = await shape(administration, name)
        return found if found[0] else None

    return cast("tuple[int, dict[str, str]]", await until(look, saying="the topic is known"))


async def _has(administration: Administration, name: str, partitions: int) -> bool:
    return (await shape(administration, name))[0] == partitions


class TestTopics:
    """What a start makes of the broker."""

    async def test_three_replicas_start_at_once(self, settings: KafkaSettings) -> None:
        """N2: whoever is late finds it done."""
        replicas = [Administration(settings, client_id=f"test-{number}") for number in range(3)]
        await asyncio.gather(*(each.ensure_topics() for each in replicas))
        client = await replicas[0]._open_admin()
        mine = sorted(name for name in await client.list_topics() if name.startswith(settings.topic_prefix))
        assert mine == sorted(settings.name_of(topic) for topic in TOPICS)
        for each in replicas:
            await each.close()

    async def test_kinds_have_their_settings(self, admin: Administration, settings: KafkaSettings) -> None:
        """N18: state topics are compacted and bound how long an old record lives; facts are kept long."""
        await admin.ensure_topics()
        partitions, card = await known(admin, settings.name_of(PROFILE_CARD))
        _, member = await shape(admin, settings.name_of(PROFILE_MEMBER))
        assert partitions == settings.partitions
        assert (card["cleanup.policy"], card["max.compaction.lag.ms"]) == ("compact", "86400000")
        assert (member["cleanup.policy"], member["retention.ms"]) == ("delete", str(730 * 86_400_000))

    @pytest.mark.offsets
    async def test_what_lacks_is_added_what_is_there_stays(self, admin: Administration, settings: KafkaSettings) -> None:
        """N2: a topic that somebody made by hand is mended; an operator's own setting stays."""
        name = settings.name_of(PROFILE_MEMBER)
        client = await admin._open_admin()
        by_hand = {"segment.bytes": "1048576", "retention.ms": "1000"}
        await client.create_topics([NewTopic(name, num_partitions=1, replication_factor=1, topic_configs=by_hand)])
        assert (await known(admin, name))[0] == 1
        await admin.ensure_topics()
        await until(lambda: _has(admin, name, settings.partitions), saying="partitions were added")
        await admin.ensure_topics()
        expected = {
            "segment.bytes": "1048576",
            "retention.ms": str(730 * 86_400_000),
            "max.message.bytes": str(PROFILE_MEMBER.max_message_bytes),
        }

        async def as_expected() -> bool:
            _, found = await shape(admin, name)
            return {key: found[key] for key in expected} == expected

        await until(as_expected, saying="settings are mended, the operator's own one stays")
