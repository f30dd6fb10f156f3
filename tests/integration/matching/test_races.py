"""Replicas over one real database: what races for the same seat, the same two people, the same round."""

import asyncio

import pytest
import pytest_asyncio

from shared.contracts import profile
from shared.http.principals import Role
from shared.persistence.database import Database
from tests.component.matching.house import ADA, BEN, MONDAY, PROGRAMME, HandClock, House, card
from tests.support.principals import caller

pytestmark = pytest.mark.mongo
OTHERS = [f"m{number:02}" for number in range(12)]


@pytest_asyncio.fixture
async def replicas(database: Database) -> list[House]:
    """Return three replicas of the service over one database."""
    houses = [House(database, HandClock(MONDAY), seed=f"replica-{number}") for number in range(3)]
    await houses[0].prepare()
    return houses


class TestRaces:
    """C and N2: whatever happens at one instant, the rules hold."""

    async def test_both_ask_each_other_at_once(self, replicas: list[House]) -> None:
        """C: the same two are proposed once."""
        await replicas[0].opens(card(ADA, capacity=3), card(BEN, capacity=3))
        bodies = [(who, {"programme_id": PROGRAMME, "partner_id": whom, "origin": "asked"}) for who, whom in ((ADA, BEN), (BEN, ADA))] * 3
        answers = await asyncio.gather(*(replicas[n % 3].calls(who, "POST", "/pairings", body) for n, (who, body) in enumerate(bodies)))
        assert sorted(answer.status_code for answer in answers) == [201, *[409] * 5]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"already-paired"}

    async def test_a_leaver_and_their_suitors(self, replicas: list[House]) -> None:
        """N3: however a leave interleaves with requests, no pairing of a leaver stays open."""
        await replicas[0].opens(card(ADA, capacity=20), *OTHERS)
        asking = [
            replicas[n % 3].calls(other, "POST", "/pairings", {"programme_id": PROGRAMME, "partner_id": ADA, "origin": "asked"})
            for n, other in enumerate(OTHERS)
        ]
        await asyncio.gather(*asking[:6], replicas[2].hears(profile.MemberLeft(member_id=ADA)), *asking[6:])
        states = [each["state"] for each in (await replicas[0].does(ADA, "GET", "/pairings"))["items"]]
        assert set(states) <= {"closed"}

    async def test_a_new_manager_and_their_suitors(self, replicas: list[House]) -> None:
        """R5: however a new chain interleaves with requests, nobody stays paired within their line."""
        await replicas[0].opens(card(ADA, capacity=20), *OTHERS)
        asking = [
            replicas[n % 3].calls(other, "POST", "/pairings", {"programme_id": PROGRAMME, "partner_id": ADA, "origin": "asked"})
            for n, other in enumerate(OTHERS)
        ]
        await asyncio.gather(*asking[:6], replicas[0].hears(card(ADA, capacity=20, manager_chain=OTHERS)), *asking[6:])
        states = [each["state"] for each in (await replicas[0].does(ADA, "GET", "/pairings"))["items"]]
        assert set(states) <= {"closed"}

    async def test_the_last_two_signatures_at_once(self, replicas: list[House]) -> None:
        """N8: the pairing is activated once."""
        await replicas[0].opens(ADA, BEN)
        pairing = await replicas[0].forms()
        body = {
            "purpose": "x",
            "goals": [{"member_id": each, "text": "y"} for each in (ADA, BEN)],
            "cadence": {"rrule": "FREQ=WEEKLY", "timezone": "UTC"},
        }
        digest = (await replicas[0].does(ADA, "PUT", f"/pairings/{pairing}/charter", body, If_Match="*"))["digest"]
        await asyncio.gather(
            *(replicas[n].does(who, "POST", f"/pairings/{pairing}/charter/sign", {"digest": digest}) for n, who in enumerate((ADA, BEN)))
        )
        facts = await replicas[0].told(pairing)
        assert [fact.version for fact in facts] == list(range(1, len(facts) + 1))
        assert [fact.name for fact in facts].count("pairing.activated") == 1

    async def test_two_admins_open_a_round_at_once(self, replicas: list[House]) -> None:
        """C: one running round per programme."""
        await replicas[0].opens(ADA)
        admin = caller(Role.HR_ADMIN)
        answers = await asyncio.gather(*(house.calls(admin, "POST", f"/programmes/{PROGRAMME}/rounds") for house in replicas))
        assert sorted(answer.status_code for answer in answers) == [202, 409, 409]
