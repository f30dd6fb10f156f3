"""Reads between services: our token, our correlation id, bounded, and no write."""

from typing import Any

import httpx2
import pytest
from pydantic import SecretStr

from shared.http.client import PeerUnavailable, ServiceClient, token_source
from shared.http.settings import AuthSettings
from shared.kernel.errors import NotFound


def settings(**given: Any) -> AuthSettings:
    """Return settings of an issuer."""
    return AuthSettings(issuer="https://issuer.test", jwks="x", **given)


def answering(*answers: httpx2.Response | Exception) -> tuple[httpx2.AsyncClient, list[httpx2.Request]]:
    """Return a client whose network gives these answers, and what was asked."""
    asked: list[httpx2.Request] = []
    left = list(answers)

    def handle(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return httpx2.AsyncClient(transport=httpx2.MockTransport(handle)), asked


async def a_token() -> str:
    """Return a token."""
    return "service-token"


class TestReads:
    """Architecture section 5: private words are read at the moment of use."""

    async def test_a_read_carries_token_and_correlation(self) -> None:
        """N17: the id goes on to the peer's log."""
        http, asked = answering(httpx2.Response(200, json={"skills": {}}))
        answer = await ServiceClient("http://profile/", a_token, http).get("/skills", correlation_id="c-1", params={"lang": "de"})
        assert answer == {"skills": {}}
        assert str(asked[0].url) == "http://profile/skills?lang=de"
        assert asked[0].headers["authorization"] == "Bearer service-token"
        assert asked[0].headers["x-correlation-id"] == "c-1"

    async def test_not_found_is_an_answer(self) -> None:
        """The peer knows no such thing."""
        http, _ = answering(httpx2.Response(404))
        with pytest.raises(NotFound):
            await ServiceClient("http://profile", a_token, http).get("/members/x", correlation_id="c")

    @pytest.mark.parametrize(
        "answer", [httpx2.Response(500), httpx2.Response(403), httpx2.ConnectError("host"), httpx2.ReadTimeout("slow")]
    )
    async def test_anything_else_is_unavailable(self, answer: httpx2.Response | Exception) -> None:
        """The code says what, no text of the answer."""
        http, _ = answering(answer)
        with pytest.raises(PeerUnavailable):
            await ServiceClient("http://profile", a_token, http).get("/skills", correlation_id="c")


class TestOwnToken:
    """How a service names itself."""

    async def test_a_ready_token(self) -> None:
        """The demo gives one by settings."""
        http, _ = answering()
        assert await token_source(settings(service_token=SecretStr("t")), http)() == "t"

    async def test_none_at_all(self) -> None:
        """A service that was given no token says so when it needs one."""
        http, _ = answering()
        with pytest.raises(PeerUnavailable, match="no-service-token"):
            await token_source(settings(), http)()

    async def test_client_credentials_are_kept_while_they_are_good(self) -> None:
        """One request for many reads; id and secret by Basic, as RFC 6749 asks of every issuer."""
        http, asked = answering(httpx2.Response(200, json={"access_token": "t1", "expires_in": 3600}))
        source = token_source(settings(token_url="https://issuer.test/token", client_id="notification", client_secret=SecretStr("s")), http)
        assert [await source(), await source()] == ["t1", "t1"]
        assert len(asked) == 1
        assert asked[0].headers["authorization"].startswith("Basic ")
        assert "grant_type=client_credentials" in asked[0].content.decode()

    async def test_a_short_lived_token_is_renewed(self) -> None:
        """A minute before its end it is no longer used."""
        answers = [httpx2.Response(200, json={"access_token": f"t{number}", "expires_in": 30}) for number in range(2)]
        http, _ = answering(*answers)
        source = token_source(settings(token_url="https://issuer.test/token"), http)
        assert [await source(), await source()] == ["t0", "t1"]

    @pytest.mark.parametrize("answer", [httpx2.Response(401), httpx2.Response(200, content=b"<html>"), httpx2.Response(200, json={})])
    async def test_an_issuer_that_gives_none(self, answer: httpx2.Response) -> None:
        """The read fails, to be tried later."""
        http, _ = answering(answer)
        with pytest.raises(PeerUnavailable):
            await token_source(settings(token_url="https://issuer.test/token"), http)()
