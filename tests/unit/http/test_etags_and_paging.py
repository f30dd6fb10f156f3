"""Nobody overwrites what they have not seen; no list skips or repeats a row."""

import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Annotated

import httpx2
import pytest
from fastapi import APIRouter, Request
from hypothesis import given
from hypothesis import strategies as st

from shared.http.app import create_app
from shared.http.auth import Principal, requires
from shared.http.etags import etag_of, expect, if_match
from shared.http.paging import After, BadCursor, Page, Paged, decode_cursor, encode_cursor
from shared.kernel.errors import PreconditionFailed
from shared.kernel.randomness import seeded
from shared.observability.health import Health
from shared.persistence.database import Database
from tests.support.memory.database import memory_database
from tests.support.principals import TrustingAuthenticator, bearer, member

ROWS = 25


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Call a small application with a list and a document."""
    database = memory_database()
    await database.collection("rows").insert_many([{"_id": f"r{number:02}", "rank": number // 4} for number in range(ROWS)])
    app = create_app(
        title="x", service="x", routers=[routes(database)], health=Health(), auth=TrustingAuthenticator(), randomness=seeded("paging")
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test", headers=bearer(member("m"))) as caller:
        yield caller


def routes(database: Database) -> APIRouter:
    """Build the routes."""
    router = APIRouter()
    anybody = Annotated[Principal, requires()]

    @router.get("/rows")
    async def rows(paging: Paged, principal: anybody) -> Page[str]:
        found = await database.collection("rows").find(paging.filter("rank"), sort=[("rank", 1), ("_id", 1)], limit=paging.limit + 1)
        return paging.page(found, key=lambda row: (row["rank"], row["_id"]), shown=lambda row: str(row["_id"]))

    @router.patch("/document")
    async def change(request: Request, principal: anybody) -> int | None:
        revision = if_match(request)
        expect(revision, 7)
        return revision

    return router


class TestETags:
    """R2: two people who edit at once: the second one is told."""

    def test_an_etag_is_quoted(self) -> None:
        """A strong validator."""
        assert etag_of(7) == '"7"'

    @pytest.mark.parametrize(
        ("value", "status"),
        [
            ('"7"', 200),
            ("*", 200),
            ('"6"', 412),
            ("7", 412),
            ('W/"7"', 412),
            ('"abc"', 412),
            ('""', 412),
            ('"\N{ARABIC-INDIC DIGIT SEVEN}"'.encode(), 412),
            (None, 428),
        ],
    )
    async def test_if_match(self, client: httpx2.AsyncClient, value: str | bytes | None, status: int) -> None:
        """The right revision passes, another one is 412, none at all is 428."""
        headers = {} if value is None else {"If-Match": value}
        assert (await client.patch("/document", headers=headers)).status_code == status  # type: ignore[arg-type]

    def test_not_required_and_not_given(self) -> None:
        """A caller who names no revision is not refused where none is asked for."""
        expect(None, 7)
        with pytest.raises(PreconditionFailed):
            expect(6, 7)


class TestPaging:
    """Pages by keyset."""

    @pytest.mark.parametrize("limit", [1, 4, 7, 24, 25, 26])
    async def test_all_pages_together_are_the_list(self, client: httpx2.AsyncClient, limit: int) -> None:
        """Every row once, in order, also where the sort value repeats."""
        seen: list[str] = []
        url: str | None = f"/rows?limit={limit}"
        while url is not None:
            answer = await client.get(url)
            seen += answer.json()["items"]
            link = answer.headers.get("link")
            url = None if link is None else link.removeprefix("<").split(">")[0]
            assert (answer.json()["next"] is None) == (url is None)
        assert seen == [f"r{number:02}" for number in range(ROWS)]

    async def test_a_cursor_of_somebody_elses_making_is_refused(self, client: httpx2.AsyncClient) -> None:
        """422 with a code."""
        answer = await client.get("/rows", params={"cursor": "rubbish"})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-cursor")

    @pytest.mark.parametrize("content", [[1], [1, 2], [{"$gt": ""}, "x"], [["a"], "x"], "x", None])
    def test_a_cursor_cannot_carry_an_operator(self, content: object) -> None:
        """A decoded cursor goes into a filter, so only plain values pass."""
        with pytest.raises(BadCursor):
            decode_cursor(urlsafe_b64encode(json.dumps(content).encode()).decode())

    @given(st.text(max_size=600))
    def test_no_text_breaks_it(self, cursor: str) -> None:
        """Whatever comes is a cursor or a refusal."""
        with suppress(BadCursor):
            assert isinstance(decode_cursor(cursor), After)

    @given(st.text(max_size=20) | st.integers() | st.none(), st.text(max_size=20))
    def test_there_and_back(self, value: str | int | None, row_id: str) -> None:
        """What was encoded is decoded."""
        assert decode_cursor(encode_cursor(value, row_id)) == After(value, row_id)
