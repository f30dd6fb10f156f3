"""Access tokens, checked: signature, `typ`, `iss`, `aud`, `exp`, and an allow-list of algorithms (joserfc)."""

from collections.abc import Sequence
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import JoseError

from shared.http.auth import NotAuthenticated
from shared.http.keys import KeyCache
from shared.http.principals import Principal, Role
from shared.http.settings import AuthSettings
from shared.kernel.clock import Clock
from shared.observability import log_events
from shared.observability.logging import get_log

TOKEN_BYTES_MAX = 8192
LEEWAY_SECONDS = 30
_TYPES = ("at+jwt", "application/at+jwt")


class TokenAuthenticator:
    """The one way in: the demo's tokens pass through it like those of a real issuer."""

    def __init__(self, settings: AuthSettings, keys: KeyCache, *, service: str, wall: Clock) -> None:
        """Token lifetimes are on the `wall` clock, however fast business time runs. `service` is who asks for the token here."""
        self._settings = settings
        self._keys = keys
        self._only_here = f":{service}"
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(wall.now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.audience},
            exp={"essential": True},
            sub={"essential": True},
        )

    async def principal(self, token: str) -> Principal:
        """Return who the token stands for.

        Raises:
            NotAuthenticated: with a code as reason; the log gets the same code, never the token.

        """
        try:
            claims = await self._checked(token)
        except NotAuthenticated as refusal:
            get_log().info(log_events.TOKEN_REFUSED, code=refusal.facts.get("reason"))
            raise
        return self._named(claims)

    async def _checked(self, token: str) -> dict[str, Any]:
        if len(token) > TOKEN_BYTES_MAX:
            raise NotAuthenticated(reason="token-too-long")
        try:
            header = jws.extract_compact(token.encode()).headers()
        except (JoseError, ValueError):
            raise NotAuthenticated(reason="not-a-token") from None
        if str(header.get("typ", "")).lower() not in _TYPES:
            raise NotAuthenticated(reason="wrong-type")
        if header.get("alg") not in self._settings.algorithms:
            raise NotAuthenticated(reason="wrong-algorithm")
        key = await self._keys.find(str(header.get("kid", "")))
        if key is None:
            raise NotAuthenticated(reason="unknown-key")
        try:
            claims = jwt.decode(token, key, algorithms=list(self._settings.algorithms)).claims
        except (JoseError, ValueError):
            raise NotAuthenticated(reason="bad-signature") from None
        try:
            self._claims.validate(claims)
        except JoseError as fault:
            raise NotAuthenticated(reason=fault.error.replace("_", "-")) from None
        return claims

    def _named(self, claims: dict[str, Any]) -> Principal:
        roles = self._roles(_texts(claims.get(self._settings.roles_claim)))
        member = claims.get(self._settings.member_claim)
        return Principal(
            subject=str(claims["sub"]),
            member_id=member if isinstance(member, str) and Role.MEMBER in roles else None,
            roles=roles,
            programmes=tuple(_texts(claims.get(self._settings.programmes_claim))),
        )

    def _roles(self, words: Sequence[str]) -> tuple[Role, ...]:
        """Return the roles that hold in this service: `operator` holds everywhere, `operator:matching` in matching alone (N2)."""
        found = [self._settings.role_map.get(word, word).removesuffix(self._only_here) for word in words]
        return tuple(role for role in Role if role.value in found)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return value.split()
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
