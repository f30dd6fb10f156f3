"""The demo's way to speak with the services: HTTP with a person's own token, commands with an idempotency key."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx2 as httpx

from shared.kernel.randomness import Randomness, new_id

TRIES = 20
SERVER_ERROR = 500


class Refused(Exception):
    """A service said no; `code` is the stable code of its problem answer."""

    def __init__(self, status: int, code: str, answer: Mapping[str, Any]) -> None:
        """Keep the answer."""
        super().__init__(f"{status} {code}")
        self.status, self.code, self.answer = status, code, answer


class Api:
    """Speaks to all services. `token(member_id)` mints a person's own token; a repeat carries the same key."""

    def __init__(self, urls: Mapping[str, str], token: Callable[[str], str], client: httpx.AsyncClient, randomness: Randomness) -> None:
        self._urls, self._token, self._client, self._randomness = urls, token, client, randomness

    async def get(self, service: str, path: str, who: str, **query: Any) -> Any:
        """Read as `who`."""
        return (await self._send("GET", service, path, who, {}, params=query)).json()

    async def post(self, service: str, path: str, who: str, body: Any = None) -> Any:
        """Command as `who`; repeated under one idempotency key when the answer is lost or the service is busy."""
        return await self._command("POST", service, path, who, body)

    async def put(self, service: str, path: str, who: str, body: Any, etag: str | None = None) -> Any:
        """Replace as `who`, if nothing changed since `etag`."""
        return await self._command("PUT", service, path, who, body, {"If-Match": etag} if etag else {})

    async def upload(self, service: str, path: str, who: str, content: bytes, headers: Mapping[str, str]) -> Any:
        """Send a file's bytes as `who`."""
        return (await self._send("POST", service, path, who, headers, content=content)).json()

    async def all_pages(self, service: str, path: str, who: str) -> list[Any]:
        """Return all items of a paged listing."""
        items: list[Any] = []
        cursor: str | None = None
        while True:
            page = await self.get(service, path, who, **({"cursor": cursor} if cursor else {}))
            items += page["items"]
            cursor = page["next"]
            if cursor is None:
                return items

    async def etag(self, service: str, path: str, who: str) -> str | None:
        """Return the present ETag of a resource."""
        return (await self._send("GET", service, path, who, {})).headers.get("etag")

    async def _command(  # noqa: PLR0917 - the five words of every command, and its precondition
        self, method: str, service: str, path: str, who: str, body: Any, precondition: Mapping[str, str] | None = None
    ) -> Any:
        sent = dict(precondition or {}) | {"Idempotency-Key": new_id(self._randomness)}
        answer = await self._send(method, service, path, who, sent, json=body)
        return answer.json() if answer.content else None

    async def _send(self, method: str, service: str, path: str, who: str, headers: Mapping[str, str], **rest: Any) -> httpx.Response:
        sent = dict(headers) | {"Authorization": f"Bearer {self._token(who)}"}
        for attempt in range(1, TRIES + 1):
            try:
                answer = await self._client.request(method, self._urls[service] + path, headers=sent, **rest)
            except httpx.TransportError:
                if attempt == TRIES:
                    raise
            else:
                if answer.status_code < SERVER_ERROR or attempt == TRIES:
                    break
            await asyncio.sleep(0.1 * attempt)
        if answer.is_error:
            said = answer.json() if "json" in answer.headers.get("content-type", "") else {}
            raise Refused(answer.status_code, str(said.get("code", answer.status_code)), said)
        return answer
