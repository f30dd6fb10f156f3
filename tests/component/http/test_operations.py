"""Operators see how far behind a service is and end dead letters; nobody else does (N2, N17)."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.http.auth import Role
from shared.kernel.clock import WallClock
from shared.messaging import burial
from shared.timers import timers
from tests.support.access import Row, violations
from tests.support.apps import App, running_app
from tests.support.principals import bearer, caller
from tests.support.small_service import NAME, SmallSettings, build


@pytest.fixture
async def app() -> AsyncIterator[App[SmallSettings]]:
    """Put the small service together in memory, called by an operator."""
    async with running_app(NAME, build, SmallSettings(), headers=bearer(caller(Role.OPERATOR))) as built:
        yield built


async def bury(app: App[SmallSettings]) -> None:
    """Set one message aside."""
    now = WallClock().now()
    place = {"topic": "tandem-profile-member", "partition": 0, "offset": 7, "timestamp": 0, "key": b"m-1", "lane": "l"}
    why = {"type": "tandem.profile.member.left.v1", "state": "open", "code": "undecodable", "attempts": 1, "audit": []}
    content = {"headers": [["ce_id", b"e-1"]], "value": b"private words", "correlation_id": "c-1"}
    await app.database.collection(burial.COLLECTION).insert_one({"_id": "e-1", "first_at": now, "last_at": now, **place, **why, **content})


class TestStatus:
    """N17: all is quiet, or what is not."""

    async def test_a_quiet_service(self, app: App[SmallSettings]) -> None:
        """Every block is there."""
        assert (await app.client.get("/ops/status")).json() == {
            "service": NAME,
            "outbox": {"depth": 0, "oldest_seconds": 0.0},
            "parked": 0,
            "dead_letters": 0,
            "timers": {"due": 0, "overdue": 0, "stuck": 0},
            "consumers": [],
        }

    async def test_due_timers_and_dead_letters_are_counted(self, app: App[SmallSettings]) -> None:
        """Due is not yet overdue."""
        await bury(app)
        now = WallClock().now()
        for number, age in enumerate((1, 60)):
            row = {"_id": f"t{number}", "state": timers.WAITING, "wake_at": now - timedelta(seconds=age)}
            await app.database.collection(timers.COLLECTION).insert_one(row)
        status = (await app.client.get("/ops/status")).json()
        assert status["dead_letters"] == 1
        assert status["timers"] == {"due": 2, "overdue": 1, "stuck": 0}

    async def test_a_block_that_fails_does_not_hide_the_others(self, app: App[SmallSettings], monkeypatch: pytest.MonkeyPatch) -> None:
        """The reason is a class name, never a text."""

        def away(_name: str) -> None:
            raise ConnectionError("mongodb://user:password@host")

        monkeypatch.setattr(app.database, "collection", away)
        answer = await app.client.get("/ops/status")
        assert answer.json()["timers"] == {"unavailable": "ConnectionError"}
        assert answer.json()["outbox"] == {"unavailable": "ConnectionError"}
        assert "password" not in answer.text


class TestDeadLetters:
    """N2: an operator lists, shows, and ends a dead letter; its payload is never shown."""

    async def test_list_and_show(self, app: App[SmallSettings]) -> None:
        """Where it came from and why, not what it said."""
        await bury(app)
        listed = (await app.client.get("/ops/dead-letters")).json()["items"]
        shown = (await app.client.get("/ops/dead-letters/e-1")).json()
        assert [row["event_id"] for row in listed] == ["e-1"]
        assert (shown["topic"], shown["offset"], shown["code"]) == ("tandem-profile-member", 7, "undecodable")
        assert (shown["headers"], shown["size"]) == (["ce_id"], len(b"private words"))
        assert "private" not in str(listed) + str(shown)

    async def test_what_it_said_is_redacted_by_its_contract_and_reading_it_is_audited(self, app: App[SmallSettings]) -> None:
        """N9: names, addresses, unknown fields and words in a code's place are hidden; ids, codes and numbers are not."""
        await bury(app)
        said = {
            "member_id": "m-1",
            "email": "ada@corp.example",
            "display_name": "Ada",
            "locale": "de",
            "timezone": "my own words",
            "new": 1,
        }
        change = {"type": "tandem.profile.contact.updated.v1", "value": json.dumps(said).encode()}
        await app.database.collection(burial.COLLECTION).update_one({"_id": "e-1"}, {"$set": change})
        answer = (await app.client.get("/ops/dead-letters/e-1/payload")).json()
        hidden = "[redacted]"
        shown = {"member_id": "m-1", "email": hidden, "display_name": hidden, "locale": "de", "timezone": hidden}
        assert answer == {"event_id": "e-1", "data": shown | {hidden: "1 unknown fields"}}
        (audit,) = (await app.client.get("/ops/dead-letters/e-1")).json()["audit"]
        assert audit["action"] == "read"

    @pytest.mark.parametrize("type_", ["tandem.profile.member.left.v1", "tandem.nobody.knows.it.v9"])
    async def test_what_nobody_can_read_is_not_shown(self, app: App[SmallSettings], type_: str) -> None:
        """N9: no contract, or no JSON: nothing can tell what is private in it."""
        await bury(app)
        await app.database.collection(burial.COLLECTION).update_one({"_id": "e-1"}, {"$set": {"type": type_}})
        assert (await app.client.get("/ops/dead-letters/e-1/payload")).json() == {"event_id": "e-1", "data": None}

    async def test_one_cause_is_listed_with_what_waits_behind_each(self, app: App[SmallSettings]) -> None:
        """N2: the cause chooses, and holding per key is visible."""
        await bury(app)
        await app.database.collection("parked").insert_many([{"_id": f"e-{number}", "lane": "l"} for number in (2, 3)])
        assert (await app.client.get("/ops/dead-letters", params={"code": "refused"})).json()["items"] == []
        (row,) = (await app.client.get("/ops/dead-letters", params={"code": "undecodable"})).json()["items"]
        assert (row["event_id"], row["held"]) == ("e-1", 2)

    async def test_an_unreadable_record_is_named_by_its_place(self, app: App[SmallSettings]) -> None:
        """N2: slashes in an id lead to the dead letter all the same."""
        assert (await app.client.get("/ops/dead-letters/tandem-profile-member%2F0%2F7")).json()["facts"][
            "id"
        ] == "tandem-profile-member/0/7"

    async def test_discard_needs_a_reason_and_is_audited(self, app: App[SmallSettings]) -> None:
        """Who, when, why."""
        await bury(app)
        assert (await app.client.post("/ops/dead-letters/e-1/discard", json={"reason": ""})).status_code == 422
        assert (await app.client.post("/ops/dead-letters/e-1/discard", json={"reason": "test data"})).status_code == 204
        (audit,) = (await app.client.get("/ops/dead-letters/e-1")).json()["audit"]
        assert (audit["action"], audit["reason"]) == ("discard", "test data")
        again = await app.client.post("/ops/dead-letters/e-1/discard", json={"reason": "test data"})
        assert (again.status_code, again.json()["code"]) == (409, "dead-letter-closed")

    async def test_redrive_tells_what_came_of_it(self, app: App[SmallSettings]) -> None:
        """Without a route nothing can be redriven; the code says so."""
        await bury(app)
        answer = await app.client.post("/ops/dead-letters/e-1/redrive")
        assert (answer.status_code, answer.json()["code"]) == (409, "no-route")

    async def test_an_unknown_one(self, app: App[SmallSettings]) -> None:
        """404 as a problem."""
        assert (await app.client.get("/ops/dead-letters/none")).json()["code"] == "not-found"


class TestAccess:
    """Architecture, identity: every role on every route."""

    async def test_only_operators_operate(self, app: App[SmallSettings]) -> None:
        """The table of the small service."""
        table = {"POST /things": Row(roles=(Role.MEMBER,), body={"name": "a", "number": 0})}
        assert await violations(app.http, table, member_id="m-1") == []
