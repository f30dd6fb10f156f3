"""Reads a `MemoryBroker` as a replay reads Kafka: over all partitions in the order of time, committing nothing."""

from collections.abc import Sequence
from datetime import datetime

from shared.contracts.topics import BY_NAME, Topic
from shared.messaging.decoding import Message
from shared.messaging.reading import Place, Places
from tests.support.memory.broker import PARTITIONS, MemoryBroker


class MemoryReader:
    """`TopicReader` over a broker in memory."""

    def __init__(self, broker: MemoryBroker) -> None:
        """Read this one."""
        self._broker = broker

    async def begin(self, topics: Sequence[Topic], since: datetime | None) -> dict[Place, int]:
        """Return where to begin."""
        found: dict[Place, int] = {}
        for topic in topics:
            for partition in range(PARTITIONS):
                log = self._broker.logs.get((topic.name, partition), [])
                late = (each.offset for each in log if since is None or each.timestamp >= since.timestamp() * 1000)
                found[topic.name, partition] = next(late, len(log))
        return found

    async def ends(self, places: Places) -> dict[Place, int]:
        """Return where the partitions end."""
        return {place: len(self._broker.logs.get(place, [])) for place in places}

    async def take(self, places: Places, ends: Places, most: int) -> list[Message]:
        """Return the next records."""
        found = [
            record
            for record in self._broker.appended
            if places.get((record.topic, record.partition), len(self._broker.appended)) <= record.offset
            and record.offset < ends[record.topic, record.partition]
        ]
        return [Message.of(record, BY_NAME[record.topic]) for record in found[:most]]

    async def close(self) -> None:
        """Do nothing."""
