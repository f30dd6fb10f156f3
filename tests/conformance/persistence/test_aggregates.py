"""Aggregates in a collection, and their facts in the outbox of the same transaction."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from shared.contracts import matching as contracts
from shared.contracts.base import Contract
from shared.kernel.aggregate import Aggregate, DomainEvent
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock, WallClock
from shared.kernel.errors import NotFound, StaleVersion
from shared.kernel.randomness import seeded
from shared.messaging.outbox import Outbox
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Database, Transaction
from shared.persistence.doorbell import Doorbell

IDS = seeded("book")
NOON = datetime(2027, 3, 28, 12, 0, tzinfo=UTC)


class State(StrEnum):
    """A state."""

    OPEN = "open"
    SHUT = "shut"


@dataclass(frozen=True, kw_only=True)
class Goal:
    """A nested value."""

    code: str
    by: datetime
    takes: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered(DomainEvent):
    """A fact."""

    member_id: str


@dataclass(kw_only=True)
class Sample(Aggregate):
    """An aggregate with every kind of field."""

    state: State = State.OPEN
    members: tuple[str, ...] = ()
    goals: dict[str, Goal] = field(default_factory=dict)
    closed_at: datetime | None = None
    score: float = 0.0

    def answer(self, member_id: str) -> None:
        """Record a fact."""
        self.members = (*self.members, member_id)
        self.record(Answered(member_id=member_id))


class SlowClock:
    """A host's clock that stands still."""

    def now(self) -> datetime:
        """Return the same instant for ever."""
        return NOON

    def real_seconds(self, span: timedelta) -> float:
        """Return the span."""
        return span.total_seconds()


def outgoing(sample: Sample, event: Answered) -> Contract:
    """Map the fact to a contract."""
    return contracts.PairingAccepted(**contracts.PairingAccepted.EXAMPLE | {"pairing_id": sample.id, "member_id": event.member_id})


class Book:
    """A small unit of work."""

    def __init__(self, tx: Transaction, bell: Doorbell | None = None, clock: Clock | None = None) -> None:
        """Bind to a transaction."""
        cause = Cause(correlation_id="c-1", causation_id="e-0")
        outbox = Outbox(tx, service="matching", cause=cause, clock=clock or WallClock(), randomness=IDS, doorbell=bell or Doorbell())
        self.samples = AggregateStore(
            tx, "pairings", Sample, outbox=outbox, outgoing=outgoing, index=lambda each: {"state": each.state, "members": each.members}
        )


def full() -> Sample:
    """Return an aggregate with all fields set."""
    goal = Goal(code="python", by=NOON, takes=timedelta(hours=1, minutes=30))
    return Sample(id="p1", state=State.SHUT, members=("a", "b"), goals={"a": goal}, closed_at=NOON, score=0.5)


class TestStoring:
    """What is stored comes back."""

    async def test_every_field_comes_back(self, database: Database) -> None:
        """N2: times, spans, enums, nested values, tuples and maps survive."""
        await database.transact("add", lambda tx: Book(tx).samples.add(full()))
        found = await database.transact("get", lambda tx: Book(tx).samples.get("p1"))
        expected = full()
        expected.revision = 1
        assert found == expected
        assert isinstance(found.members, tuple)
        assert isinstance(found.state, State)

    async def test_absent_is_none_or_refused(self, database: Database) -> None:
        """R21: there is no such thing, said by a code."""
        assert await database.transact("find", lambda tx: Book(tx).samples.find("nobody")) is None
        with pytest.raises(NotFound):
            await database.transact("get", lambda tx: Book(tx).samples.get("nobody"))

    async def test_found_by_index_fields_and_ids(self, database: Database) -> None:
        """R42: queries go over what `index` gives."""

        async def fill(tx: Transaction) -> None:
            for name, state in (("1", State.OPEN), ("2", State.SHUT), ("3", State.OPEN)):
                await Book(tx).samples.add(Sample(id=name, state=state, members=("m" + name,)))

        await database.transact("fill", fill)
        found = await database.transact("find", lambda tx: Book(tx).samples.find_where({"ix.state": "open"}, sort=[("_id", -1)]))
        assert [each.id for each in found] == ["3", "1"]
        mine = await database.transact("find", lambda tx: Book(tx).samples.find_where({"ix.members": "m2"}))
        assert [each.id for each in mine] == ["2"]
        many = await database.transact("find", lambda tx: Book(tx).samples.find_many(["3", "9", "1"]))
        assert [each.id for each in many] == ["3", "1"]


class TestFacts:
    """Facts leave with the change that made them true."""

    async def test_each_fact_has_its_version_and_row(self, database: Database) -> None:
        """N2: ce_sequence counts facts 1, 2, 3 … without a gap; key and subject are the aggregate's id."""
        bell = Doorbell()

        async def begin(tx: Transaction) -> None:
            sample = Sample(id="p1")
            sample.answer("a")
            sample.answer("b")
            await Book(tx, bell).samples.add(sample)

        async def go_on(tx: Transaction) -> None:
            sample = await Book(tx, bell).samples.get("p1")
            assert (sample.version, sample.revision) == (2, 1)
            sample.answer("c")
            await Book(tx, bell).samples.save(sample)

        await database.transact("begin", begin)
        await database.transact("go-on", go_on)
        rows = await database.collection("outbox").find({}, sort=[("at", 1), ("version", 1)])
        headers = [{name: bytes(value).decode() for name, value in row["headers"]} for row in rows]
        assert [row["version"] for row in rows] == [1, 2, 3]
        assert [each["ce_sequence"] for each in headers] == ["1", "2", "3"]
        assert {row["key"] for row in rows} == {each["ce_subject"] for each in headers} == {"p1"}
        assert {each["ce_correlationid"] for each in headers} == {"c-1"}
        assert {each["ce_causationid"] for each in headers} == {"e-0"}
        assert len({row["_id"] for row in rows}) == 3
        assert await bell.wait(0.1)

    async def test_order_hangs_on_no_clock(self, database: Database) -> None:
        """N2: a host whose clock lags still places its change after the one before."""
        database.wall = SlowClock()
        await database.transact("add", lambda tx: Book(tx).samples.add(Sample(id="p1")))

        async def go_on(tx: Transaction) -> None:
            sample = await Book(tx).samples.get("p1")
            sample.answer("m")
            await Book(tx).samples.save(sample)

        for _ in range(3):
            await database.transact("go-on", go_on)
        rows = await database.collection("outbox").find({}, sort=[("at", 1)])
        assert [row["version"] for row in rows] == [1, 2, 3]
        assert len({row["at"] for row in rows}) == 3

    async def test_failure_tells_nothing(self, database: Database) -> None:
        """N2: no fact without the change."""

        async def work(tx: Transaction) -> None:
            sample = Sample(id="p1")
            sample.answer("a")
            await Book(tx).samples.add(sample)
            raise NotFound(id="x")

        with pytest.raises(NotFound):
            await database.transact("work", work)
        assert await database.collection("outbox").count({}) == 0

    async def test_removal_tells_its_last_fact(self, database: Database) -> None:
        """N18: erasure takes the document and tells so."""
        await database.transact("add", lambda tx: Book(tx).samples.add(Sample(id="p1")))

        async def erase(tx: Transaction) -> None:
            sample = await Book(tx).samples.get("p1")
            sample.answer("gone")
            await Book(tx).samples.remove(sample)

        await database.transact("erase", erase)
        assert await database.collection("pairings").count({}) == 0
        assert await database.collection("outbox").count({}) == 1


class TestRaces:
    """Two who change one aggregate."""

    async def test_stale_version_is_refused(self, database: Database) -> None:
        """N2: what was loaded before somebody else saved is not saved over."""
        await database.transact("add", lambda tx: Book(tx).samples.add(Sample(id="p1")))
        old = await database.transact("get", lambda tx: Book(tx).samples.get("p1"))
        fresh = await database.transact("get", lambda tx: Book(tx).samples.get("p1"))
        fresh.answer("a")
        await database.transact("save", lambda tx: Book(tx).samples.save(fresh))

        async def save_old(tx: Transaction) -> None:
            old.revision = 1
            await Book(tx).samples.save(old)

        with pytest.raises(StaleVersion):
            await database.transact("save", save_old, give_up_after=0.0)

    async def test_twenty_racing_answers_all_count_once(self, database: Database) -> None:
        """N2: versions ascend without a gap under races."""
        await database.transact("add", lambda tx: Book(tx).samples.add(Sample(id="p1")))

        async def answer(tx: Transaction, number: int) -> None:
            sample = await Book(tx).samples.get("p1")
            sample.answer(f"m{number}")
            await Book(tx).samples.save(sample)

        await asyncio.gather(*(database.transact("answer", lambda tx, n=n: answer(tx, n)) for n in range(20)))  # type: ignore[misc]
        found = await database.transact("get", lambda tx: Book(tx).samples.get("p1"))
        rows = await database.collection("outbox").find({}, sort=[("at", 1)])
        assert (found.version, found.revision, len(set(found.members))) == (20, 21, 20)
        assert [row["version"] for row in rows] == list(range(1, 21))
