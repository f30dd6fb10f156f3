"""N4, N7: between solved and published a round is looked at, corrected, compared, solved again; nobody hears of it."""

import json
from datetime import timedelta
from random import Random
from typing import Any

import pytest

from shared.contracts import profile
from shared.http.principals import Role
from shared.persistence.database import Database
from tests.component.matching.house import MONDAY, PROGRAMME, House, card, skilled
from tests.component.matching.test_rounds import ADMIN, carried_on, proposals, reasons, solved
from tests.support.principals import caller

SKILLS = ("python", "sql", "design", "law", "sales", "go", "finance", "writing")
OTHER_RULES = {"gates": {"maximum_level_gap": 1}, "objective": {"trios": False}}


def crowd(count: int = 20) -> list[profile.CardUpdated]:
    """Return people who offer and want by a fixed draw, of several levels, so that rules matter."""
    draw = Random(3)
    return [
        skilled(
            f"m{n:02}",
            " ".join(draw.sample(SKILLS, 3)),
            " ".join(draw.sample(SKILLS, 2)),
            level=n % 5,
            department=f"d{n % 3}",
            goals=draw.sample(("lead", "build", "teach"), 1),
            challenges=["new-in-role"],
        )
        for n in range(count)
    ]


async def in_review(house: House, count: int = 20) -> str:
    """Have a solved round that waits for its admins."""
    await house.opens(*crowd(count))
    return await solved(house)


async def groups(house: House, round_id: str) -> list[tuple[str, ...]]:
    """Return the groups of the draft at hand."""
    found: list[tuple[str, ...]] = []
    piece: int | None = 0
    while piece is not None:
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}/review?piece={piece}")
        found += [tuple(group["members"]) for group in shown["groups"]]
        piece = shown["next"]
    return found


async def wishes(house: House, round_id: str, **said: Any) -> Any:
    """Say what the next draft must keep or not have."""
    return await house.does(ADMIN, "POST", f"/rounds/{round_id}/review", said)


async def again(house: House, round_id: str, **said: Any) -> dict[str, Any]:
    """Have the next draft solved and return the round."""
    await house.does(ADMIN, "POST", f"/rounds/{round_id}/solve", said)
    await carried_on(house)
    shown: dict[str, Any] = await house.does(ADMIN, "GET", f"/rounds/{round_id}")
    return shown


async def what_if(house: House, round_id: str, **said: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the comparison and the changes of a what-if."""
    answer = await house.calls(ADMIN, "POST", f"/rounds/{round_id}/what-if", said)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    return lines[-1]["comparison"], [line["change"] for line in lines if "change" in line]


async def everything(database: Database) -> str:
    """Return all that is stored."""
    names = ("rounds", "round_slices", "round_leaves", "round_reports", "places", "ties", "pairings", "outbox", "programmes")
    return str([sorted(map(str, await database.collection(name).find({}))) for name in names])


class TestReview:
    """Issue 5: see, lock, forbid, re-solve."""

    async def test_the_admin_sees_codes_and_nothing_private(self, house: House) -> None:
        """N9, R9: who with whom and why, in codes; a shared challenge is named to nobody."""
        round_id = await in_review(house)
        answer = await house.calls(ADMIN, "GET", f"/rounds/{round_id}/review")
        (first, *_) = answer.json()["groups"]
        assert {side["member_id"] for side in first["sides"]} == {*first["members"]}
        assert any(item["kind"] == "skill" for side in first["sides"] for item in side["you_give"])
        assert "new-in-role" not in answer.text

    async def test_one_member_can_be_looked_up(self, house: House) -> None:
        """Of a large round one wants to see one person's line."""
        round_id = await in_review(house)
        (group, *_) = await groups(house, round_id)
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}/review?member_id={group[0]}")
        assert [tuple(each["members"]) for each in shown["groups"]] == [group]

    async def test_locked_stays_and_forbidden_goes(self, house: House) -> None:
        """Everybody else is solved again around what the admin decided."""
        round_id = await in_review(house)
        kept, gone, *_ = await groups(house, round_id)
        await wishes(house, round_id, lock=[kept], forbid=[gone[:2]])
        shown = await again(house, round_id)
        found = await groups(house, round_id)
        assert kept in found
        assert not any({*gone[:2]} <= {*group} for group in found)
        assert (shown["state"], shown["drafts"][1]["locked"], shown["drafts"][1]["forbidden"]) == ("solved", 1, 1)

    async def test_nobody_is_lost_when_it_is_solved_again(self, house: House) -> None:
        """N4: everybody is in a group or has one reason, also around locked groups."""
        round_id = await in_review(house, 21)
        await wishes(house, round_id, lock=(await groups(house, round_id))[:4])
        await again(house, round_id, seed=99, rules=OTHER_RULES)
        found = await groups(house, round_id)
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        seen = [member for group in found for member in group]
        assert len(seen) == len({*seen})
        assert {*seen} | {*await reasons(house)} == {each.member_id for each in crowd(21)}
        assert sorted(map(list, found)) == await proposals(house)

    async def test_a_wish_about_strangers_is_refused(self, house: House) -> None:
        """A typing error does not silently do nothing."""
        round_id = await in_review(house)
        one, other, *_ = await groups(house, round_id)
        for said in ({"lock": [[one[0], other[0]]]}, {"forbid": [[one[0], "nobody"]]}, {"forbid": [["m00", "m00"]]}):
            answer = await house.calls(ADMIN, "POST", f"/rounds/{round_id}/review", said)
            assert (answer.status_code, answer.json()["code"]) == (409, "not-in-draft"), said

    async def test_nothing_leaves_before_publication(self, house: House) -> None:
        """Issue 5: no fact tells a pair or a leftover, however often it is solved again."""
        round_id = await in_review(house)
        await again(house, round_id, seed=8)
        told = await house.told(round_id)
        assert [fact.name for fact in told] == ["round.opened", "round.frozen", "round.solved", "round.solved"]
        assert await proposals(house) == []
        assert not any("m0" in str(fact.data) for fact in told)

    async def test_what_is_published_is_what_was_looked_at(self, house: House) -> None:
        """N7: another admin's new draft is not published by accident."""
        round_id = await in_review(house)
        seen = (await house.does(ADMIN, "GET", f"/rounds/{round_id}"))["result_hash"]
        await again(house, round_id, seed=1, rules=OTHER_RULES)
        answer = await house.calls(ADMIN, "POST", f"/rounds/{round_id}/publish", {"expected": seen})
        assert (answer.status_code, answer.json()["code"]) == (409, "draft-changed")

    async def test_a_round_may_publish_itself(self, house: House) -> None:
        """An admin who wants no review says so when opening."""
        await house.opens(*crowd())
        asked = {"publish_when_solved": True}
        round_id = (await house.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds", asked))["round_id"]
        await carried_on(house)
        assert (await house.does(ADMIN, "GET", f"/rounds/{round_id}"))["state"] == "published"

    async def test_a_late_import_changes_no_draft(self, house: House) -> None:
        """C: solved again, the snapshot is still the frozen one."""
        round_id = await in_review(house)
        before = await groups(house, round_id)
        await house.hears(*(skilled(f"late{n}", "python sql", "law go") for n in range(4)))
        shown = await again(house, round_id)
        assert await groups(house, round_id) == before
        assert shown["drafts"][0]["result_hash"] == shown["drafts"][1]["result_hash"]


class TestWhatIf:
    """N7: two rule sets on one snapshot; committing gives exactly what was shown, or names the conflict."""

    async def test_it_tells_what_would_change(self, house: House) -> None:
        """Pairs kept, new and gone add up; coverage, fairness and scores of both sides; who loses most."""
        round_id = await in_review(house)
        told, changes = await what_if(house, round_id, rules=OTHER_RULES)
        count = {kind: sum(each["change"] == kind for each in changes) for kind in ("kept", "new", "gone")}
        assert count == told["pairs"]
        assert count["new"] > 0
        assert told["this"]["coverage"] > 0 < told["other"]["Gini of gains"]
        assert [each["group"] for each in told["by_group"]["department"]] == ["d0", "d1", "d2"]
        losers = [each["other"] - each["this"] for each in told["gain_change"]["lose_most"]]
        assert losers == sorted(losers)

    async def test_nothing_is_written(self, house: House, database: Database) -> None:
        """N7: every document is as it was."""
        round_id = await in_review(house)
        before = await everything(database)
        await what_if(house, round_id, rules=OTHER_RULES, seed=5)
        assert await everything(database) == before

    async def test_committing_gives_exactly_its_result(self, house: House) -> None:
        """N7: the same hash, and the pairs that were told; also around locks."""
        round_id = await in_review(house)
        await wishes(house, round_id, lock=(await groups(house, round_id))[:2])
        told, changes = await what_if(house, round_id, rules=OTHER_RULES)
        shown = await again(house, round_id, rules=OTHER_RULES, expected=told["result_hash"])
        assert (shown["state"], shown["result_hash"], len(shown["drafts"])) == ("solved", told["result_hash"], 2)
        meant = {tuple(each["members"]) for each in changes if each["change"] != "gone"}
        assert {*await groups(house, round_id)} == meant

    async def test_another_result_is_not_taken(self, house: House) -> None:
        """N7: if it cannot be repeated, the draft at hand stays and the failure is named."""
        round_id = await in_review(house)
        shown = await again(house, round_id, rules=OTHER_RULES, expected="something else")
        assert (shown["state"], shown["failure"], len(shown["drafts"])) == ("solved", "what-if-not-repeated", 1)

    @pytest.mark.parametrize("how", ["left", "paused", "withdrew", "barred", "taken"])
    async def test_a_conflict_is_named_and_only_the_touched_are_solved_again(self, house: House, how: str) -> None:
        """N7: draft 2 is the what-if's result; draft 3 keeps every group that nothing touches and names who was touched."""
        round_id = await in_review(house)
        told, changes = await what_if(house, round_id, rules=OTHER_RULES)
        meant = [tuple(each["members"]) for each in changes if each["change"] != "gone"]
        victim, partner = meant[3]
        reason = await self._happens(house, how, victim, partner)
        shown = await again(house, round_id, rules=OTHER_RULES, expected=told["result_hash"])
        assert [draft["result_hash"] for draft in shown["drafts"]][1] == told["result_hash"]
        assert (len(shown["drafts"]), shown["drafts"][2]["is_repair"]) == (3, True)
        review = await house.does(ADMIN, "GET", f"/rounds/{round_id}/review")
        assert review["touched"][victim] == reason
        found = await groups(house, round_id)
        assert {*meant} - {*found} == {meant[3]}
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/publish")
        await carried_on(house)
        assert sorted(map(list, found)) == [pair for pair in await proposals(house) if "zoe" not in pair]

    async def _happens(self, house: House, how: str, victim: str, partner: str) -> str:
        if how == "left":
            await house.hears(profile.MemberLeft(member_id=victim))
            return "member-left"
        if how == "paused":
            await house.hears(card(victim, paused_until=MONDAY + timedelta(days=3), paused_reason="paused"))
            return "paused"
        if how == "withdrew":
            await house.hears(card(victim, capacity=None))
            return "member-withdrew"
        if how == "barred":
            await house.does(victim, "PUT", f"/do-not-pair/{victim}/{partner}")
            return "round-overtaken"
        await house.hears(card("zoe"))
        await house.forms("zoe", victim)
        return "no-free-seat"

    async def test_a_repair_of_what_nothing_touched_changes_nothing(self, house: House) -> None:
        """An admin may ask before publishing."""
        round_id = await in_review(house)
        await house.does(ADMIN, "POST", f"/rounds/{round_id}/repair")
        await carried_on(house)
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}")
        assert (shown["state"], len(shown["drafts"]), shown["failure"]) == ("solved", 1, None)

    async def test_rules_of_another_kind_are_refused(self, house: House) -> None:
        """R43: a round is of the kind that it was opened with; faults of rules are named."""
        round_id = await in_review(house)
        for rules, code in (({"kind": "mentor"}, "programme-invalid"), ({"objective": {"alpha": 7}}, "rules-invalid")):
            answer = await house.calls(ADMIN, "POST", f"/rounds/{round_id}/what-if", {"rules": rules})
            assert (answer.status_code, answer.json()["code"]) == (422, code)


class TestReport:
    """Issue 5, R13: figures of a draft, stored with the round; no person, no pair."""

    async def test_it_is_stored_with_its_identity(self, house: House) -> None:
        """N7: seed, rules and hashes stand beside the figures; the page needs nothing else."""
        round_id = await in_review(house)
        report = await house.does(caller(Role.AUDITOR), "GET", f"/rounds/{round_id}/report")
        shown = await house.does(ADMIN, "GET", f"/rounds/{round_id}")
        assert report["identity"]["result_hash"] == shown["result_hash"]
        assert report["people"]["in_pool"] == 20
        assert report["people"]["repeated_partners"] == 0
        assert all(level["people"] >= 5 for level in report["by_level"])
        page = await house.calls(ADMIN, "GET", f"/rounds/{round_id}/report.html")
        assert page.headers["content-type"].startswith("text/html")
        assert "<svg" in page.text
        assert "http" not in page.text.replace("http://www.w3.org/2000/svg", "")
        for text in (json.dumps(report), page.text):
            assert "m00" not in text

    async def test_each_draft_has_its_own(self, house: House) -> None:
        """Drafts are compared by their reports, too; a locked group counts in them."""
        round_id = await in_review(house)
        await wishes(house, round_id, lock=await groups(house, round_id))
        await again(house, round_id)
        first, second = [await house.does(ADMIN, "GET", f"/rounds/{round_id}/report?draft={number}") for number in (1, 2)]
        assert first["people"]["pairs"] == second["people"]["pairs"] > 0
        assert first["scores"]["sum"] == second["scores"]["sum"]
