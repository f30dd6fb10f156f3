"""Programmes of kind mentor and circle run a whole round through the service (R43, R44)."""

from typing import Any

import pytest

from shared.contracts import profile
from tests.component.matching.house import ADA, BEN, CAT, DAN, House, card, skilled
from tests.component.matching.test_rounds import ADMIN, carried_on, published, solved


async def proposed(house: House) -> list[dict[str, Any]]:
    """Run a round to its end and return what was proposed."""
    await published(house)
    return [dict(fact.data) for fact in await house.told() if fact.name == "pairing.proposed"]


async def seen(house: House, member: str) -> list[dict[str, Any]]:
    """Return a member's own pairings."""
    found: list[dict[str, Any]] = (await house.does(member, "GET", "/pairings"))["items"]
    return found


class TestMentor:
    """R43: one direction; one person may be mentor of one and mentee of another."""

    async def chain(self, house: House) -> None:
        """Have cat, who wants to learn from ben, who wants to learn from ada; each has one seat."""
        await house.opens(
            skilled(ADA, "strategy", "", level=6, years=20),
            skilled(BEN, "python", "strategy", level=4, years=8),
            skilled(CAT, "", "python", level=2, years=2),
            kind="mentor",
        )

    async def test_everybody_is_helped_by_somebody_ahead(self, house: House) -> None:
        """R43: two pairings; ben sits in both, once in each role, and sees which."""
        await self.chain(house)
        told = await proposed(house)
        assert sorted(fact["members"] for fact in told) == [[ADA, BEN], [BEN, CAT]]
        assert sorted(fact["mentee_id"] for fact in told) == [BEN, CAT] == sorted(each["mentee_id"] for each in await seen(house, BEN))

    async def test_the_mentor_gives_and_the_mentee_gets(self, house: House) -> None:
        """R17: the explanation tells the direction."""
        await self.chain(house)
        await proposed(house)
        (pairing,) = await seen(house, CAT)
        mine = await house.does(CAT, "GET", f"/pairings/{pairing['pairing_id']}/explanation")
        yours = await house.does(BEN, "GET", f"/pairings/{pairing['pairing_id']}/explanation")
        assert [item["code"] for item in mine["you_get"]] == ["python"] == [item["code"] for item in yours["you_give"]]
        assert mine["you_give"] == [] == yours["you_get"]

    async def test_a_second_round_gives_nobody_a_second_mentor(self, house: House) -> None:
        """C: seats of both roles stay held by what was proposed."""
        await self.chain(house)
        first = await proposed(house)
        await house.hears(skilled(DAN, "strategy python", "", level=5, years=15))
        assert len(await proposed(house)) == len(first)

    async def test_one_may_ask_for_a_mentor_and_still_be_one(self, house: House) -> None:
        """R43: who asks is the mentee and holds a mentee's seat; the seat for mentees stays free."""
        await self.chain(house)
        asked = await house.asks(BEN, ADA, intent="seek")
        assert asked["mentee_id"] == BEN
        await house.does(ADA, "POST", f"/pairings/{asked['pairing_id']}/accept")
        offered = await house.asks(BEN, CAT, "approached", intent="offer")
        assert offered["mentee_id"] == CAT


class TestCircle:
    """R44: three to six around a shared challenge; the challenge itself is never told (R9)."""

    @pytest.mark.parametrize("size", [3, 5])
    async def test_those_who_share_a_challenge_sit_together(self, house: House, size: int) -> None:
        """R44, N4: one circle, and a true reason for whoever shares no challenge."""
        crowd = [about(f"m{number}", "delegating") for number in range(size)]
        await house.opens(*crowd, about("zoe", "politics"), kind="circle")
        (fact,) = await proposed(house)
        assert fact["members"] == [each.member_id for each in crowd]
        left = [fact.data for fact in await house.told() if fact.name == "round.member-unmatched"]
        assert [(fact["member_id"], fact["reason"]) for fact in left] == [("zoe", "no-shared-challenge")]
        (pairing,) = await seen(house, "m0")
        told = await house.calls("m0", "GET", f"/pairings/{pairing['pairing_id']}/explanation")
        assert "delegating" not in told.text

    async def test_a_circle_that_lost_one_is_still_proposed(self, house: House) -> None:
        """C: whoever left between solving and publication is missing, the others meet."""
        await house.opens(*(about(f"m{number}", "delegating") for number in range(4)), kind="circle")
        round_id = await solved(house)
        await house.hears(profile.MemberLeft(member_id="m3"))
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        (fact,) = [fact for fact in await house.told() if fact.name == "pairing.proposed"]
        assert fact.data["members"] == ["m0", "m1", "m2"]


def about(member_id: str, challenge: str) -> profile.CardUpdated:
    """Return the card of somebody with a challenge."""
    return card(member_id, challenges=[challenge], languages=["en"])
