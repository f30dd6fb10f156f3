"""A service over a database and a broker in memory, and an operator who has it replayed."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.contracts.topics import Topic
from shared.foundation import Foundation
from shared.http.principals import Role
from shared.http.settings import AuthSettings
from shared.kernel.clock import WallClock
from shared.messaging.settings import KafkaSettings
from shared.service import Service
from shared.settings import SharedSettings
from tests.support.apps import App, running_app
from tests.support.memory.broker import MemoryBroker
from tests.support.memory.database import MemoryServer, memory_database
from tests.support.memory.reading import MemoryReader
from tests.support.principals import bearer, caller
from tests.support.probing import until


@dataclass
class Scene:
    """One service, what it is told, and what it remembers."""

    app: App[Any]
    broker: MemoryBroker
    reader: MemoryReader
    count: int = 0
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)

    def tell(self, *facts: Contract) -> list[str]:
        """Put facts on their topics, numbered per key; return their event ids."""
        return [self._tell(fact) for fact in facts]

    def _tell(self, fact: Contract) -> str:
        self.count += 1
        lane = (fact.TOPIC.name, fact.key)
        self.sequences[lane] = self.sequences.get(lane, 0) + 1
        envelope = Envelope(
            id=f"e-{self.count}",
            type=fact.TYPE,
            source=source_of(fact.TOPIC.owner),
            subject=fact.key,
            time=WallClock().now(),
            sequence=self.sequences[lane],
            correlation_id="c",
        )
        self.broker.append(fact.TOPIC.name, fact.key.encode(), data_bytes(fact), envelope.headers())
        return envelope.id

    def erase(self, topic: Topic, key: str) -> None:
        """Put a tombstone on a state topic."""
        self.broker.append(topic.name, key.encode(), None, [])

    async def hear(self) -> None:
        """Let the service handle all that it has not handled yet."""
        consumer = self.app.service.consumer
        for topic in consumer.topics:
            while await self.broker.feed(consumer, topic):
                pass

    async def documents(self, name: str) -> dict[str, dict[str, Any]]:
        """Return a collection by id."""
        return {row["_id"]: row for row in await self.app.database.collection(name).find({})}

    async def everything(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Return all collections of the service that hold something, but for what tells of replays."""
        names = ["outbox", "timers", "inbox", "parked", "lanes", "dead_letters", *(index.collection for index in self.app.service.indexes)]
        return {name: found for name in names if (found := await self.documents(name))}

    async def spoil(self, collection: str, key: str, **change: Any) -> None:
        """Change a document behind the service's back."""
        await self.app.database.collection(collection).update_one({"_id": key}, {"$set": change})

    async def start(self, *topics: str, repair: bool = True, since: str | None = None) -> dict[str, Any]:
        """Ask for a replay."""
        answer = await self.app.client.post("/ops/replays", json={"topics": topics, "repair": repair, "since": since})
        assert answer.status_code == 202, answer.text
        return dict(answer.json())

    async def ended(self, replay: dict[str, Any]) -> dict[str, Any]:
        """Wait for its end."""

        async def is_done() -> dict[str, Any]:
            found = (await self.app.client.get(f"/ops/replays/{replay['replay_id']}")).json()
            return dict(found) if found["state"] == "done" else {}

        done: dict[str, Any] = await until(is_done, within=15, saying="the replay is done")
        return done

    async def replay(self, *topics: str, **options: Any) -> dict[str, dict[str, int]]:
        """Replay and return the verdicts."""
        found: dict[str, dict[str, int]] = (await self.ended(await self.start(*topics, **options)))["verdicts"]
        return found

    async def beside(self) -> dict[str, int]:
        """Return what is left beside the living collections."""
        names = {f"replay_{name}" for name in ("outbox", "timers", "inbox", "read", "deliveries", "schedules", "cards", "recipients")}
        return {name: len(rows) for name in sorted(names) if (rows := await self.documents(name))}


@asynccontextmanager
async def scene(
    name: str,
    build: Callable[[Foundation[Any]], Service],
    settings: Any,
    *,
    server: MemoryServer | None = None,
    broker: MemoryBroker | None = None,
) -> AsyncIterator[Scene]:
    """Open a service over this database and these topics, else over empty ones."""
    broker = broker or MemoryBroker()
    reader = MemoryReader(broker)
    operator = bearer(caller(Role.OPERATOR))
    shared = SharedSettings(
        auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json"), kafka=KafkaSettings(group_instance_id=f"{name}-0")
    )
    database = memory_database(server)
    async with running_app(name, build, settings, database=database, shared=shared, reader=lambda: reader, headers=operator) as app:
        yield Scene(app, broker, reader)
