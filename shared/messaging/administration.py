"""Topics as `shared/contracts/topics.py` says, and how far a group lags. Safe when several replicas start at once."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidPartitionsError, KafkaError, TopicAlreadyExistsError, for_code

from shared.contracts.topics import TOPICS, Topic
from shared.messaging.settings import KafkaSettings
from shared.observability import log_events
from shared.observability.logging import get_log

OF_THE_TOPIC = 1
"""`config_source` of a setting that was made on the topic itself."""


class Administration:
    """One admin connection of one process, opened at the first use and again after a failure."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        """Contact nothing yet."""
        self._settings = settings
        self._client_id = client_id
        self._admin: AIOKafkaAdminClient | None = None
        self._reader: AIOKafkaConsumer | None = None
        self._one_at_a_time = asyncio.Lock()
        self._log = get_log()

    async def ensure_topics(self, topics: Sequence[Topic] = TOPICS) -> None:
        """Create missing topics; add partitions and settings that existing ones lack, and leave their others alone."""
        async with self._one_at_a_time, _forgetting(self):
            admin = await self._open_admin()
            names = {self._settings.name_of(topic): topic for topic in topics}
            existing = set(await admin.list_topics())
            missing = [topic for name, topic in names.items() if name not in existing]
            if missing:
                await self._create(admin, missing)
            there = [topic for name, topic in names.items() if name in existing]
            if there:
                await self._add_partitions(admin, there)
                await self._mend_settings(admin, there)

    async def ping(self) -> None:
        """Return when the broker answers, else raise a `KafkaError`, `OSError` or `TimeoutError`."""
        async with self._one_at_a_time, _forgetting(self):
            admin = await self._open_admin()
            await admin.describe_cluster()

    async def lag(self, service: str, topics: Sequence[Topic]) -> dict[str, int]:
        """Return the number of records after the committed offsets of `service`, per topic."""
        if not topics:
            return {}
        async with self._one_at_a_time, _forgetting(self):
            admin = await self._open_admin()
            described = await admin.describe_topics([self._settings.name_of(topic) for topic in topics])
            parts = [TopicPartition(each["topic"], part["partition"]) for each in described for part in each["partitions"]]
            committed: dict[TopicPartition, Any] = {}
            for topic in topics:
                own = [part for part in parts if part.topic == self._settings.name_of(topic)]
                committed |= await admin.list_consumer_group_offsets(self._settings.group_of(service, topic), partitions=own)
            reader = await self._open_reader()
            ends = await reader.end_offsets(parts)
            begins = await reader.beginning_offsets(parts)
        lags = dict.fromkeys((topic.name for topic in topics), 0)
        for part in parts:
            done = committed[part].offset if part in committed else -1
            waiting = ends[part] - (done if done >= 0 else begins[part])
            lags[part.topic.removeprefix(self._settings.topic_prefix)] += max(0, waiting)
        return lags

    async def close(self) -> None:
        """Close the connections."""
        admin, self._admin = self._admin, None
        reader, self._reader = self._reader, None
        for client in (admin and admin.close, reader and reader.stop):
            if client is not None:
                with suppress(KafkaError, OSError):
                    await client()

    async def _create(self, admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
        wanted = [
            NewTopic(
                name=self._settings.name_of(topic),
                num_partitions=self._settings.partitions,
                replication_factor=self._settings.replication_factor,
                topic_configs=self._wanted(topic),
            )
            for topic in topics
        ]
        answer = await admin.create_topics(wanted)
        for name, code, *_ in answer.topic_errors:
            fault = for_code(code)
            if code and fault is not TopicAlreadyExistsError:  # another replica may have been faster
                raise fault(name)
            if not code:
                self._log.info(log_events.TOPIC_MADE, topic=name)

    async def _add_partitions(self, admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
        described = await admin.describe_topics([self._settings.name_of(topic) for topic in topics])
        for each in described:
            if 0 < len(each["partitions"]) < self._settings.partitions:
                with suppress(InvalidPartitionsError):  # another replica was faster
                    await admin.create_partitions({each["topic"]: NewPartitions(self._settings.partitions)})
                self._log.warning(log_events.TOPIC_MENDED, topic=each["topic"], lacked="partitions")

    async def _mend_settings(self, admin: AIOKafkaAdminClient, topics: Sequence[Topic]) -> None:
        resources = [ConfigResource(ConfigResourceType.TOPIC, self._settings.name_of(topic)) for topic in topics]
        found: dict[str, dict[str, tuple[str, bool]]] = {}
        for answer in await admin.describe_configs(resources):
            for _, _, _, name, entries in answer.resources:
                found[name] = {entry[0]: (entry[1], _is_own(entry)) for entry in entries}
        for topic in topics:
            name, wanted = self._settings.name_of(topic), self._wanted(topic)
            have = found.get(name, {})
            lacking = [key for key, value in wanted.items() if have.get(key, ("", False))[0] != value]
            if have and lacking:
                kept = {key: value for key, (value, own) in have.items() if own}
                await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, kept | wanted)])
                self._log.warning(log_events.TOPIC_MENDED, topic=name, lacked=",".join(lacking))

    def _wanted(self, topic: Topic) -> dict[str, str]:
        return topic.settings | {"min.insync.replicas": str(self._settings.min_insync_replicas)}

    async def _open_admin(self) -> AIOKafkaAdminClient:
        if self._admin is None:
            admin = AIOKafkaAdminClient(**self._settings.client_options(), client_id=self._client_id, request_timeout_ms=10_000)
            try:
                await admin.start()
            except BaseException:
                await admin.close()
                raise
            self._admin = admin
        return self._admin

    async def _open_reader(self) -> AIOKafkaConsumer:
        if self._reader is None:
            reader = AIOKafkaConsumer(**self._settings.client_options(), client_id=self._client_id, enable_auto_commit=False)
            try:
                await reader.start()
            except BaseException:
                await reader.stop()
                raise
            self._reader = reader
        return self._reader


class _forgetting:  # noqa: N801 - reads as a word after `async with`
    """Drop the connections when a call fails, so that the next one connects anew."""

    def __init__(self, administration: Administration) -> None:
        """Guard one administration."""
        self._administration = administration

    async def __aenter__(self) -> None:
        """Begin."""

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Close after a failure."""
        if kind is not None:
            await self._administration.close()


def _is_own(entry: Sequence[Any]) -> bool:
    """Return whether a setting was made on the topic itself (newer answers say the source, older ones `is_default`)."""
    _, _, read_only, source_or_default, *_ = entry
    if isinstance(source_or_default, bool):
        return not read_only and not source_or_default
    return not read_only and source_or_default == OF_THE_TOPIC
