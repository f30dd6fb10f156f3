"""Merging skills over a real database: two processes see one list, an interrupted merge goes on (R6, N2)."""

import asyncio

import pytest

from shared.persistence.database import Database
from tests.integration.profile.conftest import OpenProfile

pytestmark = [pytest.mark.mongo, pytest.mark.slow]
PEOPLE = 450


def company() -> str:
    """Return people of whom each offers the one spelling or the other."""
    people = (f"E-{n},p{n}@corp.example,{'Mathlab' if n % 3 else 'MATLAB;mathlab'}" for n in range(PEOPLE))
    return "member_id,email,offers\n" + "\n".join(people) + "\n"


async def codes(database: Database) -> dict[str, int]:
    """Return how many members offer each code."""
    counted: dict[str, int] = {}
    for found in await database.collection("members").find({}, projection={"body.offers": 1}):
        for offer in found["body"]["offers"]:
            counted[offer["tag"]["code"]] = counted.get(offer["tag"]["code"], 0) + 1
    return counted


class TestMerging:
    """R6: HR decides once; everybody has the one code afterwards, once."""

    async def test_two_replicas_that_merge_at_once_agree(self, open_profile: OpenProfile, database: Database) -> None:
        """N2: each member is changed once; the other process knows the new list at its next word."""
        async with open_profile() as here, open_profile("profile-1") as there:
            await here.imported(company())
            assert await codes(database) == {"mathlab": PEOPLE, "matlab": PEOPLE // 3}
            asked = [each.call("POST", "/skills/list/mathlab/merge", {"into": "matlab"}) for each in (here, there)]
            answers = [answer.json() for answer in await asyncio.gather(*asked)]
            assert sorted(answer["changed"] for answer in answers) == [False, True]
            assert await codes(database) == {"matlab": PEOPLE}
            told = await database.collection("outbox").find({"topic": "tandem-profile-card"}, projection={"key": 1, "version": 1})
            assert len(told) == len({(row["key"], row["version"]) for row in told}) == 2 * PEOPLE
            for each in (here, there):
                (matlab,) = [skill for skill in (await each.call("GET", "/skills/list")).json()["skills"] if skill["code"] == "matlab"]
                assert "mathlab" in matlab["also"]
