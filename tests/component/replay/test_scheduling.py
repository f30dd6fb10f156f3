"""Scheduling's cards are built anew from their topic, beside the living ones (N1, N2)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest_asyncio

from services.scheduling.main import NAME, build
from services.scheduling.settings import SchedulingSettings
from shared.contracts import topics
from shared.kernel.clock import WallClock
from shared.messaging.reading import BrokerAway
from tests.component.replay.scene import Scene, scene
from tests.component.scheduling.house import activated, card
from tests.support.memory.broker import MemoryBroker
from tests.support.memory.database import MemoryServer
from tests.support.probing import until

CARDS = topics.PROFILE_CARD.name
MEMBERS = ("ada", "ben", "cem")


@pytest_asyncio.fixture
async def scheduling() -> AsyncIterator[Scene]:
    """Return scheduling with three cards, and a pairing that has its sessions."""
    async with scene(NAME, build, SchedulingSettings()) as opened:
        opened.tell(*(card(member) for member in MEMBERS), card("ada", "Asia/Tokyo"))
        opened.tell(activated("ada", "ben"))
        await opened.hear()
        yield opened


class TestReplay:
    """N2: what differs is put right, what does not is left, nothing is told."""

    async def test_a_verification_of_a_sound_replica_changes_nothing(self, scheduling: Scene) -> None:
        """N2: every document follows from the facts, and looking leaves no trace."""
        before = await scheduling.everything()
        assert await scheduling.replay(repair=False) == {"cards": {"equal": 3}}
        assert await scheduling.everything() == before
        assert await scheduling.beside() == {}

    async def test_what_was_spoilt_lost_or_made_up_is_seen_and_then_repaired(self, scheduling: Scene) -> None:
        """N2: sessions, outbox, timers and inbox stay byte for byte: no effect happens again."""
        before = await scheduling.everything()
        await scheduling.spoil("cards", "ada", timezone="Europe/Berlin", sequence=9)
        await scheduling.app.database.collection("cards").delete_one({"_id": "ben"})
        await scheduling.app.database.collection("cards").insert_one(before["cards"]["cem"] | {"_id": "nobody"})
        spoilt = await scheduling.everything()
        seen = await scheduling.ended(await scheduling.start(repair=False))
        assert seen["verdicts"] == {"cards": {"equal": 1, "different": 3}}
        assert sorted(key for _, key, _ in seen["examples"]) == ["ada", "ben", "nobody"]
        assert await scheduling.everything() == spoilt
        assert await scheduling.replay() == {"cards": {"equal": 1, "repaired": 3}}
        assert await scheduling.everything() == before

    async def test_an_erased_member_does_not_come_back(self, scheduling: Scene) -> None:
        """N18: a tombstone holds in what is built anew, too, also when the record before it is gone."""
        scheduling.erase(topics.PROFILE_CARD, "cem")
        await scheduling.hear()
        assert await scheduling.replay(CARDS) == {"cards": {"equal": 2}}
        assert sorted(await scheduling.documents("cards")) == ["ada", "ben"]

    async def test_a_card_made_before_its_record_is_no_difference(self, scheduling: Scene) -> None:
        """N2: scheduling keeps an empty card so that the real one is noticed; no topic tells of it."""
        scheduling.tell(activated("dia", "eva", pairing_id="pairing-2"))
        await scheduling.hear()
        assert sorted(await scheduling.documents("cards")) == ["ada", "ben", "cem", "dia", "eva"]
        assert await scheduling.replay() == {"cards": {"equal": 3}}
        assert sorted(await scheduling.documents("cards")) == ["ada", "ben", "cem", "dia", "eva"]

    async def test_from_a_moment_on_only_what_was_told_since_is_judged(self, scheduling: Scene) -> None:
        """N1: older keys are left as they are, wrong ones too."""
        begun = WallClock().now()
        for member in MEMBERS:
            await scheduling.spoil("cards", member, timezone="Mars/Olympus")
        await until(lambda: WallClock().now() - begun > timedelta(milliseconds=5), saying="time has passed")
        since = (begun + timedelta(milliseconds=3)).isoformat()
        scheduling.tell(card("cem", "Asia/Tokyo"))
        await scheduling.hear()
        await scheduling.spoil("cards", "cem", timezone="Mars/Olympus")
        assert (await scheduling.replay(since=since))["cards"] == {"repaired": 1, "stray": 2}
        zones = {name: row["timezone"] for name, row in (await scheduling.documents("cards")).items()}
        assert zones == {"ada": "Mars/Olympus", "ben": "Mars/Olympus", "cem": "Asia/Tokyo"}


class TestTraffic:
    """N2: facts go on coming while it is built."""

    async def test_a_fact_that_has_not_taken_effect_yet_is_waited_for(self, scheduling: Scene) -> None:
        """N2: what is built is never put in place ahead of the consumer, or the fact's effect would be lost."""
        await scheduling.spoil("cards", "ben", timezone="Mars/Olympus")
        scheduling.tell(card("ben", "Asia/Tokyo"), card("dia"))
        replay = await scheduling.start()

        async def busy() -> bool:
            found = (await scheduling.app.client.get(f"/ops/replays/{replay['replay_id']}")).json()
            return bool(found["verdicts"].get("cards", {}).get("busy") == 2)

        await until(busy, within=30, saying="ben and dia are busy")
        assert (await scheduling.documents("cards"))["ben"]["timezone"] == "Mars/Olympus"
        await scheduling.hear()
        assert (await scheduling.ended(replay))["verdicts"] == {"cards": {"equal": 4}}
        assert (await scheduling.documents("cards"))["ben"]["timezone"] == "Asia/Tokyo"

    async def test_what_is_set_aside_has_had_no_effect_and_gets_none(self, scheduling: Scene) -> None:
        """N2: a spoilt document makes its next record a dead letter; repaired to what took effect, the redrive and those behind follow."""
        await scheduling.spoil("cards", "cem", sequence="not a number")
        scheduling.tell(card("cem", "Asia/Tokyo"), card("cem", "Asia/Seoul"))
        await scheduling.hear()
        assert await scheduling.replay() == {"cards": {"equal": 2, "repaired": 1}}
        assert (await scheduling.documents("cards"))["cem"]["timezone"] == "Europe/Berlin"
        (letter,) = (await scheduling.app.client.get("/ops/dead-letters")).json()["items"]
        answer = await scheduling.app.client.post(f"/ops/dead-letters/{letter['event_id']}/redrive")
        assert answer.json() == {"outcome": "redriven", "code": None}
        assert (await scheduling.documents("cards"))["cem"]["timezone"] == "Asia/Tokyo"
        assert await scheduling.replay() == {"cards": {"equal": 3}}

    async def test_what_was_given_up_stays_without_effect(self, scheduling: Scene) -> None:
        """N2: a replay is no way around a discard."""
        scheduling.broker.append(CARDS, b"cem", b"\x00", [])
        scheduling.tell(card("cem", "Asia/Tokyo"))
        await scheduling.hear()
        (letter,) = (await scheduling.app.client.get("/ops/dead-letters")).json()["items"]
        ended = await scheduling.app.client.post(f"/ops/dead-letters/{letter['event_id']}/discard", json={"reason": "a test"})
        assert ended.status_code == 204
        assert await scheduling.replay() == {"cards": {"equal": 3}}
        await scheduling.spoil("cards", "cem", timezone="Mars/Olympus")
        assert await scheduling.replay() == {"cards": {"equal": 2, "repaired": 1}}
        assert (await scheduling.documents("cards"))["cem"]["timezone"] == "Europe/Berlin", "the later card waits in the lane"


class TestLife:
    """N2: a replay outlives whoever works on it."""

    async def test_stopped_and_gone_on_with_it_reads_nothing_twice(self, scheduling: Scene) -> None:
        """N2: the same wish goes on where it was stopped; every step is in the audit."""
        taken: list[int] = []
        read = scheduling.reader.take

        async def slowly(*arguments: Any) -> Any:
            found = await read(*arguments)
            taken.append(len(found[:1]))
            if len(taken) == 3:
                await scheduling.app.client.post(f"/ops/replays/{replay['replay_id']}/stop", json={})
            return found[:1]

        scheduling.reader.take = slowly  # type: ignore[method-assign, assignment]
        replay = await scheduling.start()

        async def stopped() -> bool:
            found = (await scheduling.app.client.get(f"/ops/replays/{replay['replay_id']}")).json()
            return bool(found["state"] == "stopped")

        await until(stopped, within=30, saying="it is stopped")
        again = await scheduling.start()
        assert again["replay_id"] == replay["replay_id"]
        done = await scheduling.ended(again)
        assert [step["action"] for step in done["audit"]] == ["start", "stop", "continue"]
        assert (done["read"], done["verdicts"]) == (4, {"cards": {"equal": 3}})

    async def test_a_process_that_dies_is_followed_by_the_next_one(self) -> None:
        """N2: kill -9 in mid-read: the new process goes on from the last step, once somebody asks it."""
        server, broker = MemoryServer(), MemoryBroker()
        async with scene(NAME, build, SchedulingSettings(), server=server, broker=broker) as first:
            first.tell(*(card(member) for member in MEMBERS), card("ada", "Asia/Tokyo"))
            await first.hear()
            await first.spoil("cards", "ada", timezone="Mars/Olympus")
            read = first.reader.take
            asked: list[int] = []

            async def dying(places: Any, ends: Any, most: int) -> Any:
                asked.append(most)
                return (await read(places, ends, 2)) if len(asked) == 1 else await asyncio.sleep(3_600)

            first.reader.take = dying  # type: ignore[method-assign]
            replay = await first.start()
            await until(lambda: len(asked) == 2, within=30, saying="two records are read, and no more")
        async with scene(NAME, build, SchedulingSettings(), server=server, broker=broker) as second:
            done = await second.ended(replay)
            assert (done["read"], done["verdicts"]) == (4, {"cards": {"equal": 2, "repaired": 1}})

    async def test_one_at_a_time_unless_it_is_discarded(self, scheduling: Scene) -> None:
        """N2: two wishes would build over each other."""
        read = scheduling.reader.take
        scheduling.reader.take = _slowly  # type: ignore[method-assign, assignment]
        replay = await scheduling.start()
        answer = await scheduling.app.client.post("/ops/replays", json={"repair": False})
        assert (answer.status_code, answer.json()["code"]) == (409, "replay-under-way")
        await scheduling.app.client.post(f"/ops/replays/{replay['replay_id']}/stop", json={"discard": True})
        scheduling.reader.take = read  # type: ignore[method-assign]
        assert (await scheduling.ended(replay))["audit"][-1]["action"] == "discard"
        assert await scheduling.beside() == {}
        answer = await scheduling.app.client.post("/ops/replays", json={"repair": False})
        assert answer.status_code == 202

    async def test_a_topic_that_feeds_nothing_is_refused(self, scheduling: Scene) -> None:
        """N1: a misspelt topic must not look like a replay that found nothing wrong."""
        answer = await scheduling.app.client.post("/ops/replays", json={"topics": ["tandem-profile-member"], "repair": True})
        assert (answer.status_code, answer.json()["code"]) == (409, "nothing-to-replay")


async def _slowly(*_: Any) -> Any:
    await asyncio.sleep(0.05)
    raise BrokerAway("a test")
