"""Matching's cards and counts are built anew; rounds and pairings are its own and stay (N1, N2)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from services.matching.application import update_card
from services.matching.main import build
from services.matching.settings import MatchingSettings
from shared.contracts import profile, scheduling, topics
from tests.component.replay.scene import Scene, scene
from tests.support.memory.broker import MemoryBroker

PAIRING = "0b9f9a1e-0000-4000-8000-000000000001"
MEMBERS = ("ada", "ben", "cem")


def card(member_id: str, **changes: object) -> profile.CardUpdated:
    """Return a card that takes part in a programme."""
    example = dict(profile.CardUpdated.EXAMPLE)
    return profile.CardUpdated.model_validate(example | {"member_id": member_id, "manager_chain": ["boss"]} | changes)


def session(name: str) -> scheduling.SessionHeld | scheduling.SessionMissed:
    """Return that a session was held or missed."""
    kind = scheduling.SessionHeld if name == "held" else scheduling.SessionMissed
    return kind.model_validate(dict(kind.EXAMPLE) | {"pairing_id": PAIRING})


@pytest_asyncio.fixture
async def matching() -> AsyncIterator[Scene]:
    """Return matching with three members, one of whom has left, and a pairing's sessions."""
    async with scene("matching", build, MatchingSettings()) as opened:
        for member in MEMBERS:
            opened.tell(profile.MemberJoined(member_id=member), card(member))
        opened.tell(card("ben", offers=[]), profile.MemberLeft(member_id="cem"), card("cem", status="left", enrolments=[]))
        opened.tell(session("held"), session("missed"), session("held"))
        await opened.hear()
        yield opened


async def looked_at(matching: Scene) -> dict[str, dict[str, int]]:
    """Replay everything and return the verdicts where there was something to judge."""
    return {name: counts for name, counts in (await matching.replay()).items() if counts}


class TestReplay:
    """N2: what follows from facts is put right, what matching decides is not touched."""

    async def test_cards_and_counts_are_as_the_facts_say(self, matching: Scene) -> None:
        """N19: a session counts once, however often its fact is read; places and pairings stay."""
        before = await matching.everything()
        sound, mended = {"equal": 3}, {"equal": 2, "repaired": 1}
        assert await looked_at(matching) == {"cards": sound, "pairing_health": {"equal": 1}}
        await matching.spoil("cards", "cem", left_at=None)
        await matching.spoil("pairing_health", PAIRING, held=17)
        assert await looked_at(matching) == {"cards": mended, "pairing_health": {"repaired": 1}}
        assert await matching.everything() == before

    async def test_a_second_copy_on_a_topic_changes_nothing(self, matching: Scene) -> None:
        """N2: a relay that was killed may have sent a fact twice."""
        copy = next(record for record in matching.broker.appended if record.topic == topics.SCHEDULING_SESSION.name)
        assert isinstance(matching.broker, MemoryBroker)
        matching.broker.append(copy.topic, copy.key, copy.value, copy.headers)
        await matching.hear()
        assert (await matching.replay(topics.SCHEDULING_SESSION.name)) == {"pairing_health": {"equal": 1}}
        assert (await matching.documents("pairing_health"))[PAIRING]["held"] == 2

    async def test_a_record_that_cannot_be_handled_leaves_its_key_alone(self, matching: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
        """N2: a handler that fails today, though it once did not, hinders no other key."""
        for member in ("ada", "ben"):
            await matching.spoil("cards", member, sequence=99)
        handle = update_card.update_card

        async def fails(command: update_card.UpdateCard, uow: Any) -> None:
            if command.card.member_id == "ada":
                raise KeyError("a bug")
            await handle(command, uow)

        monkeypatch.setattr(update_card, "update_card", fails)
        verdicts = (await matching.replay(topics.PROFILE_CARD.name))["cards"]
        assert verdicts == {"equal": 1, "failed": 1, "repaired": 1}
