"""Reads fact topics as any other system would: knows the contracts only, joins no group, commits nothing (N1)."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.console.domain.endings import ConsoleTrouble
from services.console.domain.facts import Fact
from shared.contracts.topics import TOPICS, Kind
from shared.messaging.settings import KafkaSettings
from shared.observability.logging import library_logger

PREFIX = "ce_"
TOPICS_OF_FACTS = tuple(topic for topic in TOPICS if topic.kind is not Kind.STATE)
"""State topics hold names and addresses and are closed to readers like this one."""
POLL_MILLISECONDS = 500


class KafkaFacts:
    """Follows all fact topics of a deployment."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        """Take the settings of `TANDEM_KAFKA__…`, by field name."""
        self._settings = KafkaSettings.model_validate(dict(settings))

    async def tail(self, *, from_beginning: bool, until_end: bool) -> AsyncIterator[Fact]:
        """Yield facts as they come, in order per key."""
        library_logger("aiokafka").setLevel("CRITICAL")  # what it complains of is one line of ours
        consumer = AIOKafkaConsumer(**self._settings.client_options(), enable_auto_commit=False, auto_offset_reset="earliest")
        try:
            await consumer.start()
        except KafkaError as fault:
            await consumer.stop()
            raise ConsoleTrouble(f"Kafka does not answer at {self._settings.bootstrap_servers}") from fault
        try:
            async for fact in self._read(consumer, from_beginning=from_beginning, until_end=until_end):
                yield fact
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer, *, from_beginning: bool, until_end: bool) -> AsyncIterator[Fact]:
        parts = await self._partitions()
        if not parts:
            raise ConsoleTrouble("There are no fact topics on this broker yet: the services make them when they start")
        consumer.assign(parts)
        ends = await consumer.end_offsets(parts)
        if from_beginning:
            await consumer.seek_to_beginning(*parts)
        else:
            for part, end in ends.items():
                consumer.seek(part, end)
        while not until_end or await _behind(consumer, ends):
            found = await consumer.getmany(timeout_ms=POLL_MILLISECONDS)
            for part in sorted(found):
                for record in found[part]:
                    yield self._fact(record)

    async def _partitions(self) -> list[TopicPartition]:
        """Return the partitions of the fact topics that exist; asking for others would only make the client complain."""
        admin = AIOKafkaAdminClient(**self._settings.client_options())
        await admin.start()
        try:
            found = {one["topic"]: one["partitions"] for one in await admin.describe_topics()}
        finally:
            await admin.close()
        names = [self._settings.name_of(topic) for topic in TOPICS_OF_FACTS]
        return [TopicPartition(name, part) for name in names for part in sorted(one["partition"] for one in found.get(name, []))]

    def _fact(self, record: ConsumerRecord[bytes, bytes]) -> Fact:
        return fact_of(record, prefix=self._settings.topic_prefix)


async def _behind(consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> bool:
    for part, end in ends.items():
        if await consumer.position(part) < end:
            return True
    return False


def fact_of(record: ConsumerRecord[bytes, bytes], *, prefix: str = "") -> Fact:
    """Return a record as a plain fact; a value that is no JSON is shown as it is."""
    attributes = {
        name.removeprefix(PREFIX): (value or b"").decode("utf-8", "replace") for name, value in record.headers if name.startswith(PREFIX)
    }
    return Fact(
        topic=record.topic.removeprefix(prefix),
        partition=record.partition,
        offset=record.offset,
        key=(record.key or b"").decode("utf-8", "replace"),
        attributes=attributes,
        data=_data(record.value),
    )


def _data(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return json.loads(value)
    except ValueError:
        return value.decode("utf-8", "replace")
