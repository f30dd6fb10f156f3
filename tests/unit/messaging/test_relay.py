"""The relay: order per key, nothing forgotten before the broker has it."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.kernel.cause import Cause
from shared.kernel.randomness import seeded
from shared.messaging.outbox import ENVELOPE_OVERHEAD, Outbox, TooLargeForTopic
from shared.messaging.relay import FORGET_ROWS, ROWS_WANTED, Relay, Window
from shared.messaging.sending import SendFailed
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from tests.support.memory.broker import MemoryBroker, MemorySender
from tests.support.path import Node
from tests.support.probing import until
from tests.unit.messaging.conftest import HandClock


async def relay_of(node: Node, sender: MemorySender) -> Relay:
    """Return a relay that holds its lease."""
    relay = node.relay(sender)
    assert await relay._lease.try_take()
    return relay


def sequences(broker: MemoryBroker) -> dict[str, list[int]]:
    """Return what stands on the topic, per key."""
    found: dict[str, list[int]] = {}
    for record in broker.appended:
        found.setdefault(record.key.decode(), []).append(int(dict(record.headers)["ce_sequence"]))
    return found


async def outbox_rows(node: Node) -> list[dict[str, Any]]:
    """Return the outbox."""
    return await node.database.collection("outbox").find({}, sort=[("at", 1)])


class TestOrder:
    """Facts of one key stand on the topic in the order in which they happened."""

    async def test_everything_goes_in_order_and_is_forgotten(self, profile: Node, broker: MemoryBroker) -> None:
        """N2: ascending versions per key; a row goes once it is acknowledged."""
        await profile.publish(3, 4)
        relay = await relay_of(profile, MemorySender(broker))
        assert not await relay.run_once()
        assert sequences(broker) == {f"k{number}": [1, 2, 3, 4] for number in range(3)}
        assert await outbox_rows(profile) == []

    async def test_failed_send_stops_its_key_only(self, profile: Node, broker: MemoryBroker) -> None:
        """N2: the key waits with everything behind the failed record; others go on."""
        await profile.publish(2, 3)
        down = [True]
        sender = MemorySender(broker, lambda row: SendFailed("Timeout") if down[0] and row["key"] == "k0" and row["version"] == 2 else None)
        relay = await relay_of(profile, sender)
        with pytest.raises(SendFailed):
            await relay.run_once()
        assert sequences(broker) == {"k0": [1], "k1": [1, 2, 3]}
        assert [row["version"] for row in await outbox_rows(profile)] == [2, 3]
        down[0] = False
        await relay.run_once()
        assert sequences(broker)["k0"] == [1, 2, 3]
        assert sender.rebuilt == 0

    async def test_fatal_error_builds_a_new_producer(self, profile: Node, broker: MemoryBroker) -> None:
        """N2: a fenced producer never recovers; the rows stay and a new one sends them (trap 6)."""
        await profile.publish(1, 2)
        sender = MemorySender(broker, lambda _: SendFailed("ProducerFenced", fatal=True))
        relay = await relay_of(profile, sender)
        with pytest.raises(SendFailed):
            await relay.run_once()
        assert sender.rebuilt == 1
        sender.refuse = lambda _: None
        await relay.run_once()
        assert sequences(broker) == {"k0": [1, 2]}

    async def test_late_row_of_a_backlog_is_not_overtaken(
        self, profile: Node, broker: MemoryBroker, wall: HandClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """N2: a row committed late, with an early place, goes before later ones of its key."""
        monkeypatch.setattr("shared.messaging.relay.ROWS_WANTED", 20)
        for _ in range(50):
            await profile.publish(2, 1)
            wall.advance(0.01)
        sender = MemorySender(broker)
        relay = await relay_of(profile, sender)
        assert await relay.run_once()
        rows = await outbox_rows(profile)
        early = rows[0] | {"_id": "late", "key": "other", "at": wall.now() - timedelta(seconds=60)}
        await profile.database.collection("outbox").insert_one(early)
        while await relay.run_once():
            pass
        assert sequences(broker)["k0"] == list(range(1, 51))
        assert "other" in sequences(broker)
        assert await outbox_rows(profile) == []


class TestForgetting:
    """Rows of several quick rounds go by one transaction; none is sent twice by the process that sent it."""

    @staticmethod
    def transactions(node: Node, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Note the label of every transaction from now on."""
        labels: list[str] = []
        transact = node.database.transact

        async def noted(label: str, work: Any, **options: Any) -> Any:
            labels.append(label)
            return await transact(label, work, **options)

        monkeypatch.setattr(node.database, "transact", noted)
        return labels

    async def test_quick_rounds_share_one_transaction(self, profile: Node, broker: MemoryBroker, monkeypatch: pytest.MonkeyPatch) -> None:
        """N2: nothing is sent again meanwhile, and the row is there until it is deleted with the others."""
        relay = await relay_of(profile, MemorySender(broker))
        for _ in range(3):
            await profile.publish(2, 1)
            await relay.run_once(linger=True)
        assert sequences(broker) == {"k0": [1, 2, 3], "k1": [1, 2, 3]}
        assert len(await outbox_rows(profile)) == 6
        assert relay._window.rows_wanted == ROWS_WANTED
        labels = self.transactions(profile, monkeypatch)
        monkeypatch.setattr("shared.messaging.relay.FORGET_AFTER_SECONDS", 0.0)
        await relay.run_once(linger=True)
        assert labels == ["relay.forget"]
        assert await outbox_rows(profile) == []
        assert len(broker.appended) == 6

    async def test_many_rows_do_not_wait(self, profile: Node, broker: MemoryBroker) -> None:
        """N2: a backlog is not read again and again."""
        await profile.publish(FORGET_ROWS, 1)
        relay = await relay_of(profile, MemorySender(broker))
        await relay.run_once(linger=True)
        assert await outbox_rows(profile) == []

    async def test_a_failure_ends_the_waiting(self, profile: Node, broker: MemoryBroker) -> None:
        """N2: what was acknowledged goes at once, since a long pause or another replica follows."""
        await profile.publish(2, 1)
        sender = MemorySender(broker, lambda row: SendFailed("Timeout") if row["key"] == "k0" else None)
        relay = await relay_of(profile, sender)
        with pytest.raises(SendFailed):
            await relay.run_once(linger=True)
        assert [row["key"] for row in await outbox_rows(profile)] == ["k0"]

    async def test_a_quiet_relay_and_one_that_stops_leave_nothing_behind(self, profile: Node, broker: MemoryBroker) -> None:
        """N2: after a graceful stop the successor repeats nothing."""
        await profile.publish(3, 1)
        running = profile.tasks.spawn("relay", profile.relay(MemorySender(broker)).run())
        await until(lambda: _is_empty(profile), saying="the outbox is empty though nobody rings")
        await profile.publish(3, 1)
        await until(lambda: len(broker.appended) == 6, saying="all are sent")
        running.cancel()
        await asyncio.wait([running])
        assert await outbox_rows(profile) == []
        assert sequences(broker) == {f"k{number}": [1, 2] for number in range(3)}


async def _is_empty(node: Node) -> bool:
    return not await outbox_rows(node)


class TestLease:
    """One relay at a time."""

    async def test_without_the_lease_nothing_is_sent(self, profile: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: a relay that lost its lease stops at once."""
        await profile.publish(1, 1)
        relay = await relay_of(profile, MemorySender(broker))
        wall.advance(60)
        other = profile.relay(MemorySender(broker))
        assert await other._lease.try_take()
        assert not await relay.run_once()
        assert broker.appended == []
        await other.run_once()
        assert len(broker.appended) == 1

    async def test_lease_lost_in_mid_round_ends_the_round(self, profile: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: every send begins inside the lease."""
        await profile.publish(1, 3)

        def slow(_: Any) -> None:
            wall.advance(7)

        relay = await relay_of(profile, MemorySender(broker, slow))
        await relay.run_once()
        assert sequences(broker) == {"k0": [1, 2]}
        assert [row["version"] for row in await outbox_rows(profile)] == [3]

    async def test_the_successor_goes_on_from_where_the_former_had_come(self, profile: Node, broker: MemoryBroker, wall: HandClock) -> None:
        """N2: its first read is no larger than any other, whatever waits, and in the end nothing waits."""
        former = await relay_of(profile, MemorySender(broker))
        await former.run_once()
        assert await former._lease.try_take()
        reached = wall.now()
        for _ in range(3):
            wall.advance(3_600)
            await profile.publish(1, 1)
        relay = await relay_of(profile, MemorySender(broker))
        assert relay._lease.reached == reached
        assert await relay.run_once()
        assert not relay._window.reaches_all
        assert broker.appended == []
        while await relay.run_once():
            pass
        assert sequences(broker) == {"k0": [1, 2, 3]}


class TestWindow:
    """How far a read reaches."""

    @staticmethod
    def rows(count: int, begin: datetime) -> list[dict[str, Any]]:
        """Return rows a millisecond apart."""
        return [{"at": begin + timedelta(milliseconds=number)} for number in range(count)]

    def test_without_backlog_everything_is_read(self, wall: HandClock) -> None:
        """N2: a clock ahead of ours hides no row."""
        window = Window()
        for _ in range(200):
            window.note(self.rows(3, wall.now()), wall.now())
        assert window.reaches_all
        assert window.upper(wall.now()) > wall.now() + timedelta(days=30)

    def test_backlog_is_read_by_pieces_and_ends_with_everything(self, wall: HandClock) -> None:
        """N2: the cost of a round does not grow with the backlog."""
        window, begin = Window(), wall.now() - timedelta(hours=1)
        window.note(self.rows(ROWS_WANTED, begin), wall.now())
        assert window.upper(wall.now()) < begin + timedelta(seconds=2)
        for _ in range(60):
            window.note(self.rows(1, begin), wall.now())
        assert window.reaches_all

    def test_keys_that_fail_do_not_starve_the_others(self) -> None:
        """N2: a full read without progress reads further."""
        window = Window()
        for _ in range(3):
            window.progressed(anything=False)
        assert window.rows_wanted == ROWS_WANTED * 8
        window.progressed(anything=True)
        assert window.rows_wanted == ROWS_WANTED


class TestOutbox:
    """What may go into the outbox."""

    async def test_too_large_is_refused_before_the_commit(self, profile: Node) -> None:
        """N2: the broker never has to refuse a record (trap 6); the error quotes sizes only (N9)."""

        async def work(tx: Transaction) -> None:
            cause = Cause(correlation_id="c")
            outbox = Outbox(tx, service="profile", cause=cause, clock=profile.clock, randomness=seeded("x"), doorbell=Doorbell())
            size = topics.PROFILE_MEMBER.max_message_bytes - ENVELOPE_OVERHEAD
            await outbox.add(contracts.MemberLeft(member_id="secret" * (size // 6 + 1)), sequence=1)

        with pytest.raises(TooLargeForTopic) as refused:
            await profile.database.transact("test", work)
        assert "secret" not in str(refused.value)
        assert await outbox_rows(profile) == []

    async def test_tombstone_has_an_envelope_and_no_value(self, profile: Node, broker: MemoryBroker) -> None:
        """N18: erasing a member's record is a null value under the member's key."""

        async def work(tx: Transaction) -> None:
            cause = Cause(correlation_id="c")
            outbox = Outbox(tx, service="profile", cause=cause, clock=profile.clock, randomness=seeded("x"), doorbell=Doorbell())
            await outbox.tombstone(topics.PROFILE_CARD, "m-1", sequence=7)

        await profile.database.transact("test", work)
        relay = await relay_of(profile, MemorySender(broker))
        await relay.run_once()
        (record,) = broker.appended
        assert (record.topic, record.key, record.value) == ("tandem-profile-card", b"m-1", None)
        assert dict(record.headers)["ce_type"] == b"tandem.profile.card.tombstone.v1"
