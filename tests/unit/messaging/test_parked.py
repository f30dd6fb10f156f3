"""Parked events and held lanes: the order of a key survives trouble, and restarts."""

import asyncio
from typing import Any

import pytest

from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.kernel.errors import NotFound, NotYet, Refusal
from shared.messaging.dead_letters import DeadLetterClosed, DeadLetters, NobodyHandlesIt, ReasonMissing
from shared.messaging.received import Received
from tests.support.memory.broker import MemoryBroker
from tests.support.path import Node, Work, noted
from tests.unit.messaging.conftest import HandClock
from tests.unit.messaging.test_consuming import put, rewire, rows

TOPIC = topics.PROFILE_MEMBER


class Moods:
    """Says per event what its handler meets; empty = all is well."""

    def __init__(self, **faults: Exception) -> None:
        """`k_2=NotYet(…)` is the fault of event k-2."""
        self.faults = {name.replace("_", "-"): fault for name, fault in faults.items()}
        self.calls: list[str] = []

    async def handle(self, event: Received[Any], work: Work) -> None:
        """Note the event, then fail as told."""
        self.calls.append(event.envelope.id)
        await noted(event, work)
        if event.envelope.id in self.faults:
            raise self.faults[event.envelope.id]


async def troubled(node: Node, broker: MemoryBroker, moods: Moods, *events: tuple[str, int]) -> None:
    """Let events arrive that meet the moods."""
    rewire(node, moods.handle)
    for key, sequence in events:
        put(broker, key, sequence)
    await broker.feed(node.consumer, TOPIC)


class TestParking:
    """A prerequisite is missing."""

    async def test_the_key_waits_in_order_others_go_on(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: parked, held behind, released in order once the first succeeds."""
        moods = Moods(k_2=NotYet("card-missing"))
        await troubled(matching, broker, moods, ("k", 1), ("k", 2), ("k", 3), ("o", 1))
        put(broker, "k", 4)
        await broker.feed(matching.consumer, TOPIC)
        assert await matching.effects() == {"k": [1], "o": [1]}
        assert [row["code"] for row in await matching.database.collection("parked").find({}, sort=[("position", 1)])] == [
            "card-missing",
            "behind",
            "behind",
        ]
        assert await matching.parked.run_due() == 0
        wall.advance(2)
        assert await matching.parked.run_due() == 1
        assert await matching.effects() == {"k": [1], "o": [1]}
        moods.faults.clear()
        wall.advance(5)
        await matching.parked.run_due()
        assert await matching.effects() == {"k": [1, 2, 3, 4], "o": [1]}
        assert (await rows(matching, "parked"), await rows(matching, "lanes")) == ([], [])

    async def test_two_replicas_that_fail_at_once_note_it_once(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: both try the same event, both fail for good: one dead letter, and neither worker dies of the other's."""
        moods = Moods(k_1=NotYet("card-missing"))
        await troubled(matching, broker, moods, ("k", 1), ("k", 2))
        first, _ = await rows(matching, "parked")
        for _ in range(2):
            await matching.parked._note_failure(first, NotFound(kind="card"))
        assert [(row["_id"], row["attempts"]) for row in await rows(matching, "dead_letters")] == [("k-1", 2)]
        assert [row["_id"] for row in await rows(matching, "parked")] == ["k-2"]

    async def test_a_failure_that_is_noted_late_undoes_no_success(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: another replica ran the event between the failed try and its note: it is done, not dead."""
        moods = Moods(k_1=NotYet("card-missing"))
        await troubled(matching, broker, moods, ("k", 1))
        (parked,) = await rows(matching, "parked")
        moods.faults.clear()
        wall.advance(2)
        await matching.parked.run_due()
        await matching.parked._note_failure(parked, NotFound(kind="card"))
        assert (await rows(matching, "dead_letters"), await rows(matching, "lanes")) == ([], [])
        assert await matching.effects() == {"k": [1]}

    async def test_after_eight_tries_it_is_dead_and_the_key_stays_held(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: waiting has a limit; the pause between tries grows up to five minutes."""
        moods = Moods(k_1=NotYet("card-missing"))
        await troubled(matching, broker, moods, ("k", 1), ("k", 2))
        alone = len(moods.calls)
        for _ in range(10):
            wall.advance(301)
            await matching.parked.run_due()
        assert len(moods.calls) - alone == 7  # the first of eight was the consumer's
        (dead,) = await rows(matching, "dead_letters")
        assert (dead["_id"], dead["code"], dead["attempts"]) == ("k-1", "card-missing", 8)
        assert [row["_id"] for row in await rows(matching, "parked")] == ["k-2"]
        assert [row["state"] for row in await rows(matching, "lanes")] == ["dead"]

    async def test_trouble_inside_the_run_keeps_what_went_before(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: the run behind a released head goes as far as it can."""
        moods = Moods(k_1=NotYet("a"), k_4=Refusal())
        await troubled(matching, broker, moods, *(("k", number) for number in range(1, 7)))
        del moods.faults["k-1"]
        wall.advance(5)
        await matching.parked.run_due()
        assert await matching.effects() == {"k": [1, 2, 3]}
        assert [row["_id"] for row in await rows(matching, "dead_letters")] == ["k-4"]
        assert [row["_id"] for row in await rows(matching, "parked")] == ["k-5", "k-6"]

    async def test_a_bug_in_a_parked_event_is_bounded_too(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: five tries for bugs, wherever they happen."""
        moods = Moods(k_1=NotYet("a"))
        await troubled(matching, broker, moods, ("k", 1))
        moods.faults["k-1"] = KeyError("private")
        for _ in range(8):
            wall.advance(301)
            await matching.parked.run_due()
        (dead,) = await rows(matching, "dead_letters")
        assert (dead["code"], dead["attempts"]) == ("bug:KeyError", 5)

    async def test_unreadable_event_behind_is_found_in_its_turn(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: held messages are parked as they are."""
        moods = Moods(k_1=NotYet("a"))
        rewire(matching, moods.handle)
        put(broker, "k", 1)
        put(broker, "k", 2, value=b"{")
        put(broker, "k", 3)
        await broker.feed(matching.consumer, TOPIC)
        moods.faults.clear()
        wall.advance(5)
        await matching.parked.run_due()
        assert await matching.effects() == {"k": [1]}
        assert [row["code"] for row in await rows(matching, "dead_letters")] == ["unreadable-data"]
        assert [row["_id"] for row in await rows(matching, "parked")] == ["k-3"]

    async def test_a_restart_forgets_nothing(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: lanes are rows: a new process holds the key and works it off."""
        await troubled(matching, broker, Moods(k_1=NotYet("a")), ("k", 1))
        reborn = Node("matching", matching.database, matching.settings, clock=wall)
        put(broker, "k", 2)
        await broker.feed(reborn.consumer, TOPIC)
        assert await reborn.effects() == {}
        wall.advance(5)
        await reborn.parked.run_due()
        assert await reborn.effects() == {"k": [1, 2]}

    async def test_two_workers_do_it_once(self, matching: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: replicas conflict on the lane; one wins."""
        await troubled(matching, broker, Moods(k_1=NotYet("a")), ("k", 1), ("k", 2))
        twin = Node("matching", matching.database, matching.settings, clock=wall)
        rewire(matching, noted)
        wall.advance(5)
        await asyncio.gather(matching.parked.run_due(), twin.parked.run_due())
        assert await matching.effects() == {"k": [1, 2]}


class TestDeadLetters:
    """What an operator may do."""

    async def test_redrive_runs_it_and_releases_the_key(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: the same handler, then what was held, in order; audited."""
        moods = Moods(k_1=Refusal())
        await troubled(matching, broker, moods, ("k", 1), ("k", 2), ("k", 3))
        letters = DeadLetters(matching.consumer)
        assert await letters.redrive("k-1", by="op-1") == {"outcome": "failed", "code": "refused"}
        assert await matching.effects() == {}
        moods.faults.clear()
        assert await letters.redrive("k-1", by="op-2") == {"outcome": "redriven", "code": None}
        await matching.parked.run_due()
        assert await matching.effects() == {"k": [1, 2, 3]}
        shown = await letters.show("k-1")
        assert [(entry["by"], entry["outcome"]) for entry in shown["audit"]] == [("op-1", "refused"), ("op-2", "redriven")]
        assert (shown["state"], shown["attempts"]) == ("redriven", 3)
        assert (await letters.list(), await rows(matching, "lanes")) == ([], [])
        with pytest.raises(DeadLetterClosed):
            await letters.redrive("k-1", by="op-1")

    async def test_redelivery_after_a_redrive_changes_nothing(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: the inbox knows the event from the day it was buried."""
        moods = Moods(k_1=Refusal())
        await troubled(matching, broker, moods, ("k", 1))
        moods.faults.clear()
        await DeadLetters(matching.consumer).redrive("k-1", by="op")
        broker.committed.clear()
        await broker.feed(matching.consumer, TOPIC)
        assert await matching.effects() == {"k": [1]}

    async def test_discard_needs_a_reason_and_takes_the_payload(self, matching: Node, broker: MemoryBroker) -> None:
        """N2, N9: given up by whom, when, why; the words go, the key goes on."""
        await troubled(matching, broker, Moods(k_1=Refusal()), ("k", 1), ("k", 2))
        letters = DeadLetters(matching.consumer)
        with pytest.raises(ReasonMissing):
            await letters.discard("k-1", by="op", reason="  ")
        await letters.discard("k-1", by="op", reason="sent by mistake")
        await matching.parked.run_due()
        assert await matching.effects() == {"k": [2]}
        (row,) = await rows(matching, "dead_letters")
        assert (row["state"], row["value"], row["headers"], row["audit"][0]["reason"]) == ("discarded", None, [], "sent by mistake")

    async def test_views_hold_no_payload(self, matching: Node, broker: MemoryBroker) -> None:
        """N9: an operator sees codes, places and sizes."""
        rewire(matching, noted)
        put(broker, "k", 1, value=b'{"private words"')
        await broker.feed(matching.consumer, TOPIC)
        letters = DeadLetters(matching.consumer)
        (listed,) = await letters.list()
        shown = await letters.show("k-1")
        assert "private" not in repr((listed, shown))
        assert (shown["code"], shown["size"], shown["topic"]) == ("unreadable-data", 16, TOPIC.name)
        with pytest.raises(NotFound):
            await letters.show("nobody")

    async def test_what_nobody_handles_any_more_cannot_be_redriven(self, matching: Node, broker: MemoryBroker) -> None:
        """N2: a route that was taken away is said, not taken for success."""
        await troubled(matching, broker, Moods(k_1=Refusal()), ("k", 1))
        matching.consumer._routes.clear()
        matching.consumer.route(TOPIC, {contracts.MemberMoved: noted})
        with pytest.raises(NobodyHandlesIt):
            await DeadLetters(matching.consumer).redrive("k-1", by="op")
