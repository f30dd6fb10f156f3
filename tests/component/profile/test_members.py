"""Members over HTTP: one's own profile, taking part, pausing, leaving, erasure."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from services.profile.entrypoints.jobs import on_pause_ends
from shared.http.auth import Role
from shared.kernel.cause import Cause
from shared.timers.timers import Due
from tests.component.profile.conftest import Profile, own
from tests.support.principals import bearer, caller

FILE = (
    "member_id,email,display_name,department,offers,challenges,capacity,manager_id\n"
    "E-1,ada@corp.example,Ada Example,Finance,Python,my boss Bob,2,E-2\nE-2,ben@corp.example,Ben Example,Finance,SQL,,,\n"
)
SERVICE = bearer(caller(Role.SERVICE))
PRIVATE = ("Bob", "free-", "challenges", "offers", "reflection", "vision")


@pytest_asyncio.fixture
async def ada(profile: Profile) -> str:
    """Import two people, forget what was told, return the id of the first."""
    report = await profile.imported(FILE)
    await profile.forget_told()
    return str(report["rows"][0]["member_id"])


def told(rows: list[dict[str, Any]]) -> list[str]:
    """Return the types of outbox rows, short."""
    names = [dict(row["headers"])["ce_type"] for row in rows]
    return sorted((name if isinstance(name, str) else name.decode()).removeprefix("tandem.profile.") for name in names)


class TestOwnProfile:
    """Read and edited by its member."""

    async def test_member_reads_everything_of_their_own(self, profile: Profile, ada: str) -> None:
        """Words with their codes."""
        answer = await profile.call("GET", "/members/me", headers=own(ada))
        body = answer.json()
        assert (body["id"], body["offers"], body["capacity"]) == (ada, [{"words": "Python", "code": "python", "strength": None}], 2)
        assert body["challenges"][0]["words"] == "my boss Bob"
        assert answer.headers["ETag"] == '"1"'

    async def test_edit_needs_the_version_that_was_read(self, profile: Profile, ada: str) -> None:
        """ETag and If-Match: 428 without, 412 when stale, 200 with the right one."""
        body = {"offers": [{"words": "KI", "strength": 4}], "timezone": "europe/lisbon", "working_hours": "mo-th 08:00-12:00"}
        assert (await profile.call("PATCH", f"/members/{ada}", body, own(ada))).status_code == 428
        assert (await profile.call("PATCH", f"/members/{ada}", body, own(ada) | {"If-Match": '"9"'})).status_code == 412
        answer = await profile.call("PATCH", f"/members/{ada}", body, own(ada) | {"If-Match": '"1"'})
        assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
        assert answer.json()["offers"] == [{"words": "KI", "code": "artificial-intelligence", "strength": 4}]
        assert answer.json()["timezone"] == "Europe/Lisbon"
        assert answer.json()["edited_by_member"] == ["offers", "timezone", "working_hours"]
        assert told(await profile.told()) == ["card.updated.v1", "contact.updated.v1"]

    async def test_edited_fields_survive_the_next_file(self, profile: Profile, ada: str) -> None:
        """Issue 3: field ownership, told as information."""
        await profile.call("PATCH", f"/members/{ada}", {"offers": []}, own(ada) | {"If-Match": "*"})
        row = (await profile.imported(FILE))["rows"][0]
        assert (row["outcome"], [problem["code"] for problem in row["problems"]]) == ("unchanged", ["kept-members-own"])
        assert (await profile.call("GET", "/members/me", headers=own(ada))).json()["offers"] == []

    async def test_private_words_stay_in_profile(self, profile: Profile, ada: str) -> None:
        """R24, N9: vision and reflection are in no record; only the vision's themes go out, as codes."""
        secret = "become head of the plant"  # words, no password
        body = {
            "reflection": secret,
            "vision": {"text": secret, "horizon_years": 5, "themes": ["Lead a team"]},
            "goals": [f"{secret} one day soon"],
        }
        answer = await profile.call("PATCH", f"/members/{ada}", body, own(ada) | {"If-Match": "*", "Idempotency-Key": "k"})
        assert answer.status_code == 200, answer.text
        (card,) = await profile.told()
        assert json.loads(card["value"])["vision_themes"] == ["lead-a-team"]
        assert secret.rsplit(maxsplit=1)[-1] not in str(card)
        assert secret not in str(await profile.app.database.collection("idempotency_keys").find({}))

    @pytest.mark.parametrize(
        ("body", "rule"),
        [
            ({"timezone": "Mars/Olympus"}, "unknown-timezone"),
            ({"working_hours": "always"}, "not-working-hours"),
            ({"languages": ["x"]}, "not-a-language"),
            ({"display_name": None}, "cannot-be-cleared"),
            ({"display_name": "a\u0007b"}, "control-character"),
        ],
    )
    async def test_bad_value_is_named_and_never_echoed(self, profile: Profile, ada: str, body: dict[str, Any], rule: str) -> None:
        """The same rules as for a people file."""
        answer = await profile.call("PATCH", f"/members/{ada}", body, own(ada) | {"If-Match": "*"})
        assert (answer.status_code, answer.json()["facts"]["rule"]) == (422, rule)
        assert "Mars" not in answer.text

    async def test_null_clears(self, profile: Profile, ada: str) -> None:
        """And is the member's own word, too."""
        answer = await profile.call("PATCH", f"/members/{ada}", {"challenges": None, "vision": None}, own(ada) | {"If-Match": "*"})
        assert (answer.json()["challenges"], answer.json()["edited_by_member"]) == ([], ["challenges", "vision"])

    async def test_journey_is_kept(self, profile: Profile, ada: str) -> None:
        """R25: roles by month; searchable by choice."""
        body = {"journey": [{"title": "Controller", "begun": "2018-01", "ended": "2020-12"}], "journey_searchable": True, "capacity": 3}
        await profile.call("PATCH", f"/members/{ada}", body, own(ada) | {"If-Match": "*"})
        assert json.loads((await profile.told())[0]["value"])["journey"] == ["controller"]
        wrong = {"journey": [{"title": "x", "begun": "2020-01", "ended": "2019-01"}]}
        assert (await profile.call("PATCH", f"/members/{ada}", wrong, own(ada) | {"If-Match": "*"})).status_code == 422


class TestWhoSeesWhat:
    """R9, N9: no private word to HR or to services."""

    async def test_hr_sees_the_organisation_only(self, profile: Profile, ada: str) -> None:
        """No words, no challenges."""
        answer = await profile.call("GET", f"/members/{ada}")
        assert (answer.json()["email"], answer.json()["department"]) == ("ada@corp.example", "finance")
        assert not [word for word in PRIVATE if word in answer.text]

    async def test_service_sees_a_name(self, profile: Profile, ada: str) -> None:
        """At the moment of use."""
        answer = await profile.call("GET", f"/members/{ada}", headers=SERVICE)
        assert set(answer.json()) == {"id", "company_key", "status", "enrolments", "display_name", "pause"}

    async def test_member_sees_nobody_else(self, profile: Profile, ada: str) -> None:
        """And changes nobody else."""
        ben = (await profile.call("GET", "/members?company_key=E-2")).json()["items"][0]["id"]
        assert (await profile.call("GET", f"/members/{ben}", headers=own(ada))).status_code == 403
        assert (await profile.call("PATCH", f"/members/{ben}", {}, own(ada) | {"If-Match": "*"})).status_code == 403

    async def test_list_pages_through_everybody(self, profile: Profile, ada: str) -> None:
        """Keyset paging by id."""
        first = (await profile.call("GET", "/members?limit=1")).json()
        second = (await profile.call("GET", f"/members?limit=1&cursor={first['next']}")).json()
        assert {ada} < {page["items"][0]["id"] for page in (first, second)}
        assert second["next"] is None

    async def test_labels_of_codes(self, profile: Profile, ada: str) -> None:
        """For mails and pages, in two languages."""
        labels = (await profile.call("GET", "/skills", headers=own(ada))).json()
        assert labels["skills"]["negotiation"] == {"en": "Negotiation", "de": "Verhandeln"}
        assert "lead-a-team" in labels["goals"]


class TestTakingPart:
    """Enrolling, withdrawing, pausing."""

    async def test_member_enrols_and_withdraws(self, profile: Profile, ada: str) -> None:
        """Without capacity: as many seats as the member said."""
        answer = await profile.call("POST", f"/members/{ada}/enrolments", {"programme_id": "peers"}, own(ada))
        assert answer.json()["enrolments"] == [{"programme_id": "peers", "capacity": 2}]
        again = await profile.call("POST", f"/members/{ada}/enrolments", {"programme_id": "peers"}, own(ada))
        assert again.json()["revision"] == answer.json()["revision"]
        assert (await profile.call("DELETE", f"/members/{ada}/enrolments/peers", headers=own(ada))).json()["enrolments"] == []
        refused = await profile.call("DELETE", f"/members/{ada}/enrolments/peers", headers=own(ada))
        assert (refused.status_code, refused.json()["code"]) == (409, "not-enrolled")

    async def test_hr_enrols_everybody(self, profile: Profile, ada: str) -> None:
        """Twice is once; unknown keys are named."""
        body = {"programme_id": "peers", "capacity": 1, "company_keys": None}
        assert (await profile.call("POST", "/enrolments", body)).json() == {"enrolled": 2, "unchanged": 0, "unknown": []}
        assert (await profile.call("POST", "/enrolments", body)).json() == {"enrolled": 0, "unchanged": 2, "unknown": []}
        some = body | {"company_keys": ["E-1", "E-9"], "capacity": 3}
        assert (await profile.call("POST", "/enrolments", some)).json() == {"enrolled": 1, "unchanged": 0, "unknown": ["E-9"]}
        assert (await profile.call("GET", f"/members/{ada}")).json()["enrolments"] == [{"programme_id": "peers", "capacity": 3}]

    async def test_pause_ends_by_its_timer(self, profile: Profile, ada: str) -> None:
        """Architecture 7: a durable timer; one that was replaced does nothing."""
        soon, later = (datetime.now(UTC) + timedelta(days=days) for days in (1, 2))  # noqa: TID251  # what a caller says
        for until in (soon, later):
            body = {"until": until.isoformat(), "reason": "away"}
            assert (await profile.call("POST", f"/members/{ada}/pause", body, own(ada))).status_code == 200
        (timer,) = await profile.app.database.collection("timers").find({})
        assert timer["data"] == {"member_id": ada}
        due = Due(id=timer["_id"], kind=timer["kind"], data=timer["data"], due_at=soon, cause=Cause(correlation_id="c"))
        await profile.worker._transactions.run("timer", lambda uow: on_pause_ends(due, uow), due.cause)
        assert (await profile.call("GET", f"/members/{ada}")).json()["pause"] is not None
        assert (await profile.call("POST", f"/members/{ada}/resume", headers=own(ada))).json()["pause"] is None
        assert await profile.app.database.collection("timers").count({}) == 0

    async def test_pause_over_at_its_date_is_ended(self, profile: Profile, ada: str) -> None:
        """The fact that a pause ended is told like an early end; the timer's date has come, though the clock was set back since."""
        soon = profile.app.foundation.clock.now() + timedelta(days=1)
        await profile.call("POST", f"/members/{ada}/pause", {"until": soon.isoformat()}, own(ada))
        due = Due(id="x", kind="pause-ends", data={"member_id": ada}, due_at=soon, cause=Cause(correlation_id="c"))
        await profile.worker._transactions.run("timer", lambda uow: on_pause_ends(due, uow), due.cause)
        assert told(await profile.told("tandem-profile-member")) == ["member.paused.v1", "member.resumed.v1"]


class TestParting:
    """N3 and N18."""

    async def test_leaver_is_told_and_comes_back_by_no_file(self, profile: Profile, ada: str) -> None:
        """Enrolments close; twice is once."""
        await profile.call("POST", f"/members/{ada}/enrolments", {"programme_id": "peers"})
        await profile.forget_told()
        assert (await profile.call("POST", f"/members/{ada}/leave")).json()["status"] == "left"
        await profile.call("POST", f"/members/{ada}/leave")
        assert told(await profile.told()) == ["card.updated.v1", "member.left.v1", "member.withdrew.v1"]
        row = (await profile.imported(FILE))["rows"][0]
        assert (row["outcome"], row["problems"][0]["code"]) == ("refused", "member-has-left")

    async def test_erasure_leaves_nothing_of_the_person(self, profile: Profile, ada: str) -> None:
        """N18: profile, reports, and tombstones for the records; the proof says where."""
        answer = await profile.call("POST", f"/members/{ada}/erase")
        assert answer.json() == {"member_id": ada, "places": {"members": 1, "import_reports": 1}}
        assert told(await profile.told("tandem-profile-member")) == ["member.erased.v1", "member.left.v1"]
        tombstones = [row for row in await profile.told() if row["topic"] != "tandem-profile-member"]
        assert [(row["topic"], row["value"], row["version"]) for row in tombstones] == [
            ("tandem-profile-card", None, 2),
            ("tandem-profile-contact", None, 2),
        ]
        for collection in ("members", "import_reports", "imports", "import_files"):
            stored = str(await profile.app.database.collection(collection).find({}))
            assert not [word for word in ("Ada", "ada@", "E-1'", "Bob", "free-") if word in stored]
        assert (await profile.call("GET", f"/members/{ada}")).status_code == 404
        assert (await profile.call("POST", f"/members/{ada}/erase")).json()["places"] == {"members": 0, "import_reports": 0}

    async def test_erased_person_may_join_again_as_somebody_new(self, profile: Profile, ada: str) -> None:
        """N18: with another id; nothing leads back."""
        await profile.call("POST", f"/members/{ada}/erase")
        row = (await profile.imported(FILE))["rows"][0]
        assert row["outcome"] == "created"
        assert row["member_id"] != ada
