"""The broker of a run, and the two ends of a service at it: groups with generations, idempotent producers, nothing forgiven."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from shared.contracts.topics import Topic
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness
from shared.messaging.consuming import Consumer
from shared.messaging.sending import SendFailed
from shared.persistence.database import Document
from tests.simulation.world import Gone, Hop, Refused, Simulated
from tests.support.memory.broker import PARTITIONS, MemoryBroker

SESSION_SECONDS = 6.0
LONG_POLL_SECONDS = 4.0
AGAIN_SECONDS = 0.1
BATCH = 200
REDELIVERED_MAX = 12


class Fenced(Exception):
    """This member belongs to an earlier generation of its group."""


@dataclass
class Group:
    """Who consumes a topic for a service. Members have stable names; the newest incarnation of a name counts."""

    members: dict[str, str] = field(default_factory=dict)
    generation: int = 1
    turn: int = 0


@dataclass(frozen=True, slots=True)
class Sent:
    """One append: by which incarnation, begun when on its clock, of which event."""

    producer: str
    began_at: datetime
    event: str
    topic: str


@dataclass
class SimulatedBroker(MemoryBroker):
    """Topics, groups and producers."""

    groups: dict[tuple[str, str], Group] = field(default_factory=dict)
    listeners: dict[str, list[asyncio.Event]] = field(default_factory=dict)
    accepted: dict[tuple[str, int], None] = field(default_factory=dict)
    senders: list[Sent] = field(default_factory=list)
    """Who appended what, in order."""
    reordered: dict[str, float] = field(default_factory=dict)
    """Members that get the records of their partitions in another order than others, and until when."""

    def join(self, group: str, topic: str, name: str, member: str) -> int:
        """Join, or come back under the same name; return the generation."""
        found = self.groups.setdefault((group, topic), Group())
        if name not in found.members:
            found.generation += 1
        found.members[name] = member
        return found.generation

    def expire(self, name: str, member: str) -> None:
        """Forget a member that was not heard of for a whole session, unless it came back."""
        for found in self.groups.values():
            if found.members.get(name) == member:
                del found.members[name]
                found.generation += 1

    def rebalance(self, name: str) -> None:
        """Deal all partitions of this member's groups anew."""
        for found in self.groups.values():
            if name in found.members:
                found.generation += 1
                found.turn += 1

    def reorder(self, name: str, until: float) -> None:
        """Deal this member its records in another order across partitions; each partition keeps its own."""
        self.reordered[name] = until

    def redeliver(self, group: str, luck: Randomness) -> None:
        """Set a group's offsets back on one topic: records that were acknowledged come again."""
        topics = [topic for service, topic in self.groups if service == group]
        if not topics:
            return
        topic = topics[int(luck.random() * len(topics))]
        for part in range(PARTITIONS):
            there = self.committed.get((group, topic, part), 0)
            self.committed[group, topic, part] = max(0, there - int(luck.random() * REDELIVERED_MAX))
        self.groups[group, topic].generation += 1

    def check(self, group: str, topic: str, name: str, member: str, generation: int) -> Group:
        """Return the group of a current member."""
        found = self.groups[group, topic]
        if found.generation != generation or found.members.get(name) != member:
            raise Fenced
        return found

    def poll(  # noqa: PLR0917 - one call of the protocol
        self, group: str, topic: str, name: str, member: str, generation: int, positions: dict[int, int], luck: Randomness | None
    ) -> list[Any]:
        """Return records from the member's partitions, from its positions or from what is committed; by `luck` in another order."""
        found = self.check(group, topic, name, member, generation)
        place = sorted(found.members).index(name) + found.turn
        mine = [part for part in range(PARTITIONS) if (part + place) % len(found.members) == 0]
        records: list[Any] = []
        if luck is not None:
            mine.sort(key=lambda _: luck.random())
        for part in mine:
            begin = positions.get(part, self.committed.get((group, topic, part), 0))
            end = begin + (BATCH - len(records) if luck is None else 1 + int(luck.random() * 4))
            records += self.logs.get((topic, part), [])[begin:end]
        return records

    def commit_offsets(self, group: str, topic: str, name: str, member: str, generation: int, records: Sequence[Any]) -> None:  # noqa: PLR0917
        """Commit a batch of a current member; one connection keeps order: a request that a later one overtook sets nothing back."""
        self.check(group, topic, name, member, generation)
        self.commit(group, [each for each in records if each.offset >= self.committed.get((group, topic, each.partition), 0)])

    def put(self, topic: str, key: bytes, value: bytes | None, headers: Sequence[tuple[str, bytes | None]]) -> Any:
        """Append a record and tell whoever waits for news of its topic."""
        record = self.append(topic, key, value, headers)
        for listener in self.listeners.get(topic, []):
            listener.set()
        return record

    def accept(self, producer: str, number: int, began_at: datetime, row: Document) -> None:
        """Append a record once, however often this producer repeats it."""
        if (producer, number) in self.accepted:
            return
        self.accepted[producer, number] = None
        self.senders.append(Sent(producer, began_at, row["_id"], row["topic"]))
        self.put(row["topic"], row["key"].encode(), row["value"], [(name, bytes(value)) for name, value in row["headers"]])

    def lag(self, group: str, topics: Sequence[Topic]) -> int:
        """Return how many records a group has not committed."""
        return sum(len(self.waiting(group, topic.name, 1_000_000)) for topic in topics)


class SimulatedLink:
    """Feeds a consumer as the subscribers do: returned means commit, raised means seek back (NACK_ON_ERROR)."""

    offsets_first = False
    """A planted break: acknowledge before the work."""

    def __init__(self, node: Simulated, broker: SimulatedBroker, consumer: Consumer[Any], member: str, hop: Hop) -> None:
        """`member` names this incarnation of `node`."""
        self._node, self._broker, self._consumer, self._hop = node, broker, consumer, hop
        self._member = member

    async def run(self) -> None:
        """Consume every topic for ever."""
        async with asyncio.TaskGroup() as group:
            for topic in self._consumer.topics:
                group.create_task(self._consume(topic))

    async def ready(self) -> None:
        """Be ready."""

    async def lag(self) -> dict[str, int]:
        """Return nothing: the oracle reads the broker itself."""
        return {}

    async def stop(self) -> None:
        """Nothing to leave: simulated processes end by power cuts."""

    async def _consume(self, topic: Topic) -> None:
        news = asyncio.Event()
        self._broker.listeners.setdefault(topic.name, []).append(news)
        me = (self._consumer.service, topic.name, self._node.name, self._member)
        while True:
            with suppress(Gone, Refused, Fenced):
                generation = await self._hop(f"join:{topic.name}", lambda: self._broker.join(*me))
                await self._poll(topic, me, generation, news)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _poll(self, topic: Topic, me: tuple[str, str, str, str], generation: int, news: asyncio.Event) -> None:
        positions: dict[int, int] = {}
        while True:
            news.clear()
            luck = self._node.stream if self._broker.reordered.get(self._node.name, 0.0) > asyncio.get_running_loop().time() else None
            records = await self._hop(f"poll:{topic.name}", partial(self._broker.poll, *me, generation, positions, luck))
            if not records:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LONG_POLL_SECONDS):
                        await news.wait()
                continue
            if self.offsets_first:
                await self._acknowledge(topic, me, generation, records)
            try:
                await self._consumer.apply(topic, records)
            except Exception:  # noqa: BLE001 - the batch comes again, as from the real broker
                return
            positions |= {record.partition: record.offset + 1 for record in records}
            if not self.offsets_first:
                await self._acknowledge(topic, me, generation, records)

    async def _acknowledge(self, topic: Topic, me: tuple[str, str, str, str], generation: int, records: Sequence[Any]) -> None:
        while True:  # as aiokafka: what can be repeated is repeated, a fenced member joins anew
            try:
                await self._hop(f"offsets:{topic.name}", lambda: self._broker.commit_offsets(*me, generation, records))
            except (Gone, Refused):
                await asyncio.sleep(AGAIN_SECONDS)
            else:
                return


class SimulatedSender:
    """The relay's idempotent producer: repeats until it is answered, is refused only by plan."""

    def __init__(self, broker: SimulatedBroker, producer: str, wall: Clock, hop: Hop) -> None:
        """Send as `producer`, the name of this incarnation."""
        self._broker, self._producer, self._wall, self._hop = broker, producer, wall, hop
        self._number = self._rebuilt = 0
        self._broken = False

    async def open(self) -> None:
        """Be ready."""

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Send all rows at once, each until the broker has it."""
        began_at = self._wall.now()  # in the step in which the relay looked at its lease
        return list(await asyncio.gather(*(self._one(row, began_at) for row in rows)))

    async def _one(self, row: Document, began_at: datetime) -> SendFailed | None:
        self._number += 1
        number, unknown = self._number, False
        producer = f"{self._producer}.{self._rebuilt}"
        while not self._broken:
            try:
                await self._hop(f"append:{row['topic']}", lambda: self._broker.accept(producer, number, began_at, row))
            except Gone:
                unknown = True
                await asyncio.sleep(AGAIN_SECONDS)
            except Refused:
                self._broken = unknown  # what became of the tries before, this producer cannot tell any more
                return SendFailed("Simulated", fatal=unknown)
            else:
                return None
        return SendFailed("Simulated", fatal=True)

    async def rebuild(self) -> None:
        """Begin anew as another producer."""
        self._rebuilt += 1
        self._broken = False

    async def close(self) -> None:
        """Nothing to close."""
