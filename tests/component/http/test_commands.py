"""N2: one HTTP command is one transaction, and a repeat with the same Idempotency-Key changes nothing and gets the same answer."""

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.http.commands import COLLECTION, LIFETIME
from shared.kernel.clock import WallClock
from tests.support.apps import App, running_app
from tests.support.logs import written_log  # noqa: F401 - a fixture
from tests.support.principals import bearer, member
from tests.support.small_service import NAME, THINGS, SmallSettings, build

KEY = {"Idempotency-Key": "k-1"}


@pytest.fixture
async def app() -> AsyncIterator[App[SmallSettings]]:
    """Put the small service together in memory, called by a member."""
    async with running_app(NAME, build, SmallSettings(), headers=bearer(member("m-1"))) as built:
        yield built


async def count(app: App[SmallSettings]) -> int:
    """Return how many things there are."""
    return await app.database.collection(THINGS).count({})


def without_correlation(problem: dict[str, object]) -> dict[str, object]:
    """Return a problem without what differs in every request."""
    return {name: each for name, each in problem.items() if name != "correlation_id"}


class TestIdempotencyKey:
    """C: a session stored twice because the first save looked slow."""

    async def test_a_repeat_gets_the_stored_answer_and_changes_nothing(self, app: App[SmallSettings]) -> None:
        """N2: the same key, caller and body."""
        first = await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        again = await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.json() == again.json() == {"name": "a", "number": 1}
        assert await count(app) == 1

    async def test_twenty_at_once_are_one(self, app: App[SmallSettings]) -> None:
        """N2: racing repeats end in one effect and one answer."""
        answers = await asyncio.gather(*(app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY) for _ in range(20)))
        assert {answer.text for answer in answers} == {'{"name":"a","number":1}'}
        assert await count(app) == 1

    async def test_another_body_is_refused(self, app: App[SmallSettings]) -> None:
        """A key means one command; another one under it is a mistake of the client."""
        await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        answer = await app.client.post("/things", json={"name": "b", "number": 0}, headers=KEY)
        assert answer.status_code == 422
        assert answer.json()["code"] == "idempotency-key-reused"
        assert await count(app) == 1

    async def test_keys_of_two_callers_do_not_meet(self, app: App[SmallSettings]) -> None:
        """Nobody gets somebody else's answer by guessing a key."""
        await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        other = await app.client.post("/things", json={"name": "b", "number": 0}, headers=KEY | bearer(member("m-2")))
        assert other.json() == {"name": "b", "number": 2}

    async def test_a_refusal_is_the_answer_of_its_key(self, app: App[SmallSettings]) -> None:
        """N2: a late copy of what was refused cannot take effect once the obstacle is gone; another key can."""
        await app.client.post("/things", json={"name": "a", "number": 0})
        refused = await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        await app.database.collection(THINGS).delete_many({})
        late = await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        assert refused.status_code == 409
        assert await count(app) == 0
        assert without_correlation(late.json()) == without_correlation(refused.json())
        assert (await app.client.post("/things", json={"name": "a", "number": 0}, headers={"Idempotency-Key": "k-2"})).status_code == 201

    async def test_one_of_two_copies_decides_for_both(self, app: App[SmallSettings]) -> None:
        """N2: while one copy is being refused another may be done; then both are told that it was done, or both that it was not."""
        await app.client.post("/things", json={"name": "a", "number": 0})
        copies = asyncio.gather(*(app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY) for _ in range(6)))
        _, answers = await asyncio.gather(app.database.collection(THINGS).delete_many({}), copies)
        told = {answer.status_code for answer in answers}
        assert len(told) == 1
        assert await count(app) == (told == {201})

    async def test_a_key_has_a_lifetime(self, app: App[SmallSettings]) -> None:
        """An expired row is no answer, whether or not the database has swept it."""
        await app.client.post("/things", json={"name": "a", "number": 0}, headers=KEY)
        keys = app.database.collection(COLLECTION)
        await keys.update_many({}, {"$set": {"expires_at": WallClock().now() - timedelta(seconds=1)}})
        answer = await app.client.post("/things", json={"name": "b", "number": 0}, headers=KEY)
        assert answer.json() == {"name": "b", "number": 2}
        (row,) = await keys.find({})
        assert timedelta(0) < row["expires_at"] - WallClock().now() <= LIFETIME

    @pytest.mark.parametrize("key", ["", " ", "x" * 201, "two words"])
    async def test_an_unusable_key_is_refused(self, app: App[SmallSettings], key: str) -> None:
        """1 to 200 visible characters."""
        answer = await app.client.post("/things", json={"name": "a", "number": 0}, headers={"Idempotency-Key": key})
        assert answer.status_code == 422
        assert await count(app) == 0

    async def test_without_a_key_each_call_counts(self, app: App[SmallSettings]) -> None:
        """The header is the caller's choice."""
        await app.client.post("/things", json={"name": "a", "number": 0})
        assert (await app.client.post("/things", json={"name": "a", "number": 0})).status_code == 409


class TestCommandLine:
    """N17: one line a command, accepted or refused."""

    async def test_accepted_and_refused(self, app: App[SmallSettings], written_log: io.StringIO) -> None:  # noqa: F811
        """The command's name, the outcome's code, who, how long."""
        for _ in range(2):
            await app.client.post("/things", json={"name": "secret-name", "number": 0})
        accepted, refused = map(json.loads, written_log.getvalue().splitlines())
        assert accepted["event"]["action"] == "command.accepted"
        assert accepted["tandem"] == {"command": "add-thing", "route": "/things"}
        assert refused["event"]["action"] == "command.refused"
        assert refused["error"] == {"code": "thing-taken"}
        assert "secret-name" not in written_log.getvalue()

    async def test_figures(self, app: App[SmallSettings]) -> None:
        """Counted by command and code."""
        for _ in range(2):
            await app.client.post("/things", json={"name": "a", "number": 0})
        figures = (await app.client.get("/metrics")).text
        assert 'tandem_commands_total{code="ok",command="add-thing"} 1.0' in figures
        assert 'tandem_commands_total{code="thing-taken",command="add-thing"} 1.0' in figures
