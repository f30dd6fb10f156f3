"""The HTTP client of the command: safe repeats, one readable line for every no."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from services.console.adapters import http_api
from services.console.adapters.http_api import HttpApi
from services.console.domain.endings import ConsoleTrouble, Refused, ServiceAway
from shared.kernel.randomness import seeded

Answer = Callable[[httpx2.Request], httpx2.Response]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let repeats follow at once."""
    monkeypatch.setattr(http_api, "PAUSE_SECONDS", 0)


def api(answer: Answer) -> HttpApi:
    """Return a client whose far side is a function."""
    client = httpx2.AsyncClient(transport=httpx2.MockTransport(answer))
    return HttpApi(client, lambda service: f"http://{service}.example", lambda role: f"token-{role}", seeded("api"))


class TestCall:
    """One call, perhaps several attempts."""

    async def test_a_service_that_is_briefly_away_is_asked_again_with_the_same_key(self) -> None:
        """A lost answer never doubles its effect."""
        seen: list[httpx2.Request] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            seen.append(request)
            return httpx2.Response(503) if len(seen) < 3 else httpx2.Response(202, json={"round_id": "r"})

        assert await api(answer).call("POST", "matching", "/x", role="hr_admin", body={}) == {"round_id": "r"}
        assert len({request.headers["Idempotency-Key"] for request in seen}) == 1
        assert seen[0].headers["Authorization"] == "Bearer token-hr_admin"

    async def test_reads_carry_no_key(self) -> None:
        """They change nothing."""
        seen: list[httpx2.Request] = []

        def answer(request: httpx2.Request) -> httpx2.Response:
            seen.append(request)
            return httpx2.Response(200, json={})

        await api(answer).call("GET", "profile", "/members", role="hr_admin", query={"company_key": "E1"})
        assert "Idempotency-Key" not in seen[0].headers
        assert seen[0].url.params["company_key"] == "E1"

    async def test_a_problem_document_becomes_one_line(self) -> None:
        """Who says no, why, and the facts."""
        problem = {"code": "round-running", "title": "A round is running already.", "facts": {"round_id": "r1"}}

        def answer(_request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(409, json=problem, headers={"content-type": "application/problem+json"})

        with pytest.raises(Refused, match=r"^matching says no: A round is running already. \(round-running, round_id r1\)$") as no:
            await api(answer).call("POST", "matching", "/x", role="hr_admin")
        assert no.value.status == 409

    async def test_a_malformed_request_names_the_field(self) -> None:
        """As profile and matching tell it."""
        problem: dict[str, Any] = {
            "code": "invalid-request",
            "title": "No.",
            "errors": [{"loc": ["body", "kind"], "msg": "unknown", "type": "x"}],
        }
        with pytest.raises(Refused, match=r"body\.kind: unknown"):
            await api(lambda _request: httpx2.Response(422, json=problem)).call("PUT", "matching", "/x", role="hr_admin")

    async def test_every_problem_of_a_rule_set_is_a_line(self) -> None:
        """N7: which key, what is wrong, what would be right; each on a line of its own."""
        problems = ["common: must sum to 1", "gates.x: is not a rule"]
        problem = {"code": "rules-invalid", "title": "The rule set is not valid.", "facts": {"paths": ["common"], "problems": problems}}
        with pytest.raises(Refused, match=r"^matching says no: The rule set is not valid\. \(rules-invalid\)$") as no:
            await api(lambda _request: httpx2.Response(422, json=problem)).call("PUT", "matching", "/x", role="hr_admin")
        assert no.value.lines == tuple(problems)

    async def test_not_ready_names_the_checks(self) -> None:
        """`/ready` answers 503 with its checks."""

        def answer(_request: httpx2.Request) -> httpx2.Response:
            return httpx2.Response(503, json={"status": "not-ready", "checks": {"database": "ok", "broker": "away"}})

        with pytest.raises(ConsoleTrouble, match="profile is not ready: broker away"):
            await api(answer).call("GET", "profile", "/ready", role="operator")

    async def test_nobody_there_is_told_at_once(self) -> None:
        """A refused connection is not tried for long."""

        def answer(request: httpx2.Request) -> httpx2.Response:
            raise httpx2.ConnectError("refused", request=request)

        with pytest.raises(ServiceAway, match=r"profile does not answer at http://profile\.example"):
            await api(answer).call("GET", "profile", "/x", role="operator")

    async def test_an_answer_that_is_no_json_is_no_crash(self) -> None:
        """A proxy's error page."""
        with pytest.raises(Refused, match="502"):
            await api(lambda _request: httpx2.Response(502, text="<html>")).call("GET", "profile", "/x", role="operator")


class TestUpload:
    """A people file goes out piece by piece."""

    async def test_the_body_is_the_file_and_its_length_is_known(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Memory holds one piece."""
        monkeypatch.setattr(http_api, "PIECE_BYTES", 4)
        (tmp_path / "p.csv").write_bytes(b"member_id,email\n")
        pieces: list[bytes] = []

        class FarSide(httpx2.AsyncBaseTransport):
            async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
                stream = request.stream
                assert isinstance(stream, AsyncIterator | httpx2.AsyncByteStream)
                pieces.extend([piece async for piece in stream])
                return httpx2.Response(202, json={"import_id": "i", "length": request.headers["Content-Length"]})

        client = httpx2.AsyncClient(transport=FarSide())
        sender = HttpApi(client, lambda _service: "http://p.example", lambda role: role, seeded("u"))
        answer = await sender.upload("profile", "/imports", role="hr_admin", query={}, file=tmp_path / "p.csv")
        assert answer["length"] == "16"
        assert pieces == [b"memb", b"er_i", b"d,em", b"ail\n"]
