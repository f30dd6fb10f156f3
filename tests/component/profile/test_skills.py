"""The company's list of skills over HTTP, and what members and other services have of it (R6)."""

import io
import json
from typing import Any

import pytest

from shared.http.auth import Role
from tests.component.profile.conftest import HR, Json, Profile, written_log
from tests.support.principals import bearer, caller

__all__ = ["written_log"]
LIST, CARD = "tandem-profile-skill-list", "tandem-profile-card"
FILE = "member_id,email,offers,wants\nE-1,ada@corp.example,Mathlab;SQL,Python\nE-2,ben@corp.example,Python,mathlab\n"


def value(row: Json) -> Json:
    """Return what a row of the outbox says."""
    said: Json = json.loads(row["value"])
    return said


async def listed(profile: Profile) -> dict[str, Json]:
    """Return the list of skills by code."""
    return {skill["code"]: skill for skill in (await profile.call("GET", "/skills/list")).json()["skills"]}


async def offered(profile: Profile) -> dict[str, set[str]]:
    """Return what the newest card of each member offers and wants."""
    cards: dict[str, Any] = {row["key"]: value(row) for row in await profile.told(CARD)}
    return {member: {each["code"] for each in (*card["offers"], *card["wants"])} for member, card in cards.items()}


class TestSkillList:
    """R6: what a skill is called and what it is part of."""

    async def test_shows_names_spellings_place_and_source(self, profile: Profile) -> None:
        """R6: the company's own and the ESCO extract, each with where it comes from."""
        skills = await listed(profile)
        assert skills["sql"] == {
            "code": "sql",
            "labels": {"en": "SQL", "de": "SQL"},
            "also": ["Structured query language"],
            "broader": "databases",
            "source": "company",
            "uri": None,
        }
        assert skills["haskell"]["source"] == "esco"
        assert skills["haskell"]["uri"].startswith("http://data.europa.eu/esco/skill/")

    async def test_only_hr_changes_it(self, profile: Profile) -> None:
        """A programme's admin may read the list; it belongs to the whole company."""
        admin = bearer(caller(Role.PROGRAMME_ADMIN))
        assert (await profile.call("GET", "/skills/list", headers=admin)).status_code == 200
        assert (await profile.call("PUT", "/skills/list/kites", {"en": "Kites"}, headers=admin)).status_code == 403
        assert (await profile.call("POST", "/skills/list/sql/merge", {"into": "python"}, headers=admin)).status_code == 403

    async def test_the_hierarchy_is_told_once(self, profile: Profile) -> None:
        """N1: at a first start; a second start tells nothing."""
        for _ in range(2):
            await profile.app.service.jobs["skill-list"]()
        (told,) = await profile.told(LIST)
        assert told["key"] == "company"
        assert value(told)["skills"]["sql"] == "databases"


class TestLabels:
    """R17: mails name a department as the company writes it."""

    async def test_departments_and_sites_are_called_as_in_the_newest_file(self, profile: Profile) -> None:
        """N9: names of departments, no names of people; a dry run keeps nothing."""
        await profile.imported("member_id,email,department,site\nE-1,a@corp.example,R&D Labs,Zürich\n")
        await profile.imported("member_id,email,department\nE-2,b@corp.example,R&D labs\n")
        await profile.imported("member_id,email,site\nE-3,c@corp.example,Oslo\n", dry_run="true")
        labels = (await profile.call("GET", "/skills")).json()
        assert labels["departments"] == {"r-d-labs": {"und": "R&D labs"}}
        assert labels["sites"] == {"zuerich": {"und": "Zürich"}}


class TestFreeTags:
    """C: labels are never merged by themselves: what is written alike is proposed to a person."""

    async def test_tags_of_enough_members_are_told_with_what_is_written_alike(self, profile: Profile) -> None:
        """R13: a tag of fewer than five members would point at them; one member counts once."""
        rows = [f"E-{n},p{n}@corp.example,mathlab;SQL,mathlab" for n in range(5)] + ["E-9,q@corp.example,Kites,Kites"]
        await profile.imported("member_id,email,offers,wants\n" + "\n".join(rows) + "\n")
        assert (await profile.call("GET", "/skills/free")).json() == [{"code": "mathlab", "members": 5, "nearest": ["matlab"]}]
        assert (await profile.call("GET", "/skills/free?minimum=1")).status_code == 422

    async def test_tags_that_differ_by_a_sign_are_proposed_to_each_other_and_merged_by_a_person(self, profile: Profile) -> None:
        """Matching 10: never merged by punctuation alone; who merges one onto the list takes the other spellings along."""
        rows = [f"E-{n},p{n}@corp.example,{'Kite-flying' if n % 2 else 'Kite flying'}" for n in range(10)]
        await profile.imported("member_id,email,offers\n" + "\n".join(rows) + "\n")
        blank, hyphen = "kite-flying", "kite\u2010flying"
        told = {tag["code"]: tag["nearest"] for tag in (await profile.call("GET", "/skills/free")).json()}
        assert told == {blank: [hyphen], hyphen: [blank]}
        await profile.call("PUT", "/skills/list/kites", {"en": "Kites"})
        merged = await profile.call("POST", f"/skills/list/{hyphen}/merge", {"into": "kites"})
        assert merged.json() == {"changed": True, "members": 10}
        assert all(codes == {"kites"} for codes in (await offered(profile)).values())


class TestAddingASkill:
    """R6: free tags that are its spellings become it."""

    async def test_members_follow_and_later_words_are_known(self, profile: Profile) -> None:
        """R6: one skill, one code, before and after; the same again changes nothing."""
        await profile.imported(FILE)
        body = {"en": "Matlab modelling", "also": ["Mathlab"], "broader": "data-work"}
        first = await profile.call("PUT", "/skills/list/matlab-modelling", body)
        assert (first.status_code, first.json()) == (200, {"changed": True, "members": 2})
        assert all("matlab-modelling" in codes and "mathlab" not in codes for codes in (await offered(profile)).values())
        again = await profile.call("PUT", "/skills/list/matlab-modelling", body)
        assert again.json() == {"changed": False, "members": 0}
        await profile.imported("member_id,email,offers\nE-3,cat@corp.example,MATHLAB\n")
        assert {"matlab-modelling"} in (await offered(profile)).values()
        assert value((await profile.told(LIST))[-1])["skills"]["matlab-modelling"] == "data-work"

    @pytest.mark.parametrize(
        ("code", "body", "status", "refusal"),
        [
            ("sql", {"en": "Another"}, 409, "skill-is-listed"),
            ("query", {"en": "Structured query language"}, 409, "spelling-taken"),
            ("kites", {"en": "Kites", "broader": "data-wrok"}, 422, "unknown-skill"),
            ("Kites", {"en": "Kites"}, 422, "invalid-request"),
        ],
    )
    async def test_faults_are_clear(self, profile: Profile, code: str, body: Json, status: int, refusal: str) -> None:
        """The code says what is wrong; the nearest codes stand beside it."""
        answer = await profile.call("PUT", f"/skills/list/{code}", body)
        assert (answer.status_code, answer.json()["code"]) == (status, refusal)
        if refusal == "unknown-skill":
            assert "data-work" in answer.json()["facts"]["nearest"]


class TestMergingSkills:
    """R6: every spelling means the other; members' codes and cards follow."""

    async def test_cards_follow_and_a_repeat_reaches_who_was_missed(self, profile: Profile) -> None:
        """N1, N2: each member's card is told anew; the same call again is harmless."""
        await profile.imported(FILE)
        await profile.forget_told()
        done = await profile.call("POST", "/skills/list/mathlab/merge", {"into": "matlab"})
        assert (done.status_code, done.json()) == (200, {"changed": True, "members": 2})
        assert all("matlab" in codes for codes in (await offered(profile)).values())
        assert len(await profile.told(CARD)) == 2
        assert value((await profile.told(LIST))[-1])["merged"] == {"mathlab": "matlab"}
        again = await profile.call("POST", "/skills/list/mathlab/merge", {"into": "matlab"}, HR | {"Idempotency-Key": "k-1"})
        assert again.json() == {"changed": False, "members": 0}

    async def test_another_wish_for_the_same_skill_is_a_decision(self, profile: Profile) -> None:
        """A second merge elsewhere is refused, a circle too."""
        await profile.call("POST", "/skills/list/mathlab/merge", {"into": "matlab"})
        for code, into, refusal in (("mathlab", "sql", "skill-merged-already"), ("matlab", "mathlab", "skill-part-of-itself")):
            answer = await profile.call("POST", f"/skills/list/{code}/merge", {"into": into})
            assert answer.json()["code"] == refusal

    async def test_who_did_it_is_in_the_log_without_words(self, profile: Profile, written_log: io.StringIO) -> None:
        """N17: audited by an opaque id and counts."""
        await profile.call("POST", "/skills/list/mathlab/merge", {"into": "matlab"})
        (line,) = [each for each in written_log.getvalue().splitlines() if "skill-list.changed" in each]
        assert '"merge-skills"' in line
        assert "mathlab" not in line
