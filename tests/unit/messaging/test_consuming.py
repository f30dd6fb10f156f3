"""The consumer: one transaction per batch, the inbox inside it, one by one when it fails."""

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.contracts.envelope import Envelope, data_bytes
from shared.kernel.errors import NotYet, Refusal
from shared.messaging.failures import ConsumerHalted
from shared.messaging.received import Received
from shared.observability.logging import configure_logging
from shared.persistence.errors import CommitUnknown, DatabaseAway
from tests.support.memory.broker import MemoryBroker
from tests.support.memory.database import MemoryDriver
from tests.support.path import Node, Work, noted
from tests.unit.messaging.conftest import HandClock

TOPIC = topics.PROFILE_MEMBER


def put(broker: MemoryBroker, key: str, sequence: int, *, event_id: str = "", type_: str = contracts.MemberLeft.TYPE, **other: Any) -> str:
    """Put one event on the topic; return its id."""
    envelope = Envelope(
        id=event_id or f"{key}-{sequence}",
        type=type_,
        source="/tandem/profile",
        subject=key,
        time=broker.wall.now(),
        sequence=sequence,
        correlation_id=f"c-{key}",
    )
    value = other.get("value", data_bytes(contracts.MemberLeft(member_id=key)))
    broker.append(TOPIC.name, key.encode(), value, other.get("headers", envelope.headers()))
    return envelope.id


def failing(fault: Callable[[Received[Any]], Exception | None]) -> Callable[[Received[Any], Work], Any]:
    """Return a handler that notes the event, then fails as told."""

    async def handle(event: Received[Any], work: Work) -> None:
        await noted(event, work)
        if (error := fault(event)) is not None:
            raise error

    return handle


def rewire(node: Node, handler: Callable[[Received[Any], Work], Any]) -> None:
    """Let a service handle with another function."""
    node.consumer._routes.clear()
    node.consumer.route(TOPIC, {contracts.MemberLeft: handler})


async def rows(node: Node, name: str) -> list[dict[str, Any]]:
    """Return the rows of a collection."""
    return await node.database.collection(name).find({}, sort=[("_id", 1)])


class TestBatch:
    """A batch takes effect once."""

    async def test_redelivery_and_duplicates_change_nothing(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: event ids in the inbox are dropped, across batches and within one."""
        for sequence in (1, 2):
            put(broker, "k", sequence)
        put(broker, "k", 2)
        records = broker.waiting("matching", TOPIC.name)
        for _ in range(3):
            await matching.consumer.apply(TOPIC, records)
        assert await matching.effects() == {"k": [1, 2]}

    async def test_a_batch_is_one_transaction(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: 50 events, one commit."""
        for number in range(50):
            put(broker, f"k{number % 5}", number // 5 + 1)
        driver = matching.database._driver
        assert isinstance(driver, MemoryDriver)
        await broker.feed(matching.consumer, TOPIC)
        assert [entry.label for entry in driver.server.log] == [f"batch.{TOPIC.name}"]
        assert await matching.effects() == {f"k{number}": list(range(1, 11)) for number in range(5)}

    async def test_at_debug_each_event_that_took_effect_is_a_line_with_its_own_correlation(
        self, matching: Node, broker: MemoryBroker
    ) -> None:
        """N17: the way of one command can be pulled out of the log files; at info a batch has one line and nothing more."""
        for sequence, level, told in ((1, "info", []), (2, "debug", [("c-k", "k-2"), ("c-l", "l-2")])):
            put(broker, "k", sequence)
            put(broker, "l", sequence)
            written = io.StringIO()
            configure_logging("matching", level=level, stream=written)
            await matching.consumer.apply(TOPIC, broker.waiting("matching", TOPIC.name))
            lines = [json.loads(text) for text in written.getvalue().splitlines()]
            applied = [each for each in lines if each["event"]["action"] == "event.applied"]
            assert [(each["trace"]["id"], each["tandem"]["event_id"]) for each in applied] == told

    async def test_other_types_are_skipped(self, matching: Node, broker: MemoryBroker) -> None:
        """N1: a consumer ignores facts that it does not need."""
        put(broker, "k", 1, type_="tandem.profile.member.resumed.v1", value=b"{}")
        put(broker, "k", 2, type_="somebody.else.entirely", value=b"not json")
        await broker.feed(matching.consumer, TOPIC)
        assert (await matching.effects(), await rows(matching, "dead_letters"), await rows(matching, "inbox")) == ({}, [], [])

    async def test_tombstone_reaches_its_handler(self, matching: Node, broker: MemoryBroker) -> None:
        """N18: a null value tells that a member's record is gone."""
        gone: list[str] = []

        async def on_gone(key: str, work: Work) -> None:
            gone.append(key)

        matching.consumer.route(topics.PROFILE_CARD, {}, tombstone=on_gone)
        broker.append(topics.PROFILE_CARD.name, b"m-1", None, [])
        await broker.feed(matching.consumer, topics.PROFILE_CARD)
        assert gone == ["m-1"]

    async def test_each_topic_has_one_route(self, matching: Node) -> None:
        """N2: two subscribers of one group on one topic would split it (trap 7)."""
        with pytest.raises(ValueError, match="one subscriber per topic"):
            matching.consumer.route(TOPIC, {})

    async def test_cause_goes_from_event_to_work(self, matching: Node, broker: MemoryBroker) -> None:
        """N17: the event's correlation id goes on, its id becomes the cause."""
        seen: list[tuple[str, str | None]] = []

        async def look(event: Received[Any], work: Work) -> None:
            seen.append((work.cause.correlation_id, work.cause.causation_id))

        rewire(matching, look)
        put(broker, "a", 1)
        put(broker, "b", 1)
        await broker.feed(matching.consumer, TOPIC)
        assert sorted(seen) == [("c-a", "a-1"), ("c-b", "b-1")]


class TestTrouble:
    """Only the culprit pays."""

    @pytest.mark.parametrize(
        ("broken", "code"),
        [
            ({"headers": [("ce_id", None), ("ce_type", b"\xff\xfe")]}, "unreadable-envelope"),
            ({"headers": []}, "unreadable-envelope"),
            ({"value": b"{not json"}, "unreadable-data"),
            ({"value": b'{"member_id": null}'}, "unreadable-data"),
            ({"value": b"\xff\xfe"}, "unreadable-data"),
            ({"type_": "tandem.profile.member.left.v2"}, "unknown-major"),
        ],
    )
    async def test_unreadable_becomes_a_dead_letter(self, matching: Node, broker: MemoryBroker, broken: dict[str, Any], code: str) -> None:
        """N2: kept whole, announced by codes only, later events of its key held; other keys go on."""
        put(broker, "good", 1)
        put(broker, "bad", 1, **broken)
        put(broker, "bad", 2)
        put(broker, "good", 2)
        await broker.feed(matching.consumer, TOPIC)
        assert await matching.effects() == {"good": [1, 2]}
        (dead,) = await rows(matching, "dead_letters")
        assert (dead["code"], dead["state"], dead["key"], dead["attempts"]) == (code, "open", b"bad", 1)
        assert [row["_id"] for row in await rows(matching, "parked")] == ["bad-2"]
        (announced,) = await rows(matching, "outbox")
        assert (announced["topic"], announced["key"], announced["version"]) == ("tandem-matching-dead-letter", "bad", 1)
        assert code.encode() in bytes(announced["value"])

    async def test_refusal_is_dead_at_once_and_its_batch_goes_on(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: a refusal will not change its mind."""
        rewire(matching, failing(lambda event: Refusal() if event.envelope.subject == "bad" else None))
        for key in ("a", "bad", "b"):
            put(broker, key, 1)
        await broker.feed(matching.consumer, TOPIC)
        assert await matching.effects() == {"a": [1], "b": [1]}
        assert [(row["code"], row["attempts"]) for row in await rows(matching, "dead_letters")] == [("refused", 1)]

    async def test_bug_is_tried_five_times(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: bounded retry; nothing of a failed try stays; no text of the error is kept (N9)."""
        calls: list[str] = []

        def fault(event: Received[Any]) -> Exception | None:
            if event.envelope.subject == "bad":
                calls.append(event.envelope.id)
                return KeyError("private words")
            return None

        rewire(matching, failing(fault))
        put(broker, "bad", 1)
        put(broker, "a", 1)
        await broker.feed(matching.consumer, TOPIC)
        (dead,) = await rows(matching, "dead_letters")
        assert (dead["code"], dead["attempts"], len(calls)) == ("bug:KeyError", 5, 6)  # once in the batch, five times alone
        assert await matching.effects() == {"a": [1]}
        assert "private" not in repr(dead)

    async def test_bug_that_passes_costs_nothing(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: a second try that works is all that there is."""
        failures = [KeyError(), KeyError()]
        rewire(matching, failing(lambda _: failures.pop() if failures else None))
        put(broker, "k", 1)
        await broker.feed(matching.consumer, TOPIC)
        assert (await matching.effects(), await rows(matching, "dead_letters")) == ({"k": [1]}, [])

    async def test_announcements_of_one_key_are_numbered_without_a_gap(self, matching: Node, broker: MemoryBroker) -> None:
        """N1: dead letters of one key have versions 1, 2, 3 as every aggregate has."""
        rewire(matching, failing(lambda _: Refusal()))
        put(broker, "bad", 1)
        await broker.feed(matching.consumer, TOPIC)
        await matching.database.collection("lanes").delete_many({})
        put(broker, "bad", 2)
        await broker.feed(matching.consumer, TOPIC)
        assert [row["version"] for row in await matching.database.collection("outbox").find({}, sort=[("version", 1)])] == [1, 2]


class TestAway:
    """Nothing can work now: waited for, never skipped."""

    async def test_lost_answer_to_a_commit_is_asked_again(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: unknown is never "no": the commit is repeated and applied once."""
        driver = matching.database._driver
        assert isinstance(driver, MemoryDriver)
        lost = [3]

        async def hop(point: str, effect: Callable[[], Any]) -> Any:
            answer = effect()
            if point.startswith("commit:batch") and lost[0]:
                lost[0] -= 1
                raise CommitUnknown
            return answer

        driver.hop = hop
        put(broker, "k", 1)
        await broker.feed(matching.consumer, TOPIC)
        assert await matching.effects() == {"k": [1]}

    async def test_database_away_is_waited_for_in_place(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: no dead letter, no skip; the batch is applied when the database is back."""
        driver = matching.database._driver
        assert isinstance(driver, MemoryDriver)
        away = [5]

        async def hop(point: str, effect: Callable[[], Any]) -> Any:
            if away[0]:
                away[0] -= 1
                raise DatabaseAway
            await asyncio.sleep(0)
            return effect()

        driver.hop = hop
        put(broker, "k", 1)
        await broker.feed(matching.consumer, TOPIC)
        assert (await matching.effects(), await rows(matching, "dead_letters")) == ({"k": [1]}, [])

    async def test_crash_after_the_commit_leads_to_redelivery_only(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: before-offset: the offset was not committed, the inbox drops what was applied."""
        put(broker, "k", 1)
        await matching.consumer.apply(TOPIC, broker.waiting("matching", TOPIC.name))
        await broker.feed(matching.consumer, TOPIC)
        assert await matching.effects() == {"k": [1]}


class TestHalt:
    """When nearly everything fails, the fault is ours."""

    async def test_poison_flood_buries_nothing(self, matching: Node, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        """N2: over half of 20 or more fail: stop taking, alarm; cured, all goes through."""
        monkeypatch.setattr("shared.messaging.consuming.HALT_SECONDS", 0.01)
        ill = [True]
        rewire(matching, failing(lambda _: Refusal() if ill[0] else None))
        for number in range(30):
            put(broker, f"k{number}", 1)
        with pytest.raises(ConsumerHalted):
            await broker.feed(matching.consumer, TOPIC)
        halted = matching.consumer.halted
        assert (await rows(matching, "dead_letters"), await matching.effects()) == ([], {})
        ill[0] = False
        await broker.feed(matching.consumer, TOPIC)
        assert (halted, matching.consumer.halted) == (True, False)
        assert len(await matching.effects()) == 30

    async def test_unreadable_flood_halts_too(self, matching: Node, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        """N2: a contract that we cannot read any more is our fault, not that of 30 messages."""
        monkeypatch.setattr("shared.messaging.consuming.HALT_SECONDS", 0.01)
        for number in range(30):
            put(broker, f"k{number}", 1, value=b"{")
        with pytest.raises(ConsumerHalted):
            await broker.feed(matching.consumer, TOPIC)
        assert await rows(matching, "dead_letters") == []

    async def test_slow_flood_halts_after_a_score(self, matching: Node, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        """N2: one event at a time, all failing, is a flood as well."""
        monkeypatch.setattr("shared.messaging.consuming.HALT_SECONDS", 0.01)
        rewire(matching, failing(lambda _: Refusal()))
        for number in range(25):
            put(broker, f"k{number}", 1)
        for _ in range(19):
            await broker.feed(matching.consumer, TOPIC, max_records=1)
        with pytest.raises(ConsumerHalted):
            await broker.feed(matching.consumer, TOPIC, max_records=1)
        assert len(await rows(matching, "dead_letters")) == 19

    async def test_missing_prerequisites_are_no_flood(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: a replica that lags behind is waited for."""
        rewire(matching, failing(lambda _: NotYet("card-missing")))
        for number in range(30):
            put(broker, f"k{number}", 1)
        await broker.feed(matching.consumer, TOPIC)
        assert len(await rows(matching, "parked")) == 30


class TestTwoConsumers:
    """Two replicas with one batch, as after a rebalance."""

    async def test_one_wins_the_other_finds_it_done(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: of two that apply one batch at once, one conflicts, runs again and finds nothing new."""
        for number in range(10):
            put(broker, f"k{number % 2}", number // 2 + 1)
        twin = Node("matching", matching.database, matching.settings, clock=wall)
        records = broker.waiting("matching", TOPIC.name)
        await asyncio.gather(matching.consumer.apply(TOPIC, records), twin.consumer.apply(TOPIC, records))
        assert await matching.effects() == {"k0": [1, 2, 3, 4, 5], "k1": [1, 2, 3, 4, 5]}
