"""The whole scheduling service without broker and processes: real routes, consumers, timers and repositories over one database."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import httpx2
from aiokafka.structs import ConsumerRecord

from services.scheduling.main import NAME, build
from services.scheduling.settings import SchedulingSettings
from shared.contracts import matching, profile
from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.contracts.topics import PROFILE_CARD
from shared.foundation import Foundation
from shared.http import commands
from shared.http.app import create_app
from shared.http.principals import Principal
from shared.http.settings import AuthSettings
from shared.kernel.randomness import seeded
from shared.messaging import status as message_path
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.persistence.database import Database
from shared.settings import SharedSettings
from shared.timers.timers import COLLECTION as TIMERS
from tests.support.principals import TrustingAuthenticator, bearer, member
from tests.unit.scheduling.builders import ADA, BEN, MONDAY

PAIRING = "pairing-1"
WEEKLY = matching.Cadence(
    rrule="FREQ=WEEKLY", timezone="Europe/Berlin", length=timedelta(hours=1), place_kind="video", notice_period=timedelta(days=1)
)


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


@dataclass(frozen=True, slots=True)
class Told:
    """One fact in the outbox."""

    name: str
    version: int
    correlation_id: str
    data: Mapping[str, Any]


class House:
    """One scheduling service and the world around it, by hand."""

    def __init__(self, database: Database, clock: HandClock, *, seed: str = "house") -> None:
        """Put the service together over `database`; several houses over one database are replicas."""
        shared = SharedSettings(auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json"))
        self.clock = clock
        self.database = database
        self.foundation = Foundation(
            NAME,
            shared,
            SchedulingSettings(sessions_ahead=4),
            wall=clock,
            randomness=seeded(seed),
            database=database,
            authenticator=TrustingAuthenticator(),
        )
        self.service = build(self.foundation)
        self.app = create_app(
            title=self.service.title,
            service=NAME,
            routers=self.service.routers,
            health=self.foundation.health,
            auth=self.foundation.authenticator,
            randomness=self.foundation.randomness,
        )
        self._offsets = count()
        self._sequences: dict[tuple[str, str], int] = {}

    async def prepare(self) -> None:
        """Make collections and indexes."""
        await self.database.ensure_indexes([*message_path.INDEXES, *commands.INDEXES, *self.service.indexes])

    # --- what the world does to the service ---------------------------------------------------------------------

    async def hears(self, *facts: Contract, correlation_id: str = "c-1") -> None:
        """Let the consumer deal with facts, in one batch per topic in the order given."""
        for fact in facts:
            await self.service.consumer.apply(fact.TOPIC, [self.record(fact, correlation_id=correlation_id)])

    async def hears_batch(self, records: Sequence[Any], of: Contract) -> None:
        """Let the consumer deal with ready records of one topic in one batch."""
        await self.service.consumer.apply(of.TOPIC, records)

    async def hears_tombstone(self, member_id: str) -> None:
        """Let the consumer read that a member's card was erased."""
        record = self.record(card(member_id))
        headers = [(name, b"tandem.profile.card.tombstone.v1" if name == "ce_type" else value) for name, value in record.headers]
        gone = ConsumerRecord(**{name: getattr(record, name) for name in record.__dataclass_fields__} | {"value": None, "headers": headers})
        await self.service.consumer.apply(PROFILE_CARD, [gone])

    def record(self, fact: Contract, *, correlation_id: str = "c-1") -> Any:
        """Return a fact as the broker would give it; each call is another event."""
        lane = (fact.TOPIC.name, fact.key)
        self._sequences[lane] = self._sequences.get(lane, 0) + 1
        offset = next(self._offsets)
        return record_of(
            fact,
            event_id=f"e-{id(self)}-{offset}",
            sequence=self._sequences[lane],
            at=self.clock.now(),
            offset=offset,
            correlation_id=correlation_id,
        )

    async def goes_on_until(self, moment: datetime) -> None:
        """Let time pass: every timer that becomes due until `moment` runs at its own time."""
        runner = self.service.timers
        assert runner is not None
        while (due := await self._next_due(moment)) is not None:
            self.clock.moment = max(self.clock.moment, due)
            await runner._lease.try_take()
            await runner.run_due()
        self.clock.moment = moment

    async def _next_due(self, until: datetime) -> datetime | None:
        rows = await self.database.collection(TIMERS).find({"state": "waiting"}, sort=[("wake_at", 1)], limit=1)
        return rows[0]["wake_at"] if rows and rows[0]["wake_at"] <= until else None

    def caller(self, who: Principal | str = ADA) -> httpx2.AsyncClient:
        """Return an HTTP client of a member, or of somebody else."""
        headers = bearer(member(who) if isinstance(who, str) else who)
        return httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url="http://scheduling", headers=headers)

    # --- what the world sees of it ------------------------------------------------------------------------------

    async def told(self, pairing_id: str = PAIRING) -> list[Told]:
        """Return the facts about a pairing that wait in the outbox, in order."""
        rows = [row for row in await self.database.collection(OUTBOX).find({}) if row["key"] == pairing_id]
        return [
            Told(
                name=dict(row["headers"])["ce_type"].decode().split(".")[3],
                version=row["version"],
                correlation_id=row["correlation_id"],
                data=json.loads(row["value"]),
            )
            for row in sorted(rows, key=lambda row: row["version"])
        ]

    async def sessions(self, who: str = ADA, pairing_id: str = PAIRING) -> list[dict[str, Any]]:
        """Return a pairing's sessions as one of its members sees them."""
        async with self.caller(who) as caller:
            answer = await caller.get(f"/pairings/{pairing_id}/sessions")
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items


def record_of(fact: Contract, *, event_id: str, sequence: int, at: datetime, offset: int = 0, correlation_id: str = "c-1") -> Any:
    """Return a fact as the broker gives it."""
    envelope = Envelope(
        id=event_id,
        type=fact.TYPE,
        source=source_of(fact.TOPIC.owner),
        subject=fact.key,
        time=at,
        sequence=sequence,
        correlation_id=correlation_id,
    )
    value = data_bytes(fact)
    return ConsumerRecord(
        topic=fact.TOPIC.name,
        partition=0,
        offset=offset,
        timestamp=int(at.timestamp() * 1000),
        timestamp_type=0,
        key=fact.key.encode(),
        value=value,
        checksum=None,
        serialized_key_size=len(fact.key),
        serialized_value_size=len(value),
        headers=tuple(envelope.headers()),
    )


def card(member_id: str = ADA, zone: str = "Europe/Berlin", begin: int = 540, end: int = 1020, **fields: Any) -> profile.CardUpdated:
    """Return a member's card: Monday to Friday."""
    spans = [profile.WorkingSpan(weekday=day, start_minute=begin, end_minute=end) for day in range(5)]
    return profile.CardUpdated(**{"member_id": member_id, "status": "active", "timezone": zone, "working_hours": spans} | fields)


def activated(*members: str, pairing_id: str = PAIRING, cadence: matching.Cadence = WEEKLY) -> matching.PairingActivated:
    """Return the fact that a pairing became active."""
    return matching.PairingActivated(
        pairing_id=pairing_id,
        programme_id="peers",
        members=list(members or (ADA, BEN)),
        origin="assigned",
        round_id=None,
        cadence=cadence,
        agenda_template="standard",
    )


__all__ = ["ADA", "BEN", "MONDAY", "PAIRING", "WEEKLY", "HandClock", "House", "Told", "activated", "card", "record_of"]
