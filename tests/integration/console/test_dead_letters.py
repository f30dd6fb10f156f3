"""`tandem dead-letters` as an operator uses it: a real service, a poison on its topic, the command as a process (N2)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from deploy.local.server import Server
from shared.contracts import profile, topics
from tests.component.scheduling.house import card
from tests.support.beside import Beside, beside
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow]
NEXT_MAJOR = "tandem.profile.card.updated.v2"
HIDDEN = "[redacted]"


@pytest_asyncio.fixture
async def scheduling(kafka_server: Server, mongo_server: Server, fresh_name: str, tmp_path: Path) -> AsyncIterator[Beside]:
    """Run scheduling."""
    async with beside("scheduling", kafka=kafka_server, mongo=mongo_server, name=fresh_name, folder=tmp_path) as running:
        yield running


async def zone_of(scheduling: Beside, member_id: str) -> str | None:
    """Return what scheduling believes of a member's time zone."""
    found = await scheduling.database.collection("cards").find_one({"_id": member_id})
    return None if found is None else found["timezone"]


async def becomes(scheduling: Beside, member_id: str, zone: str) -> None:
    """Wait until scheduling knows this zone."""

    async def known() -> bool:
        return await zone_of(scheduling, member_id) == zone

    await until(known, within=60, saying=f"{member_id} is in {zone}")


async def listed(scheduling: Beside, count: int, *more: str) -> list[dict[str, Any]]:
    """Wait for so many dead letters, as the command lists them."""

    async def enough() -> list[dict[str, Any]]:
        code, found = await scheduling.tandem("dead-letters", "list", "--service", "scheduling", *more)
        assert code == 0, found
        return found if len(found) >= count else []

    return await until(enough, within=60, saying=f"{count} dead letters are listed", every=0.5)


async def lanes(scheduling: Beside) -> int:
    """Return how many keys are held."""
    return await scheduling.database.collection("lanes").count({})


class TestDeadLetters:
    """N2: a message that fails on its own, until somebody ends it. One story, because each start costs seconds."""

    async def test_from_the_poison_to_the_last_held_event(self, scheduling: Beside) -> None:
        """List by cause, show redacted, redrive one and all of a cause, discard with a reason; who did what is kept."""
        await self._set_aside(scheduling)
        await self._shown(scheduling)
        await self._redriven(scheduling)
        await self._all_of_a_cause(scheduling)
        await self._discarded(scheduling)
        await self._only_operators(scheduling)

    async def _set_aside(self, scheduling: Beside) -> None:
        """Send a bug (a document that nobody can compare with), a next major version, and a record without any header."""
        broken = {"_id": "ada", "sequence": "not a number", "active": True, "timezone": "UTC", "working_hours": [], "away_until": None}
        await scheduling.database.collection("cards").insert_many([broken | {"_id": name} for name in ("ada", "ben", "cem")])
        for name in ("ada", "ben", "cem"):
            await scheduling.says(card(name, "Europe/Berlin"), event_id=f"{name}-1", sequence=1)
        await scheduling.says(card("ada", "Asia/Tokyo"), event_id="ada-2", sequence=2)
        await scheduling.says(card("dia"), event_id="dia-1", sequence=1, type_=NEXT_MAJOR)
        await scheduling.puts(topics.PROFILE_CARD, "eva", b"\x00\xff", [])
        await scheduling.says(card("eva", "Asia/Tokyo"), event_id="eva-2", sequence=2)
        await scheduling.says(card("fay", "Asia/Tokyo"), event_id="fay-1", sequence=1)
        await becomes(scheduling, "fay", "Asia/Tokyo")
        found = {one["event_id"]: one for one in await listed(scheduling, 5)}
        assert {name: one["code"] for name, one in found.items() if name.count("/") == 0} == {
            **dict.fromkeys(("ada-1", "ben-1", "cem-1"), "bug:TypeError"),
            "dia-1": "unknown-major",
        }

        async def behind() -> bool:
            held = {one["event_id"]: one["held"] for one in await listed(scheduling, 5)}
            return bool(held.pop("ada-1") == 1 and sum(held.values()) == 1)

        await until(behind, within=30, saying="the later cards of ada and eva wait", every=0.5)
        assert [one["event_id"] for one in await listed(scheduling, 1, "--code", "unknown-major")] == ["dia-1"]

    async def _shown(self, scheduling: Beside) -> None:
        """Names of headers and the size; what it said only on demand, redacted, and the look is audited."""
        code, shown = await scheduling.tandem("dead-letters", "show", "scheduling", "ada-1")
        assert (code, shown["attempts"], shown["held"], "data" in shown) == (0, 5, 1, False)
        code, shown = await scheduling.tandem("dead-letters", "show", "scheduling", "ada-1", "--payload")
        assert (code, shown["data"]["member_id"], shown["data"]["timezone"]) == (0, "ada", "Europe/Berlin")
        assert [step["action"] for step in shown["audit"]] == ["read"]
        code, shown = await scheduling.tandem("dead-letters", "show", "scheduling", "dia-1", "--payload")
        assert (code, shown["data"]) == (0, None), "no contract says what a v2 means"
        code, complaint = await scheduling.tandem("dead-letters", "show", "scheduling", "nobody")
        assert (code, "not-found" in complaint) == (1, True)

    async def _redriven(self, scheduling: Beside) -> None:
        """See it fail again while the cause lasts; afterwards it and what waited behind it take effect in order."""
        code, complaint = await scheduling.tandem("dead-letters", "redrive", "scheduling", "ada-1")
        assert (code, "bug:TypeError" in complaint) == (1, True)
        await scheduling.database.collection("cards").delete_many({"sequence": "not a number"})
        code, found = await scheduling.tandem("dead-letters", "redrive", "scheduling", "ada-1")
        assert (code, found) == (0, {"outcome": "redriven", "code": None})
        await becomes(scheduling, "ada", "Asia/Tokyo")
        code, shown = await scheduling.tandem("dead-letters", "show", "scheduling", "ada-1")
        assert [(step["action"], step["outcome"]) for step in shown["audit"]] == [
            ("read", "shown"),
            ("redrive", "bug:TypeError"),
            ("redrive", "redriven"),
        ]

    async def _all_of_a_cause(self, scheduling: Beside) -> None:
        """Exit code 3 says that some failed again."""
        code, found = await scheduling.tandem("dead-letters", "redrive", "scheduling", "--all", "--code", "bug:TypeError")
        assert (code, sorted(found["redriven"]), found["failed"]) == (0, ["ben-1", "cem-1"], {})
        assert (await zone_of(scheduling, "ben"), await zone_of(scheduling, "cem")) == ("Europe/Berlin", "Europe/Berlin")
        code, found = await scheduling.tandem("dead-letters", "redrive", "scheduling", "--all")
        assert (code, found["redriven"], found["failed"]["dia-1"]) == (3, [], "unknown-major")

    async def _discarded(self, scheduling: Beside) -> None:
        """Name what nobody could read by its place on the topic; its key goes on."""
        (unreadable,) = await listed(scheduling, 1, "--code", "unreadable-envelope")
        for letter, reason in ((unreadable["event_id"], "bytes of nobody"), ("dia-1", "a test of the next version")):
            code, found = await scheduling.tandem("dead-letters", "discard", "scheduling", letter, "--reason", reason)
            assert (code, found) == (0, {"event_id": letter, "outcome": "discarded"})
        await becomes(scheduling, "eva", "Asia/Tokyo")

        async def free() -> bool:
            return await lanes(scheduling) == 0

        await until(free, within=30, saying="no key is held any more")
        code, shown = await scheduling.tandem("dead-letters", "show", "scheduling", unreadable["event_id"])
        assert (shown["state"], shown["audit"][-1]["reason"], shown["headers"]) == ("discarded", "bytes of nobody", [])
        code, complaint = await scheduling.tandem("dead-letters", "discard", "scheduling", "dia-1", "--reason", "again")
        assert (code, "dead-letter-closed" in complaint) == (1, True)
        assert len(await listed(scheduling, 2, "--state", "discarded")) == 2

    async def _only_operators(self, scheduling: Beside) -> None:
        """Nobody else sees anything of it."""
        code, complaint = await scheduling.tandem("dead-letters", "show", "scheduling", "ada-1", "--payload", role="hr_admin")
        assert (code, "not-allowed" in complaint) == (1, True)
        assert profile.CardUpdated.TOPIC.name not in complaint
