"""Reads topics from any place to their end, without a group: nothing is committed, nobody else's offsets move (N1)."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.contracts.topics import BY_NAME, Topic
from shared.messaging.decoding import Message
from shared.messaging.settings import KafkaSettings

Place = tuple[str, int]
"""A topic's own name, and a partition of it."""
Places = Mapping[Place, int]
FETCH_MILLISECONDS, FETCH_RECORDS = 1_000, 500


class BrokerAway(Exception):
    """The broker cannot be read now; `code` is the kind of fault."""

    def __init__(self, code: str) -> None:
        """Keep the kind."""
        super().__init__(code)
        self.code = code


class TopicReader(Protocol):
    """What a replay needs of the broker. All but `close` raise `BrokerAway`."""

    async def begin(self, topics: Sequence[Topic], since: datetime | None) -> dict[Place, int]:
        """Return the offset of the first record of each partition, from `since` on when it is given."""
        ...

    async def ends(self, places: Places) -> dict[Place, int]:
        """Return the offset after the last record of each of these partitions."""
        ...

    async def take(self, places: Places, ends: Places, most: int) -> list[Message]:
        """Return the next records from `places` on and before `ends`, over all partitions in the order of time; none: all is read."""
        ...

    async def close(self) -> None:
        """Disconnect; the next call connects anew."""
        ...


class KafkaReader:
    """`TopicReader` over one connection."""

    def __init__(self, settings: KafkaSettings, *, client_id: str) -> None:
        """Contact nothing yet."""
        self._settings = settings
        self._client_id = client_id
        self._consumer: AIOKafkaConsumer | None = None
        self._ready: dict[Place, deque[Any]] = {}

    async def begin(self, topics: Sequence[Topic], since: datetime | None) -> dict[Place, int]:
        """Return where to begin."""
        try:
            consumer = await self._open()
            parts = await self._partitions(topics)
            found = await consumer.beginning_offsets(parts)
            if since is not None:
                ends = await consumer.end_offsets(parts)
                later = await consumer.offsets_for_times(dict.fromkeys(parts, int(since.timestamp() * 1000)))
                found = {part: ends[part] if later.get(part) is None else later[part].offset for part in parts}
        except (KafkaError, OSError, TimeoutError) as fault:
            raise await self._away(fault) from None
        return {self._place(part): offset for part, offset in found.items()}

    async def ends(self, places: Places) -> dict[Place, int]:
        """Return where the partitions end now."""
        try:
            consumer = await self._open()
            found = await consumer.end_offsets([self._part(place) for place in places])
        except (KafkaError, OSError, TimeoutError) as fault:
            raise await self._away(fault) from None
        return {self._place(part): offset for part, offset in found.items()}

    async def take(self, places: Places, ends: Places, most: int) -> list[Message]:
        """Return the next records."""
        try:
            consumer = await self._open()
            if not self._ready:
                consumer.assign([self._part(place) for place in places])
                for place, offset in places.items():
                    consumer.seek(self._part(place), offset)
                    self._ready[place] = deque()
            found: list[Message] = []
            while len(found) < most and (next_ := await self._earliest(consumer, ends)) is not None:
                found.append(Message.of(self._ready[next_].popleft(), BY_NAME[next_[0]]))
        except (KafkaError, OSError, TimeoutError) as fault:
            raise await self._away(fault) from None
        return found

    async def close(self) -> None:
        """Disconnect."""
        consumer, self._consumer = self._consumer, None
        self._ready = {}
        if consumer is not None:
            await consumer.stop()

    async def _earliest(self, consumer: AIOKafkaConsumer, ends: Places) -> Place | None:
        """Return the partition whose next record is the oldest; ask the broker for those of which nothing is at hand."""
        while hungry := [place for place, ready in self._ready.items() if not ready and await self._behind(consumer, place, ends)]:
            parts = [self._part(place) for place in hungry]
            answer = await consumer.getmany(*parts, timeout_ms=FETCH_MILLISECONDS, max_records=FETCH_RECORDS)
            for part, records in answer.items():
                self._ready[self._place(part)].extend(records)
        heads = [(ready[0].timestamp, place) for place, ready in self._ready.items() if ready and ready[0].offset < ends[place]]
        return min(heads)[1] if heads else None

    async def _behind(self, consumer: AIOKafkaConsumer, place: Place, ends: Places) -> bool:
        position: int = await consumer.position(self._part(place))
        return position < ends[place]

    async def _partitions(self, topics: Sequence[Topic]) -> list[TopicPartition]:
        admin = AIOKafkaAdminClient(**self._settings.client_options(), client_id=self._client_id)
        try:
            await admin.start()
            described = await admin.describe_topics([self._settings.name_of(topic) for topic in topics])
        finally:
            await admin.close()
        return [TopicPartition(each["topic"], part["partition"]) for each in described for part in each["partitions"]]

    async def _open(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                **self._settings.client_options(), client_id=self._client_id, enable_auto_commit=False, auto_offset_reset="earliest"
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer

    async def _away(self, fault: Exception) -> BrokerAway:
        try:
            await self.close()
        except (KafkaError, OSError, TimeoutError):
            self._consumer = None
        return BrokerAway(type(fault).__name__)

    def _part(self, place: Place) -> TopicPartition:
        return TopicPartition(f"{self._settings.topic_prefix}{place[0]}", place[1])

    def _place(self, part: TopicPartition) -> Place:
        return part.topic.removeprefix(self._settings.topic_prefix), part.partition
