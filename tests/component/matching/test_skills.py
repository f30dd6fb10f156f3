"""Matching follows the company's hierarchy of skills, and looks at a rule set before any round (R6, N5, N7)."""

import json

from shared.contracts import profile
from shared.http.principals import Role
from tests.component.matching.house import ADA, BEN, PROGRAMME, House, skilled
from tests.component.matching.test_rounds import ADMIN, carried_on, proposals, solved
from tests.support.principals import caller, member

TREE = {"data": None, "systems": "data", "storage": "systems", "databases": "systems"}
NEAR = (skilled(ADA, "storage", "negotiation"), skilled(BEN, "negotiation", "databases"))


def skill_list(**skills: str | None) -> profile.SkillListPublished:
    """Return the list as profile publishes it."""
    return profile.SkillListPublished(list_id="company", skills=skills)


async def explained(house: House, pairing_id: str) -> dict[str, list[dict[str, str]]]:
    """Return Ben's four lists."""
    lists: dict[str, list[dict[str, str]]] = await house.does(BEN, "GET", f"/pairings/{pairing_id}/explanation")
    return lists


class TestRelatedSkills:
    """R6: who offers something near what I want can help in part."""

    async def test_a_round_pairs_by_a_related_skill_and_says_so(self, house: House) -> None:
        """R17, N6: the evidence names what is really offered, as related."""
        await house.hears(skill_list(**TREE))
        await house.opens(*NEAR, rules={"objective": {"both_must_gain": True}})
        round_id = await solved(house)
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        assert await proposals(house) == [[ADA, BEN]]
        (told,) = [fact for fact in await house.told() if fact.name == "pairing.proposed"]
        lists = await explained(house, told.key)
        assert {"kind": "related", "code": "storage"} in lists["you_get"]
        assert {"kind": "skill", "code": "negotiation"} in lists["you_give"]

    async def test_without_the_hierarchy_they_have_nothing_for_each_other(self, house: House) -> None:
        """R6: the same two, before the list was told: only one side would gain, and the programme wants both to."""
        await house.opens(*NEAR, rules={"objective": {"both_must_gain": True}})
        round_id = await solved(house)
        assert (await house.does(ADMIN, "GET", f"/rounds/{round_id}"))["counts"]["pairs"] == 0

    async def test_a_list_that_changes_later_changes_no_running_round(self, house: House) -> None:
        """N7: the hierarchy is part of what is frozen, and of its hash."""
        await house.hears(skill_list(**TREE))
        await house.opens(*NEAR)
        round_id = await solved(house)
        before = await house.library.skills(round_id)
        await house.hears(skill_list(other=None))
        assert (await house.library.skills(round_id)).broader == before.broader == TREE
        hashes = set()
        for _ in range(2):
            await house.does(ADMIN, "POST", f"/rounds/{round_id}/cancel")
            round_id = await solved(house)
            hashes.add((await house.does(ADMIN, "GET", f"/rounds/{round_id}"))["snapshot_hash"])
            await house.hears(skill_list(**TREE))
        assert len(hashes) == 2

    async def test_rules_that_name_unknown_skills_are_refused(self, house: House) -> None:
        """N7: which entry, which code, and what is written much like it."""
        await house.hears(skill_list(**TREE))
        admin = caller(Role.HR_ADMIN)
        answer = await house.calls(admin, "PUT", f"/programmes/{PROGRAMME}", {"rules": {"related": [["databses", "storage"]]}})
        assert (answer.status_code, answer.json()["code"]) == (422, "rules-invalid")
        assert answer.json()["facts"]["problems"] == [
            "related[0]: databses is not on the company's list of skills; did you mean databases?"
        ]
        assert (await house.calls(admin, "PUT", f"/programmes/{PROGRAMME}", {"rules": {"related": [["data", "storage"]]}})).is_success


class TestPreview:
    """N7, R13: aggregates before any round; the worker's process computes them."""

    async def test_shows_what_other_rules_would_do_and_writes_nothing(self, house: House) -> None:
        """N5: sameness, gains and gates of the people who are enrolled; the rules in force stay."""
        people = [skilled(f"a{n}", "sql", "design", level=1) for n in range(6)] + [
            skilled(f"b{n}", "design", "sql", level=4) for n in range(6)
        ]
        await house.opens(*people)
        before = await house.told(), await house.does(ADMIN, "GET", f"/programmes/{PROGRAMME}")
        told = await house.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/preview", {"rules": {"gates": {"maximum_level_gap": 2}}})
        assert told["people"]["in_pool"] == 12
        assert told["gates"]["by_gate"] == [
            {"gate": "level-gap", "share_of_pairs": 1.0, "people_who_lose_somebody": 12, "people_cut_off": 12}
        ]
        assert (await house.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/preview"))["gates"]["by_gate"] == []
        assert (await house.told(), await house.does(ADMIN, "GET", f"/programmes/{PROGRAMME}")) == before
        assert not any(f'"{each.member_id}"' in json.dumps(told) for each in people)

    async def test_a_handful_of_people_is_not_previewed(self, house: House) -> None:
        """R13: aggregates of two people would point at them."""
        await house.opens(*NEAR)
        answer = await house.calls(ADMIN, "POST", f"/programmes/{PROGRAMME}/preview")
        assert (answer.status_code, answer.json()["code"]) == (409, "too-few-to-preview")

    async def test_only_the_programmes_admin_may_look(self, house: House) -> None:
        """Identity: another programme's admin, an auditor and members may not."""
        await house.opens(*NEAR)
        others = (caller(Role.PROGRAMME_ADMIN, programmes=("other",)), caller(Role.AUDITOR), member(ADA))
        for who in others:
            assert (await house.calls(who, "POST", f"/programmes/{PROGRAMME}/preview")).status_code == 403
