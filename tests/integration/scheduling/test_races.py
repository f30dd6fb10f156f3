"""Two who want the same hour of one person: one gets it, the other the next one, or a clear refusal."""

import asyncio
from collections import Counter
from typing import Any

import pytest
import pytest_asyncio

from shared.persistence.database import Database
from tests.component.scheduling.house import ADA, MONDAY, HandClock, House, activated, card
from tests.component.scheduling.test_http import post

pytestmark = pytest.mark.mongo
PARTNERS = [f"partner-{number}" for number in range(8)]


@pytest_asyncio.fixture
async def replicas(database: Database) -> list[House]:
    """Return three replicas of the service over one database, all members' cards known."""
    houses = [House(database, HandClock(MONDAY), seed=f"replica-{number}") for number in range(3)]
    await houses[0].prepare()
    await houses[0].hears(*(card(each) for each in (ADA, *PARTNERS)))
    return houses


def doubled(sessions: list[dict[str, Any]]) -> list[str]:
    """Return the instants at which somebody has two sessions that are not cancelled."""
    booked = [each for each in sessions if each["state"] not in {"cancelled", "unbooked"}]
    per_start = Counter((member, each["starts_at"]) for each in booked for member in each["members"])
    return [start for (_, start), count in per_start.items() if count > 1]


async def all_sessions(house: House) -> list[dict[str, Any]]:
    """Return Ada's sessions of all pairings."""
    async with house.caller(ADA) as client:
        items: list[dict[str, Any]] = (await client.get("/sessions", params={"limit": 500})).json()["items"]
    return items


class TestRacingActivations:
    """C: no double booking of a person across pairings, also when bookings race."""

    async def test_eight_pairings_of_one_person_at_once(self, replicas: list[House]) -> None:
        """N2: three replicas, eight activations at one instant: eight different hours, eight series, nothing lost."""
        facts = [activated(ADA, partner, pairing_id=f"pairing-{partner}") for partner in PARTNERS]
        await asyncio.gather(*(replicas[number % 3].hears(fact) for number, fact in enumerate(facts)))
        sessions = await all_sessions(replicas[0])
        assert len(sessions) == 8 * 5
        assert {each["state"] for each in sessions} == {"booked"}
        assert doubled(sessions) == []
        firsts = sorted(each["starts_at"][:16] for each in sessions if each["kind"] == "first")
        assert firsts == [f"2027-03-02T{hour:02}:00" for hour in range(8, 16)]

    async def test_diaries_say_the_same_as_the_sessions(self, replicas: list[House], database: Database) -> None:
        """N2: every quarter hour of every session is one entry per member, written in the same transaction, and no other is there."""
        facts = [activated(ADA, partner, pairing_id=f"pairing-{partner}") for partner in PARTNERS[:4]]
        await asyncio.gather(*(replicas[number % 3].hears(fact) for number, fact in enumerate(facts)))
        entries = await database.collection("diaries").find({})
        per_session = Counter(each["session_id"] for each in entries)
        assert per_session == {each["session_id"]: 2 * 4 for each in await all_sessions(replicas[0])}


class TestRacingMembers:
    """C: two bookings for one person at once over HTTP."""

    async def test_two_pairings_book_the_same_hour(self, replicas: list[House]) -> None:
        """C: one gets it, the other hears that the time is not free."""
        for partner in PARTNERS[:2]:
            await replicas[0].hears(activated(ADA, partner, pairing_id=f"pairing-{partner}"))
        body = {"kind": "ad_hoc", "starts_at": "2027-03-04T13:00:00Z"}
        answers = await asyncio.gather(
            *(post(replicas[n], PARTNERS[n], f"/pairings/pairing-{PARTNERS[n]}/sessions", body) for n in range(2))
        )
        assert sorted(each.status_code for each in answers) == [201, 409]
        assert next(each for each in answers if each.status_code == 409).json()["code"] == "time-not-free"
        assert doubled(await all_sessions(replicas[2])) == []

    async def test_two_pairings_accept_the_same_hour(self, replicas: list[House]) -> None:
        """C: both proposals were possible when they were made; only one can come true, the other session keeps its time."""
        paths = []
        for partner in PARTNERS[:2]:
            await replicas[0].hears(activated(ADA, partner, pairing_id=f"pairing-{partner}"))
            path = f"/pairings/pairing-{partner}/sessions"
            first = (await replicas[0].sessions(partner, f"pairing-{partner}"))[0]
            paths.append(f"{path}/{first['session_id']}")
            await post(replicas[0], partner, f"{paths[-1]}/propose", {"starts_at": "2027-03-04T13:00:00Z"})
        answers = await asyncio.gather(*(post(replicas[n], ADA, f"{paths[n]}/accept") for n in range(2)))
        assert sorted(each.status_code for each in answers) == [200, 409]
        assert doubled(await all_sessions(replicas[2])) == []

    async def test_ten_ask_for_the_earliest_slot_at_once(self, replicas: list[House]) -> None:
        """C: whoever loses the race looks for the next slot and finds it: ten sessions, ten different hours."""
        partner = PARTNERS[0]
        await replicas[0].hears(activated(ADA, partner, pairing_id="pairing-x"))
        path = "/pairings/pairing-x/sessions"
        answers = await asyncio.gather(*(post(replicas[n % 3], ADA, path, {"kind": "ad_hoc"}) for n in range(10)))
        assert [each.status_code for each in answers] == [201] * 10
        assert len({each.json()["starts_at"] for each in answers}) == 10
        assert doubled(await all_sessions(replicas[0])) == []

    async def test_both_mark_at_once(self, replicas: list[House]) -> None:
        """N19: one says held, one says missed, at the same moment: one word counts, the other is refused."""
        partner = PARTNERS[0]
        await replicas[0].hears(activated(ADA, partner, pairing_id="pairing-x"))
        first = (await replicas[0].sessions(ADA, "pairing-x"))[0]
        for house in replicas:
            house.clock.moment = MONDAY.replace(day=2, hour=9)
        path = f"/pairings/pairing-x/sessions/{first['session_id']}"
        answers = await asyncio.gather(post(replicas[0], ADA, f"{path}/held"), post(replicas[1], partner, f"{path}/missed"))
        assert sorted(each.status_code for each in answers) == [200, 409]
        told = await replicas[2].told("pairing-x")
        assert len([each for each in told if each.name in {"held", "missed"}]) == 1
