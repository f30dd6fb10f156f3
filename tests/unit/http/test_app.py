"""What every service's HTTP side promises: problems without words, correlation, one line a request, callers on each route."""

import io
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Request
from pydantic import BaseModel, Field, field_validator

from shared.http.app import OpenRoute, create_app
from shared.http.auth import NotAuthenticated, Principal, Role, requires
from shared.http.bodies import BODY_BYTES_MAX, takes_up_to
from shared.http.description import _summary
from shared.kernel.errors import NotFound, OutcomeUnknown, Refusal, StaleVersion
from shared.kernel.randomness import seeded
from shared.observability.health import Health
from shared.persistence.errors import DatabaseAway
from tests.support.logs import written_log  # noqa: F401 - a fixture

SECRET = "my boss reads my mail"
PROBLEM = "application/problem+json"


class Words(BaseModel):
    """A body with private words."""

    text: str = Field(max_length=5)
    number: int = 0

    @field_validator("number")
    @classmethod
    def _positive(cls, value: int) -> int:
        if value < 0:
            raise ValueError(f"{SECRET} is not positive")
        return value


class Taken(Refusal):
    """A refusal of a service."""

    code = "seat-taken"
    status = 409
    title = "The seat is taken."


class OneCaller:
    """Knows one token."""

    async def principal(self, token: str) -> Principal:
        """Accept `good`."""
        if token != "good":
            raise NotAuthenticated(reason="unknown-key")
        return Principal(subject="s", member_id="m-1", roles=(Role.MEMBER,))


def routes() -> APIRouter:
    """Build routes that fail in all the ways there are."""
    router = APIRouter(prefix="/things")
    member = Annotated[Principal, requires(Role.MEMBER)]
    operator = Annotated[Principal, requires(Role.OPERATOR)]

    @router.post("/words", summary="Count words")
    async def words(body: Words, principal: member) -> dict[str, int]:
        """Return how many."""
        return {"length": len(body.text)}

    @router.get("/{thing_id}/fail")
    async def fail(thing_id: str, principal: member) -> None:
        raise RuntimeError(SECRET)

    @router.get("/refuse/{kind}")
    async def refuse(kind: str, principal: member) -> None:
        raise {
            "taken": Taken(seats=0),
            "gone": NotFound(),
            "unknown": OutcomeUnknown(SECRET),
            "away": DatabaseAway("x"),
            "raced": StaleVersion("c", "i"),
        }[kind]

    @router.get("/operators")
    async def operators(principal: operator) -> None:
        return None

    @router.post("/file", dependencies=[takes_up_to(4 * BODY_BYTES_MAX)])
    async def file(request: Request, principal: member) -> dict[str, int]:
        return {"bytes": sum([len(part) async for part in request.stream()])}

    return router


def build(router: APIRouter) -> FastAPI:
    """Build the application around `router`."""
    return create_app(title="Things", service="things", routers=[router], health=Health(), auth=OneCaller(), randomness=seeded("app"))


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Call the application as a member, without a network."""
    transport = httpx2.ASGITransport(build(routes()))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test", headers={"Authorization": "Bearer good"}) as caller:
        yield caller


class TestProblems:
    """Every error is problem+json with a stable code."""

    async def test_a_refusal_says_its_code_and_facts(self, client: httpx2.AsyncClient) -> None:
        """The domain's refusal reaches the caller as it is."""
        answer = await client.get("/things/refuse/taken", headers={"X-Correlation-ID": "c-1"})
        assert answer.status_code == 409
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json() == {
            "type": "urn:tandem:problem:seat-taken",
            "title": "The seat is taken.",
            "status": 409,
            "code": "seat-taken",
            "facts": {"seats": 0},
            "correlation_id": "c-1",
        }

    @pytest.mark.parametrize(
        ("path", "status", "code"),
        [
            ("/things/refuse/gone", 404, "not-found"),
            ("/nowhere", 404, "not-found"),
            ("/things/operators", 403, "not-allowed"),
            ("/things/words", 405, "method-not-allowed"),
            ("/things/refuse/unknown", 503, "unavailable"),
            ("/things/refuse/away", 503, "unavailable"),
            ("/things/refuse/raced", 503, "unavailable"),
            ("/things/x/fail", 500, "internal-error"),
        ],
    )
    async def test_every_kind_of_error_has_a_code(self, client: httpx2.AsyncClient, path: str, status: int, code: str) -> None:
        """Errors of the framework look like ours; a fault of ours says nothing but its code."""
        answer = await client.get(path)
        assert answer.status_code == status
        assert answer.headers["content-type"] == PROBLEM
        assert (answer.json()["code"], answer.json()["type"]) == (code, f"urn:tandem:problem:{code}")
        assert SECRET not in answer.text

    async def test_unknown_outcome_asks_to_try_again(self, client: httpx2.AsyncClient) -> None:
        """N2: 503 with Retry-After; the same command may be sent again."""
        answer = await client.get("/things/refuse/unknown")
        assert answer.headers["retry-after"] == "2"

    @pytest.mark.parametrize("token", [None, "bad"])
    async def test_without_a_good_token_nothing_is_served(self, client: httpx2.AsyncClient, token: str | None) -> None:
        """401 with the scheme to use."""
        client.headers.pop("Authorization")
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = await client.get("/things/operators", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"


class TestNoWordsLeak:
    """N9: what somebody sent stands neither in an answer nor in a log line (the two leaks of fastapi-problem)."""

    @pytest.mark.parametrize(
        "body",
        [
            {"text": SECRET},
            {"text": {"inner": SECRET}},
            {"text": "ok", "number": SECRET},
            {"text": "ok", "number": -1},
            [SECRET],
            SECRET,
        ],
    )
    async def test_a_refused_body_is_not_repeated(self, client: httpx2.AsyncClient, written_log: io.StringIO, body: Any) -> None:  # noqa: F811
        """422 names place and kind of the fault, never the input."""
        answer = await client.post("/things/words", json=body)
        assert answer.status_code == 422
        assert answer.json()["code"] == "invalid-request"
        assert set(answer.json()["errors"][0]) == {"loc", "type", "msg"}
        assert SECRET not in answer.text + written_log.getvalue()

    async def test_broken_json_is_not_repeated(self, client: httpx2.AsyncClient, written_log: io.StringIO) -> None:  # noqa: F811
        """A body that is no JSON is refused without being quoted."""
        answer = await client.post("/things/words", content=f'{{"text": "{SECRET}', headers={"content-type": "application/json"})
        assert answer.status_code == 422
        assert SECRET not in answer.text + written_log.getvalue()

    async def test_a_fault_of_ours_is_logged_without_its_text(self, client: httpx2.AsyncClient, written_log: io.StringIO) -> None:  # noqa: F811
        """The stack is there, the exception's text is not, and uvicorn gets nothing to print."""
        answer = await client.get("/things/x/fail")
        (failed,) = [line for line in map(json.loads, written_log.getvalue().splitlines()) if line["event"]["action"] == "request.failed"]
        assert "in fail" in failed["error"]["stack_trace"]
        assert SECRET not in answer.text + written_log.getvalue()


class TestBodyLimit:
    """Every body has a limit; a route that takes files raises its own."""

    @pytest.mark.parametrize("chunked", [False, True])
    async def test_a_large_body_is_refused(self, client: httpx2.AsyncClient, *, chunked: bool) -> None:
        """413 as a problem, with and without a declared length."""

        async def parts() -> AsyncIterator[bytes]:
            for _ in range(3):
                yield b" " * (BODY_BYTES_MAX // 2)

        content = parts() if chunked else b" " * (BODY_BYTES_MAX + 1)
        answer = await client.post("/things/words", content=content, headers={"content-type": "application/json"})
        assert answer.status_code == 413
        assert answer.headers["content-type"] == PROBLEM
        assert answer.json()["code"] == "content-too-large"

    async def test_a_route_for_files_takes_more(self, client: httpx2.AsyncClient) -> None:
        """The route's own limit counts, not the general one."""
        answer = await client.post("/things/file", content=b"x" * (2 * BODY_BYTES_MAX))
        assert answer.json() == {"bytes": 2 * BODY_BYTES_MAX}
        assert (await client.post("/things/file", content=b"x" * (5 * BODY_BYTES_MAX))).status_code == 413


class TestCorrelation:
    """N17: one id from the call on."""

    async def test_a_given_id_comes_back(self, client: httpx2.AsyncClient) -> None:
        """The caller's id is kept."""
        answer = await client.get("/live", headers={"X-Correlation-ID": "demo-17"})
        assert answer.headers["x-correlation-id"] == "demo-17"

    @pytest.mark.parametrize("given", ["", "with space", "x" * 101, "é".encode(), 'a"b'])
    async def test_an_unusable_id_is_replaced(self, client: httpx2.AsyncClient, given: Any) -> None:
        """What could break a log or a header is not taken over."""
        answer = await client.get("/live", headers={"X-Correlation-ID": given})
        assert len(answer.headers["x-correlation-id"]) == 36

    async def test_one_line_a_request(self, client: httpx2.AsyncClient, written_log: io.StringIO) -> None:  # noqa: F811
        """Method, route template (not the path), status, time, the caller's opaque id, the correlation id."""
        await client.get("/things/refuse/taken?q=secret", headers={"X-Correlation-ID": "c-9"})
        (line,) = map(json.loads, written_log.getvalue().splitlines())
        assert line["event"]["action"] == "request.served"
        assert line["event"]["duration"] > 0
        assert line["http"] == {"request": {"method": "GET"}, "response": {"status_code": 409}}
        assert line["tandem"] == {"route": "/things/refuse/{kind}"}
        assert line["error"] == {"code": "seat-taken"}
        assert line["user"] == {"id": "m-1"}
        assert line["trace"] == {"id": "c-9"}

    async def test_probes_are_quiet(self, client: httpx2.AsyncClient, written_log: io.StringIO) -> None:  # noqa: F811
        """An orchestrator that asks each second fills no log."""
        for path in ("/live", "/ready", "/metrics"):
            assert (await client.get(path)).status_code == 200
        assert written_log.getvalue() == ""


class TestRoutes:
    """Architecture, identity: each route states who may call it."""

    def test_a_route_that_names_nobody_stops_the_start(self) -> None:
        """There is no way to serve it by accident."""
        router = APIRouter()

        @router.get("/open")
        async def open_route() -> None:
            return None

        with pytest.raises(OpenRoute, match="/open"):
            build(router)

    def test_an_included_router_is_looked_into(self) -> None:
        """The check sees routers inside routers."""
        inner, outer = APIRouter(prefix="/inner"), APIRouter(prefix="/outer")

        @inner.get("/open")
        async def open_route() -> None:
            return None

        outer.include_router(inner)
        with pytest.raises(OpenRoute, match="/outer/inner/open"):
            build(outer)

    async def test_openapi_names_problems_and_the_token(self, client: httpx2.AsyncClient) -> None:
        """One document per service, with problem+json answers and the bearer scheme."""
        document = (await client.get("/openapi.json")).json()
        operation = document["paths"]["/things/words"]["post"]
        assert PROBLEM in operation["responses"]["422"]["content"]
        assert operation["security"] == [{"HTTPBearer": []}]
        assert (operation["summary"], operation["x-roles"]) == ("Count words", ["member"])
        assert [each["name"] for each in operation["parameters"]] == ["Idempotency-Key"]

    @pytest.mark.parametrize(
        ("description", "summary"),
        [
            ("R10, N14: begin a pairing oneself. Whoever begins has said yes.", "Begin a pairing oneself"),
            ("C: say no; a reason is kept.\n\nMore.", "Say no; a reason is kept"),
            ("Note: this stays.", "Note: this stays"),
            ("", "Handler Name"),
        ],
    )
    def test_a_summary_is_the_first_sentence(self, description: str, summary: str) -> None:
        """A list of routes reads as a list of what can be done, without numbers that callers do not know."""
        assert _summary({"description": description, "summary": "Handler Name"}) == summary

    async def test_metrics_count_by_template(self, client: httpx2.AsyncClient) -> None:
        """No id ever becomes a label."""
        await client.get("/things/refuse/taken")
        await client.get("/somewhere/private")
        text = (await client.get("/metrics")).text
        assert 'tandem_http_requests_total{method="GET",route="/things/refuse/{kind}",status="409"} 1.0' in text
        assert 'route="unmatched",status="404"' in text
        assert "private" not in text
