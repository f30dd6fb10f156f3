"""The services' HTTP APIs. Repeats are safe: every changing call carries one idempotency key for all its attempts."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2

from services.console.domain.endings import ConsoleTrouble, Refused, ServiceAway
from shared.kernel.randomness import Randomness, new_id

ATTEMPTS = 4
PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 5.0
PIECE_BYTES = 256 * 1024
AWAY = 503
FIRST_ERROR = 400


class HttpApi:
    """Calls the services in the roles that each call needs."""

    def __init__(
        self, client: httpx2.AsyncClient, url_of: Callable[[str], str], token_for: Callable[[str], str], randomness: Randomness
    ) -> None:
        """`token_for` gives the token of a role."""
        self._client = client
        self._url_of = url_of
        self._token_for = token_for
        self._randomness = randomness

    def url(self, service: str) -> str:
        """Return where the service is."""
        return self._url_of(service)

    async def call(
        self, method: str, service: str, path: str, *, role: str, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Any:
        """Call a route and return its JSON answer; a service that is briefly away is asked again."""
        headers = self._headers(method, role)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                answer = await self._client.request(method, self.url(service) + path, params=query, json=body, headers=headers)
            except httpx2.HTTPError as fault:
                if attempt == ATTEMPTS or isinstance(fault, httpx2.ConnectError):
                    raise ServiceAway(service, self.url(service)) from fault
            else:
                if answer.status_code != AWAY or attempt == ATTEMPTS:
                    return _content(service, answer)
            await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, PAUSE_SECONDS * attempt))
        raise ServiceAway(service, self.url(service))

    async def upload(self, service: str, path: str, *, role: str, query: Mapping[str, Any], file: Path) -> Any:
        """Send a file as the body, piece by piece; memory holds one piece."""
        headers = self._headers("POST", role) | {
            "Content-Type": "application/octet-stream",
            "Content-Length": str(_size(file)),
        }
        try:
            answer = await self._client.post(self.url(service) + path, params=query, content=_pieces(file), headers=headers)
        except httpx2.HTTPError as fault:
            raise ServiceAway(service, self.url(service)) from fault
        return _content(service, answer)

    async def lines(self, method: str, service: str, path: str, *, role: str, body: Any = None) -> AsyncIterator[str]:
        """Yield the lines of an answer as they come; there is no limit to how long the next one may take."""
        headers, url = self._headers(method, role), self.url(service) + path
        try:
            async with self._client.stream(method, url, json=body, headers=headers, timeout=httpx2.Timeout(60, read=None)) as answer:
                if answer.status_code >= FIRST_ERROR:
                    await answer.aread()
                    _content(service, answer)
                async for line in answer.aiter_lines():
                    yield line
        except httpx2.HTTPError as fault:
            raise ServiceAway(service, self.url(service)) from fault

    def _headers(self, method: str, role: str) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self._token_for(role)}"}
        return headers if method == "GET" else headers | {"Idempotency-Key": new_id(self._randomness)}


def _size(file: Path) -> int:
    return file.stat().st_size


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        while piece := opened.read(PIECE_BYTES):
            yield piece


def _content(service: str, answer: httpx2.Response) -> Any:
    try:
        content = answer.json() if answer.content else None
    except ValueError:
        content = None
    if answer.status_code < FIRST_ERROR:
        return content
    problem = content if isinstance(content, dict) else {}
    if answer.status_code == AWAY and "code" not in problem:
        raise ConsoleTrouble(f"{service} is not ready{_checks(problem)}")
    raise Refused(
        service,
        answer.status_code,
        str(problem.get("code", answer.status_code)),
        str(problem.get("title", answer.reason_phrase)),
        _details(problem),
        lines=tuple(map(str, (problem.get("facts") or {}).get("problems", []))),
    )


def _checks(problem: Mapping[str, Any]) -> str:
    bad = [f"{name} {state}" for name, state in (problem.get("checks") or {}).items() if state != "ok"]
    return ": " + ", ".join(bad) if bad else ""


def _details(problem: Mapping[str, Any]) -> str:
    told = problem.get("facts") or {}
    facts = [] if "problems" in told else [f"{name} {_listed(value)}" for name, value in told.items()]
    errors = [f"{'.'.join(map(str, one.get('loc', [])))}: {one.get('msg', '')}" for one in problem.get("errors") or []]
    return "; ".join(facts + errors)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@asynccontextmanager
async def opened_api(url_of: Callable[[str], str], token_for: Callable[[str], str], randomness: Randomness) -> AsyncIterator[HttpApi]:
    """Open one client for one command."""
    async with httpx2.AsyncClient(timeout=60) as client:
        yield HttpApi(client, url_of, token_for, randomness)
