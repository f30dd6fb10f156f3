"""Reads from another service at the moment of use (architecture section 5): with our token, correlated, bounded."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx2

from shared.http.middleware import CORRELATION_HEADER
from shared.http.settings import AuthSettings
from shared.kernel.errors import NotFound
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.observability.stacks import kind_of

TIMEOUT_SECONDS = 5.0
RENEW_BEFORE_SECONDS = 60.0
TokenSource = Callable[[], Awaitable[str]]


class PeerUnavailable(Exception):
    """Another service did not answer, or not with success. Waiting may help; nothing was changed."""

    def __init__(self, code: str) -> None:
        """Keep a code (status or kind of fault), never what was answered."""
        super().__init__(code)
        self.code = code


class ServiceClient:
    """GET on one peer. Never writes: facts travel through the outbox."""

    def __init__(self, base_url: str, token: TokenSource, client: httpx2.AsyncClient) -> None:
        """Use one `client` per process (its connections are shared)."""
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._client = client

    async def get(self, path: str, *, correlation_id: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the JSON answer of `path`.

        Raises:
            NotFound: the peer knows no such thing.
            PeerUnavailable: anything else that is not success.

        """
        headers = {"Authorization": f"Bearer {await self._token()}", CORRELATION_HEADER: correlation_id, "Accept": "application/json"}
        try:
            answer = await self._client.get(self._base_url + path, params=params, headers=headers, timeout=TIMEOUT_SECONDS)
        except httpx2.HTTPError as fault:
            raise self._unavailable(kind_of(fault)) from None
        if answer.status_code == httpx2.codes.NOT_FOUND:
            raise NotFound
        if not answer.is_success:
            raise self._unavailable(str(answer.status_code))
        return answer.json()

    @staticmethod
    def _unavailable(code: str) -> PeerUnavailable:
        get_log().warning(log_events.PEER_UNAVAILABLE, code=code)
        return PeerUnavailable(code)


class ClientCredentials:
    """A token for this service by OAuth client credentials, renewed a minute before it ends."""

    def __init__(self, settings: AuthSettings, client: httpx2.AsyncClient) -> None:
        """Take the issuer's token URL, our id and secret from `settings`."""
        self._settings = settings
        self._client = client
        self._token = ""
        self._good_until = float("-inf")
        self._lock = asyncio.Lock()

    async def __call__(self) -> str:
        """Return a token that is good for a while."""
        async with self._lock:
            now = asyncio.get_running_loop().time()
            if now >= self._good_until:
                answer = await self._ask()
                self._token = str(answer["access_token"])
                self._good_until = now + float(answer.get("expires_in", 300)) - RENEW_BEFORE_SECONDS
        return self._token

    async def _ask(self) -> dict[str, Any]:
        settings = self._settings
        secret = settings.client_secret.get_secret_value() if settings.client_secret else ""
        form = {"grant_type": "client_credentials", "audience": settings.audience}
        try:
            answer = await self._client.post(
                settings.token_url or "", data=form, auth=(settings.client_id or "", secret), timeout=TIMEOUT_SECONDS
            )
            answer.raise_for_status()
            content: dict[str, Any] = answer.json()
        except (httpx2.HTTPError, ValueError) as fault:
            raise PeerUnavailable(kind_of(fault)) from None
        if "access_token" not in content:
            raise PeerUnavailable("no-token")
        return content


def token_source(settings: AuthSettings, client: httpx2.AsyncClient) -> TokenSource:
    """Return where this service's own token comes from: settings (demo), or the issuer."""
    if settings.token_url is not None:
        return ClientCredentials(settings, client)
    given = settings.service_token

    async def fixed() -> str:
        if given is None:
            raise PeerUnavailable("no-service-token")
        return given.get_secret_value()

    return fixed
