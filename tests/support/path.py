"""A small message path for tests: one publishing and one consuming service over any database and broker.

The consumer pushes every event's sequence onto one document per key, so that losses, doublings and disorder show.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.contracts.base import Contract
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock, WallClock
from shared.kernel.randomness import Randomness, SystemRandomness, new_id
from shared.kernel.tasks import Tasks
from shared.messaging.consuming import Consumer
from shared.messaging.outbox import Outbox
from shared.messaging.parked import ParkedWorker
from shared.messaging.received import Received
from shared.messaging.relay import Relay
from shared.messaging.sending import Sender
from shared.messaging.settings import KafkaSettings
from shared.messaging.status import INDEXES
from shared.persistence.database import Database, Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.indexes import Index

EFFECTS = "effects"
OnEvent = Callable[[Received[Any], "Work"], Awaitable[None]]


class Work:
    """The consumer's unit of work."""

    def __init__(self, tx: Transaction, cause: Cause) -> None:
        """Bind to a transaction."""
        self.tx = tx
        self.cause = cause

    async def note(self, key: str, sequence: int) -> None:
        """Push an event's sequence onto its key's document."""
        await self.tx.collection(EFFECTS).update_one({"_id": key}, {"$push": {"sequences": sequence}}, upsert=True)


async def noted(event: Received[Any], work: Work) -> None:
    """Handle an event by noting it."""
    await work.note(event.envelope.subject, event.envelope.sequence)


@dataclass
class Node:
    """The message path of one service in one process."""

    service: str
    database: Database
    settings: KafkaSettings
    handlers: Mapping[type[Contract], OnEvent] = field(default_factory=lambda: {contracts.MemberLeft: noted, contracts.MemberMoved: noted})
    clock: Clock = field(default_factory=WallClock)
    randomness: Randomness = field(default_factory=SystemRandomness)
    deaths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Build the parts."""
        self.bell = Doorbell()
        self.tasks = Tasks(lambda name, fault: self.deaths.append(f"{name}: {fault!r}"))
        self.consumer: Consumer[Work] = Consumer(
            service=self.service,
            database=self.database,
            bind=Work,
            clock=self.clock,
            randomness=self.randomness,
            settings=self.settings,
            doorbell=self.bell,
        )
        self.consumer.route(topics.PROFILE_MEMBER, self.handlers)
        self.parked = ParkedWorker(self.consumer, self.randomness)

    async def prepare(self) -> None:
        """Make collections and indexes."""
        await self.database.ensure_indexes([*INDEXES, Index(collection=EFFECTS), Index(collection="counters")])

    def relay(self, sender: Sender, replica: str | None = None) -> Relay:
        """Return a relay of this service."""
        return Relay(
            database=self.database, sender=sender, doorbell=self.bell, tasks=self.tasks, randomness=self.randomness, replica=replica
        )

    async def publish(self, keys: int, each: int, prefix: str = "k") -> None:
        """Commit `each` more facts for every key, one transaction a round, numbered without a gap."""

        async def work(tx: Transaction) -> None:
            cause = Cause(correlation_id=new_id(self.randomness))
            outbox = Outbox(tx, service=self.service, cause=cause, clock=self.clock, randomness=self.randomness, doorbell=self.bell)
            for number in range(keys):
                key = f"{prefix}{number}"
                found = await tx.collection("counters").find_one({"_id": key}) or {"n": 0, "at": None}
                at = outbox.moment_after(found["at"])
                await outbox.add(contracts.MemberLeft(member_id=key), sequence=found["n"] + 1, at=at)
                await tx.collection("counters").replace_one({"_id": key}, {"_id": key, "n": found["n"] + 1, "at": at}, upsert=True)

        for _ in range(each):
            await self.database.transact("publish", work)

    async def effects(self) -> dict[str, list[int]]:
        """Return what took effect, per key, in order."""
        return {row["_id"]: row["sequences"] for row in await self.database.collection(EFFECTS).find({}, sort=[("_id", 1)])}
