"""An issuer for tests: real keys, real signatures; the same check as for every other issuer."""

import time
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

ISSUER = "https://issuer.test"
AUDIENCE = "tandem"


class TestIssuer:
    """Signs access tokens with a key pair of its own."""

    __test__ = False

    def __init__(self, kid: str = "k1") -> None:
        """Make a key pair."""
        self.key = RSAKey.generate_key(2048, {"kid": kid, "use": "sig", "alg": "RS256"})

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as the issuer publishes them."""
        return dict(KeySet([self.key]).as_dict(private=False))

    def token(
        self, subject: str = "m-1", roles: tuple[str, ...] = ("member",), *, header: dict[str, Any] | None = None, **claims: Any
    ) -> str:
        """Return a signed token; `claims` and `header` change what is usual (None leaves a claim out)."""
        now = int(time.time())  # noqa: TID251 - lifetimes of tokens are on the real clock
        usual = {"iss": ISSUER, "aud": AUDIENCE, "sub": subject, "roles": list(roles), "iat": now, "exp": now + 300}
        content = {name: value for name, value in (usual | claims).items() if value is not None}
        return jwt.encode({"alg": "RS256", "typ": "at+jwt", "kid": self.key.kid} | (header or {}), content, self.key)
