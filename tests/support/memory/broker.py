"""An imitated broker: partitions by a stable hash, committed offsets per group, an append log; it forgives nothing."""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka import ConsumerRecord

from shared.contracts.topics import Topic
from shared.kernel.clock import Clock, WallClock
from shared.messaging.consuming import Consumer
from shared.messaging.sending import SendFailed
from shared.persistence.database import Document

PARTITIONS = 3


@dataclass
class MemoryBroker:
    """Topics of three partitions, and what each group has committed."""

    wall: Clock = field(default_factory=WallClock)
    logs: dict[tuple[str, int], list[Any]] = field(default_factory=dict)
    appended: list[Any] = field(default_factory=list)
    committed: dict[tuple[str, str, int], int] = field(default_factory=dict)

    def append(
        self, topic: str, key: bytes | None, value: bytes | None, headers: Sequence[tuple[str, bytes | None]] = ()
    ) -> ConsumerRecord[Any, Any]:
        """Append a record as it is."""
        partition = zlib.crc32(key or b"") % PARTITIONS
        log = self.logs.setdefault((topic, partition), [])
        record: ConsumerRecord[Any, Any] = ConsumerRecord(
            topic=topic,
            partition=partition,
            offset=len(log),
            timestamp=int(self.wall.now().timestamp() * 1000),
            timestamp_type=0,
            key=key,
            value=value,
            checksum=None,
            serialized_key_size=len(key or b""),
            serialized_value_size=len(value or b""),
            headers=tuple(headers),
        )
        log.append(record)
        self.appended.append(record)
        return record

    def waiting(self, group: str, topic: str, max_records: int = 200) -> list[Any]:
        """Return what a group has not committed, in order per partition."""
        found: list[Any] = []
        for partition in range(PARTITIONS):
            begin = self.committed.get((group, topic, partition), 0)
            found += self.logs.get((topic, partition), [])[begin:]
        return found[:max_records]

    def commit(self, group: str, records: Sequence[Any]) -> None:
        """Commit a batch."""
        for record in records:
            self.committed[group, record.topic, record.partition] = record.offset + 1

    async def feed(self, consumer: Consumer[Any], topic: Topic, max_records: int = 200) -> int:
        """Give a consumer one batch as the poll loop does: committed when it returns, again when it raises. Return its size."""
        records = self.waiting(consumer.service, topic.name, max_records)
        if records:
            await consumer.apply(topic, records)
            self.commit(consumer.service, records)
        return len(records)


class MemorySender:
    """The relay's connection to a `MemoryBroker`; `refuse` says why a row is not taken."""

    def __init__(self, broker: MemoryBroker, refuse: Callable[[Document], SendFailed | None] = lambda _: None) -> None:
        """Connect."""
        self.broker = broker
        self.refuse = refuse
        self.rebuilt = 0
        self.closed = 0

    async def open(self) -> None:
        """Be ready."""

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Append what is not refused."""
        answers = [self.refuse(row) for row in rows]
        for row, answer in zip(rows, answers, strict=True):
            if answer is None:
                headers = [(name, bytes(value)) for name, value in row["headers"]]
                self.broker.append(row["topic"], row["key"].encode(), row["value"], headers)
        return answers

    async def rebuild(self) -> None:
        """Count."""
        self.rebuilt += 1

    async def close(self) -> None:
        """Count."""
        self.closed += 1
