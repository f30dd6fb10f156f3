"""The whole matching service without broker and processes: real routes, consumers, timers, runner and repositories over one database."""

import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
from aiokafka.structs import ConsumerRecord
from pydantic import TypeAdapter

from services.matching.adapters import round_worker
from services.matching.adapters.library import MongoLibrary
from services.matching.adapters.shapes import Shapes
from services.matching.adapters.worker_lines import END_MARK, Job
from services.matching.application.solver import EngineFailed, KeepPiece, Progress, RoundSolver, SolveOrder
from services.matching.domain.draft import Solution
from services.matching.domain.snapshot import FrozenMember, Leaf, Report
from services.matching.entrypoints.jobs import Runner
from services.matching.main import build
from services.matching.settings import MatchingSettings
from shared.contracts import profile
from shared.contracts.base import Contract
from shared.contracts.envelope import Envelope, data_bytes, source_of
from shared.contracts.topics import PROFILE_CARD
from shared.foundation import Foundation
from shared.http import commands
from shared.http.principals import Principal, Role
from shared.http.settings import AuthSettings
from shared.kernel.randomness import seeded
from shared.messaging import status as message_path
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.persistence.database import Database
from shared.running import application
from shared.settings import SharedSettings
from shared.timers.timers import COLLECTION as TIMERS
from tests.support.principals import TrustingAuthenticator, bearer, caller, member

ADA, BEN, CAT, DAN = "ada", "ben", "cat", "dan"
PROGRAMME = "peers"
MONDAY = datetime(2027, 3, 1, tzinfo=UTC)
CADENCE = {"rrule": "FREQ=WEEKLY;INTERVAL=2", "timezone": "Europe/Berlin", "length": "PT1H", "place_kind": "video", "notice_period": "P1D"}


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
    key: str
    version: int
    correlation_id: str
    data: Mapping[str, Any]


class InProcessEngine:
    """The worker's code without its process: quick, and the same answers line by line."""

    def __init__(self, shapes: Shapes) -> None:
        """Use the same shapes as the service."""
        self._shapes = shapes

    async def solve(
        self,
        order: SolveOrder,
        members: AsyncIterator[Sequence[FrozenMember]],
        *,
        base: AsyncIterator[Leaf] | None = None,
        keep: KeepPiece,
        progress: Progress,
    ) -> Solution:
        """Solve in this process."""
        for answer in await self._answers(Job(order=order), members, base):
            if "leaf" in answer:
                await keep(self._shapes.leaf.validate_python(answer["leaf"]))
            elif "report" in answer:
                await keep(Report(answer["report"]))
            elif "solution" in answer:
                progress("solved", 1.0)
                return TypeAdapter(Solution).validate_python(answer["solution"])
        raise EngineFailed("no-solution")

    async def compare(
        self, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]], *, base: AsyncIterator[Leaf]
    ) -> AsyncIterator[dict[str, Any]]:
        """Compare in this process."""
        for answer in await self._answers(Job(order=order, compares=True), members, base):
            yield answer

    async def _answers(
        self, job: Job, members: AsyncIterator[Sequence[FrozenMember]], base: AsyncIterator[Leaf] | None
    ) -> list[dict[str, Any]]:
        lines = [TypeAdapter(Job).dump_json(job).decode() + "\n"]
        lines += [self._shapes.frozen.dump_json(list(part)).decode() + "\n" async for part in members]
        lines.append(END_MARK)
        if base is not None:
            lines += [self._shapes.leaf.dump_json(leaf).decode() + "\n" async for leaf in base]
        return list(round_worker.answers([*lines, END_MARK], io.StringIO()))


class House:
    """One matching service and the world around it, by hand."""

    def __init__(self, database: Database, clock: HandClock, *, seed: str = "house") -> None:
        """Put the service together over `database`; several houses over one database are replicas."""
        shared = SharedSettings(auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json"))
        self.clock = clock
        self.database = database
        self.foundation = Foundation(
            "matching",
            shared,
            MatchingSettings(),
            wall=clock,
            randomness=seeded(seed),
            database=database,
            authenticator=TrustingAuthenticator(),
        )
        self.service = build(self.foundation)
        self.app = application(self.foundation, self.service)
        self.own_process = self.runner.engine
        self.solves_by(InProcessEngine(Shapes()))
        self.service.jobs["engine-warmth"].__self__.compare = InProcessEngine(Shapes()).compare  # type: ignore[attr-defined]
        self._offsets = count()
        self._sequences: dict[tuple[str, str], int] = {}

    async def prepare(self) -> None:
        """Make collections and indexes."""
        await self.database.ensure_indexes([*message_path.INDEXES, *commands.INDEXES, *self.service.indexes])

    @property
    def runner(self) -> Runner:
        """Return the round runner, to be carried on by hand."""
        runner: Runner = self.service.jobs["rounds"].__self__  # type: ignore[attr-defined]
        return runner

    def solves_by(self, engine: RoundSolver) -> None:
        """Let the runner use this engine."""
        object.__setattr__(self.runner, "engine", engine)

    @property
    def library(self) -> MongoLibrary:
        """Return what reads go through."""
        library = self.runner.reader
        assert isinstance(library, MongoLibrary)
        return library

    # --- what the world does to the service ---------------------------------------------------------------------

    async def hears(self, *facts: Contract, correlation_id: str = "c-1", at: datetime | None = None) -> None:
        """Let the consumer deal with facts, one by one in the order given."""
        for fact in facts:
            await self.service.consumer.apply(fact.TOPIC, [self.record(fact, correlation_id=correlation_id, at=at)])

    async def hears_tombstone(self, member_id: str) -> None:
        """Let the consumer read that a member's card was erased."""
        record = self.record(card(member_id))
        headers = [(name, b"tandem.profile.card.tombstone.v1" if name == "ce_type" else value) for name, value in record.headers]
        gone = ConsumerRecord(**{name: getattr(record, name) for name in record.__dataclass_fields__} | {"value": None, "headers": headers})
        await self.service.consumer.apply(PROFILE_CARD, [gone])

    def record(self, fact: Contract, *, correlation_id: str = "c-1", at: datetime | None = None) -> Any:
        """Return a fact as the broker would give it; each call is another event."""
        lane = (fact.TOPIC.name, fact.key)
        self._sequences[lane] = self._sequences.get(lane, 0) + 1
        offset = next(self._offsets)
        envelope = Envelope(
            id=f"e-{id(self)}-{offset}",
            type=fact.TYPE,
            source=source_of(fact.TOPIC.owner),
            subject=fact.key,
            time=at or self.clock.now(),
            sequence=self._sequences[lane],
            correlation_id=correlation_id,
        )
        value = data_bytes(fact)
        return ConsumerRecord(
            topic=fact.TOPIC.name,
            partition=0,
            offset=offset,
            timestamp=int(self.clock.now().timestamp() * 1000),
            timestamp_type=0,
            key=fact.key.encode(),
            value=value,
            checksum=None,
            serialized_key_size=len(fact.key),
            serialized_value_size=len(value),
            headers=tuple(envelope.headers()),
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

    async def calls(self, who: str | Principal, method: str, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        """Call the HTTP API as somebody, by default a member."""
        headers |= bearer(member(who) if isinstance(who, str) else who)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=self.app), base_url="http://matching") as client:
            return await client.request(method, path, json=body, headers=named)

    async def does(self, who: str | Principal, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Call and return the JSON of a success."""
        answer = await self.calls(who, method, path, body, **headers)
        assert answer.is_success, answer.text
        with suppress(json.JSONDecodeError):
            return answer.json()
        return None

    # --- shortcuts ----------------------------------------------------------------------------------------------

    async def opens(self, *members: profile.CardUpdated | str, **programme: Any) -> None:
        """Have a programme and members who take part in it."""
        await self.does(caller(Role.HR_ADMIN), "PUT", f"/programmes/{PROGRAMME}", programme)
        await self.hears(*(each if isinstance(each, profile.CardUpdated) else card(each) for each in members))

    async def asks(self, who: str, whom: str, origin: str = "asked", **fields: Any) -> Any:
        """Begin a pairing by hand."""
        return await self.does(who, "POST", "/pairings", {"programme_id": PROGRAMME, "partner_id": whom, "origin": origin} | fields)

    async def forms(self, who: str = ADA, whom: str = BEN) -> str:
        """Have a formed pairing."""
        pairing_id: str = (await self.asks(who, whom))["pairing_id"]
        await self.does(whom, "POST", f"/pairings/{pairing_id}/accept")
        return pairing_id

    async def activates(self, who: str = ADA, whom: str = BEN) -> str:
        """Have an active pairing."""
        pairing_id = await self.forms(who, whom)
        written = await self.does(who, "PUT", f"/pairings/{pairing_id}/charter", charter(who, whom), If_Match="*")
        for signer in (who, whom):
            await self.does(signer, "POST", f"/pairings/{pairing_id}/charter/sign", {"digest": written["digest"]})
        return pairing_id

    # --- what the world sees of it ------------------------------------------------------------------------------

    async def told(self, key: str | None = None) -> list[Told]:
        """Return the facts that wait in the outbox, of one aggregate or of all, in order."""
        rows = [row for row in await self.database.collection(OUTBOX).find({}) if key is None or row["key"] == key]
        return [
            Told(
                name=dict(row["headers"])["ce_type"].decode().removeprefix("tandem.matching.").removesuffix(".v1"),
                key=row["key"],
                version=row["version"],
                correlation_id=row["correlation_id"],
                data=json.loads(row["value"]),
            )
            for row in sorted(rows, key=lambda row: (row["at"], row["key"], row["version"], row["index"]))
        ]

    async def names(self, key: str) -> list[str]:
        """Return what was told of one aggregate."""
        return [fact.name.split(".")[1] for fact in await self.told(key)]


def card(member_id: str = ADA, *, capacity: int | None = 1, **fields: Any) -> profile.CardUpdated:
    """Return the card of a member who takes part with `capacity` seats (None: does not take part)."""
    enrolments = [] if capacity is None else [profile.Enrolment(programme_id=PROGRAMME, capacity=capacity)]
    return profile.CardUpdated(**{"member_id": member_id, "status": "active", "enrolments": enrolments} | fields)


def skilled(member_id: str, offers: str, wants: str, **fields: Any) -> profile.CardUpdated:
    """Return a card with offers and wants, given as words."""
    return card(
        member_id,
        offers=[profile.Offer(code=code, strength=4) for code in offers.split()],
        wants=[profile.Want(code=code, priority=3) for code in wants.split()],
        languages=["en"],
        **fields,
    )


def charter(*members: str, **fields: Any) -> dict[str, Any]:
    """Return a complete charter."""
    goals = [{"member_id": each, "text": f"what {each} wants to reach"} for each in members]
    return {"purpose": "learn from each other", "goals": goals, "cadence": CADENCE} | fields
