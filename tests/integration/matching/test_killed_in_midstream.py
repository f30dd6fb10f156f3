"""The real process over real servers: races over HTTP, kill -9 in mid-round, timers across a restart (N2)."""

import asyncio

import pytest

from shared.contracts import profile
from tests.component.matching.house import PROGRAMME, card, charter, skilled
from tests.integration.matching.outside import ADMIN, Outside, gaps
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow]
SKILLS = ("python", "sql", "design", "writing", "law", "sales", "go", "finance")


def crowd(count: int) -> list[profile.CardUpdated]:
    """Return members of whom each offers what others want."""
    return [
        skilled(f"m{n:03}", f"{SKILLS[n % 8]} {SKILLS[(n + 3) % 8]}", f"{SKILLS[(n + 1) % 8]} {SKILLS[(n + 5) % 8]}", level=n % 4)
        for n in range(count)
    ]


async def reaches(outside: Outside, round_id: str, state: str) -> None:
    """Wait until a round has come so far."""

    async def there() -> bool:
        shown = await outside.does(ADMIN, "GET", f"/rounds/{round_id}")
        assert shown["state"] != "cancelled", shown
        return bool(shown["state"] == state)

    await until(there, within=150, saying=f"the round is {state}", every=0.3)


class TestOverHttp:
    """C, N3: the real service, called as members call it."""

    async def test_of_twenty_racing_accepts_one_wins(self, outside: Outside) -> None:
        """C: one free seat, twenty accepts at once: nineteen clear refusals, one formed pairing on the topic."""
        others = [f"other-{number}" for number in range(20)]
        await outside.does(ADMIN, "PUT", f"/programmes/{PROGRAMME}", {"proposal_lifetime": "P90D"})
        await outside.says(*(card(each) for each in ("ada", *others)))
        await outside.knows("ada", *others)
        body = {"programme_id": PROGRAMME, "partner_id": "ada", "origin": "asked"}
        asked = [(await outside.does(other, "POST", "/pairings", body))["pairing_id"] for other in others]
        answers = await asyncio.gather(*(outside.call("ada", "POST", f"/pairings/{each}/accept") for each in asked))
        assert sorted(answer.status_code for answer in answers) == [200, *[409] * 19]
        assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"no-free-seat"}
        facts = await outside.facts(until_seen="pairing.formed")
        assert [fact.name for fact in facts].count("pairing.formed") == 1
        assert gaps(facts) == {}

    async def test_a_leaver_closes_kindly(self, outside: Outside) -> None:
        """N3: from the member's fact to the closed pairing, over the broker; the partner's seat is free again."""
        await outside.does(ADMIN, "PUT", f"/programmes/{PROGRAMME}", {"proposal_lifetime": "P90D"})
        await outside.says(card("ada"), card("ben"), card("cat"))
        await outside.knows("ada", "ben", "cat")
        body = {"programme_id": PROGRAMME, "partner_id": "ben", "origin": "natural"}
        pairing = (await outside.does("ada", "POST", "/pairings", body))["pairing_id"]
        await outside.does("ben", "POST", f"/pairings/{pairing}/accept")
        written = await outside.does("ben", "PUT", f"/pairings/{pairing}/charter", charter("ada", "ben"), If_Match="*")
        for member in ("ada", "ben"):
            await outside.does(member, "POST", f"/pairings/{pairing}/charter/sign", {"digest": written["digest"]})
        await outside.says(profile.MemberLeft(member_id="ada"))
        facts = await outside.facts(until_seen="pairing.closed")
        assert facts[-1].data == {"pairing_id": pairing, "members": ["ada", "ben"], "reason": "member-left"}
        assert (await outside.does("ben", "POST", "/pairings", body | {"partner_id": "cat"}))["state"] == "proposed"

    async def test_a_proposal_expires_across_a_restart(self, outside: Outside) -> None:
        """Architecture 6, 7: the timer is durable; it fires though the process that set it was killed."""
        await outside.does(ADMIN, "PUT", f"/programmes/{PROGRAMME}", {"proposal_lifetime": "PT12H"})  # twelve seconds here
        await outside.says(card("ada"), card("ben"))
        await outside.knows("ada", "ben")
        body = {"programme_id": PROGRAMME, "partner_id": "ben", "origin": "asked"}
        pairing = (await outside.does("ada", "POST", "/pairings", body))["pairing_id"]
        await outside.kill()
        facts = await outside.facts(until_seen="pairing.expired")
        assert [fact.name for fact in facts] == ["pairing.proposed", "pairing.accepted", "pairing.expired"]
        late = await outside.call("ben", "POST", f"/pairings/{pairing}/accept")
        assert late.json()["code"] == "proposal-expired"


class TestRoundKilled:
    """N2, N7: a round goes on where it was killed."""

    async def test_solved_and_published_once(self, outside: Outside) -> None:
        """N7: killed while it solves and again while it publishes: every member is in one proposal or has one reason, no fact twice."""
        await outside.does(ADMIN, "PUT", f"/programmes/{PROGRAMME}", {"proposal_lifetime": "P90D"})
        members = crowd(150)
        await outside.says(*members)
        await outside.knows(*(each.member_id for each in members))
        round_id = (await outside.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds", {"seed": 5}))["round_id"]
        await outside.facts(until_seen="round.opened")
        await outside.kill()
        await reaches(outside, round_id, "solved")
        await outside.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await outside.facts(until_seen="pairing.proposed")
        await outside.kill()
        await reaches(outside, round_id, "published")
        facts = await outside.facts(until_seen="round.published")
        shown = await outside.does(ADMIN, "GET", f"/rounds/{round_id}")
        facts = await outside.facts(until_seen="pairing.proposed", count=shown["counts"]["proposals"])
        proposed = [member for fact in facts if fact.name == "pairing.proposed" for member in fact.data["members"]]
        unmatched = [fact.data["member_id"] for fact in facts if fact.name == "round.member-unmatched"]
        assert sorted(proposed + unmatched) == sorted(each.member_id for each in members)
        assert gaps(facts) == {}
        assert [fact.name for fact in facts if fact.key == round_id and "unmatched" not in fact.name] == [
            "round.opened",
            "round.frozen",
            "round.solved",
            "round.published",
        ]
