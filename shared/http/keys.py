"""The issuer's public keys: cached, fetched once more for an unknown key id, not too often, kept while the issuer is away."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet

from shared.observability import log_events
from shared.observability.logging import get_log
from shared.observability.stacks import kind_of

Fetch = Callable[[], Awaitable[bytes]]
REFRESH_SECONDS = 600.0
PAUSE_SECONDS = 5.0
"""The least time between two fetches, so that tokens with invented key ids do not make us call the issuer."""
FETCH_SECONDS_MAX = 3.0


class KeyCache:
    """Public keys by id. Holds at most what the issuer publishes."""

    def __init__(self, fetch: Fetch) -> None:
        """`fetch` returns the issuer's JWKS document."""
        self._fetch = fetch
        self._keys: dict[str, Key] = {}
        self._fetched_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def find(self, kid: str) -> Key | None:
        """Return the key called `kid` (the only key when the token names none), None when there is no such key."""
        now = asyncio.get_running_loop().time()
        key = self._known(kid)
        if key is not None and now - self._fetched_at < REFRESH_SECONDS:
            return key
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now - self._tried_at >= PAUSE_SECONDS:
                self._tried_at = now
                await self._refresh(now)
        return self._known(kid)

    def _known(self, kid: str) -> Key | None:
        if not kid and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid)

    async def _refresh(self, now: float) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                document = json.loads(await self._fetch())
            keys = {str(key.kid or ""): key for key in KeySet.import_key_set(document).keys}
        except (OSError, TimeoutError, ValueError, KeyError, TypeError, JoseError, httpx2.HTTPError) as fault:
            get_log().warning(log_events.KEYS_UNAVAILABLE, code=kind_of(fault), known=len(self._keys))
            return
        self._keys, self._fetched_at = keys, now
        get_log().info(log_events.KEYS_FETCHED, known=len(keys))


def key_source(jwks: str, client: httpx2.AsyncClient) -> Fetch:
    """Return how to fetch the JWKS document that settings name: a URL, or a file."""
    if not jwks.startswith(("http://", "https://")):
        path = Path(jwks.removeprefix("file://"))

        async def read() -> bytes:
            return _content(path)

        return read

    async def get() -> bytes:
        answer = await client.get(jwks)
        answer.raise_for_status()
        return answer.content

    return get


def _content(path: Path) -> bytes:
    return path.read_bytes()
