"""The post office: notification as composed in production, over any database, with a hand-set clock and stand-ins for its peers."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from aiokafka.structs import ConsumerRecord

from services.notification.entrypoints.dispatcher import Dispatcher
from services.notification.main import NAME, build
from services.notification.settings import NotificationSettings
from shared.contracts import profile
from shared.contracts.base import Contract
from shared.contracts.catalogue import BY_TYPE
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.foundation import Foundation
from shared.http.client import PeerUnavailable
from shared.kernel.errors import NotFound
from shared.kernel.randomness import SystemRandomness
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.observability.tracing import Tracing
from shared.persistence.database import Database
from shared.service import Service
from shared.timers.timers import COLLECTION as TIMERS
from shared.timers.timers import due_of
from tests.support.apps import App, running_app

MONDAY = datetime(2027, 1, 11, 9, 0, tzinfo=UTC)
ADA, BEN, CIA = "member-ada", "member-ben", "member-cia"
PAIRING, SESSION = "pairing-1", "session-1"
LISTS = {
    "shared": [{"kind": "skill", "code": "python"}],
    "different": [{"kind": "department", "code": "finance"}],
    "you_give": [{"kind": "skill", "code": "negotiation"}],
    "you_get": [{"kind": "goal", "code": "lead-a-team"}],
}
LABELS = {
    "skills": {"python": {"en": "Python", "de": "Python"}, "negotiation": {"en": "Negotiation", "de": "Verhandeln"}},
    "goals": {},
    "departments": {"finance": {"und": "Finance & Controlling"}},
}


class HandClock:
    """A clock that stands still until the test moves it."""

    def __init__(self, moment: datetime) -> None:
        """Begin at `moment`."""
        self.moment = moment

    def now(self) -> datetime:
        """Return where the hands stand."""
        return self.moment

    def real_seconds(self, span: timedelta) -> float:
        """Return a second for a second."""
        return span.total_seconds()


@dataclass
class Peer:
    """A stand-in for matching and profile."""

    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    away: bool = False

    async def get(self, path: str, *, correlation_id: str, params: Mapping[str, str] | None = None) -> Any:
        """Answer from the table."""
        self.asked.append(path)
        if self.away:
            raise PeerUnavailable("503")
        if path not in self.answers:
            raise NotFound
        return self.answers[path]


@dataclass
class Office:
    """One notification process, driven by hand."""

    app: App[NotificationSettings]
    clock: HandClock
    wall: HandClock
    peer: Peer
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    event_count: int = 0

    @property
    def service(self) -> Service:
        """Return what `main.py` built."""
        return self.app.service

    @property
    def dispatcher(self) -> Dispatcher:
        """Return the dispatcher that the job runs (white box)."""
        return cast(Dispatcher, cast(Any, self.service.jobs["dispatcher"]).__self__)

    async def hear(self, *facts: Contract, correlation_id: str = "c-1") -> list[str]:
        """Deliver facts, one batch each; return their event ids."""
        ids = []
        for data in facts:
            record = self.record(data, correlation_id)
            await self.service.consumer.apply(data.TOPIC, [record])
            ids.append(dict(record.headers)["ce_id"].decode())
        return ids

    def record(self, data: Contract, correlation_id: str = "c-1") -> Any:
        """Return a fact as it comes from Kafka; each later in business time than the one before."""
        self.event_count += 1
        lane = (data.TOPIC.name, data.key)
        self.sequences[lane] = self.sequences.get(lane, 0) + 1
        envelope = Envelope(
            id=f"event-{self.event_count}",
            type=data.TYPE,
            source=source_of(data.TOPIC.owner),
            subject=data.key,
            time=self.clock.now() + timedelta(milliseconds=self.event_count),
            sequence=self.sequences[lane],
            correlation_id=correlation_id,
        )
        return ConsumerRecord(
            data.TOPIC.name, 0, self.event_count, 0, 0, data.key.encode(), data_bytes(data), None, 0, 0, tuple(envelope.headers())
        )

    async def know(self, member_id: str, name: str, email: str, locale: str = "en", timezone: str = "Europe/Berlin") -> None:
        """Let notification learn a contact."""
        contact = profile.ContactUpdated(
            member_id=member_id, company_key=f"E-{member_id}", display_name=name, email=email, locale=locale, timezone=timezone
        )
        await self.hear(contact)

    async def know_everybody(self) -> None:
        """Let notification learn Ada (German, Berlin), Ben (English, New York) and Cia (a language that Tandem does not speak)."""
        await self.know(ADA, "Ada Äpfel", "ada@corp.example", "de", "Europe/Berlin")
        await self.know(BEN, "Ben O'Neill <boss>", "ben@corp.example", "en", "America/New_York")
        await self.know(CIA, "Cia Ç", "cia@corp.example", "fr-CA", "Australia/Lord_Howe")

    async def dispatch(self) -> None:
        """Send what is due now."""
        while await self.dispatcher.round():
            pass

    async def fire_timers(self) -> None:
        """Do what is due on the business clock."""
        runner = self.service.timers
        assert runner is not None
        rows = await self.app.database.collection(TIMERS).find({"wake_at": {"$lte": self.clock.now()}})
        for row in rows:
            due = due_of(row)

            async def work(tx: Any, due: Any = due) -> None:
                await tx.collection(TIMERS).delete_one({"_id": due.id})
                await runner._handlers[due.kind](due, runner._bind(tx, due.cause))

            await self.app.database.transact("timer", work)

    async def facts(self) -> list[Contract]:
        """Return what notification told, in order."""
        rows = await self.app.database.collection(OUTBOX).find({}, sort=[("at", 1), ("index", 1)])
        return [BY_TYPE[dict(row["headers"])["ce_type"].decode()].model_validate_json(row["value"]) for row in rows]

    async def outcomes(self, member_id: str) -> list[str]:
        """Return `kind fact [code]` for each fact about a member's messages."""
        told = [fact for fact in await self.facts() if fact.key == member_id]
        return [" ".join(filter(None, (getattr(fact, "kind", ""), fact.TYPE.split(".")[3], getattr(fact, "code", None)))) for fact in told]

    def pass_wall(self, seconds: float) -> None:
        """Let technical time pass."""
        self.wall.moment += timedelta(seconds=seconds)


@asynccontextmanager
async def open_office(
    *, smtp_port: int, database: Database, wall: HandClock, tracing: Tracing | None = None, **settings: Any
) -> AsyncIterator[Office]:
    """Open an office; several may share one database."""
    clock, peer = HandClock(MONDAY), Peer({f"/pairings/{PAIRING}/explanation": LISTS, "/skills": LABELS})

    def composed(f: Foundation[NotificationSettings]) -> Service:
        f.wall = wall
        f.randomness = SystemRandomness()
        f.peer = lambda base_url: cast(Any, peer)  # type: ignore[method-assign]
        return build(f)

    own = NotificationSettings(base_url="https://tandem.corp.example", sender="tandem@corp.example", **settings)
    async with running_app(NAME, composed, own, database=database, clock=clock, tracing=tracing) as app:
        office = Office(app, clock, wall, peer)
        office.dispatcher._pace = replace(office.dispatcher._pace, linger_seconds=0.0)
        yield office
        for mailer in office.dispatcher._mailers:
            await mailer.close()
