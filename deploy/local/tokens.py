"""The throw-away issuer of a local run: its tokens pass the same check as a real issuer's, there is no switch that turns it off."""

import json
import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey

from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id

ISSUER = "urn:tandem:local-issuer"
AUDIENCE = "tandem"
ALGORITHM = "ES256"
LIFETIME = timedelta(hours=12)


class TokenIssuer:
    """Signs access tokens (`typ` at+jwt) with a key pair that lives in the run's data folder. Times are the wall's, never the demo's."""

    def __init__(self, keys: Path, wall: Clock, randomness: Randomness) -> None:
        """Use the key in `keys`, or make one: `issuer.json` is for the owner's eyes, `jwks.json` is what the services read."""
        self._wall = wall
        self._randomness = randomness
        self.private_file = keys / "issuer.json"
        self.jwks_file = keys / "jwks.json"
        if not self.private_file.exists():
            _write_keys(self.private_file, self.jwks_file, key_id=new_id(randomness))
        self._key = ECKey.import_key(json.loads(self.private_file.read_text()))

    def token(
        self, subject: str, roles: Sequence[str], programmes: Sequence[str] = (), *, lifetime: timedelta = LIFETIME, **claims: Any
    ) -> str:
        """Return a token for `subject` (a member's id, an administrator's name, a service's name) in these roles."""
        now = int(self._wall.now().timestamp())
        content = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": subject,
            "iat": now,
            "exp": now + int(lifetime.total_seconds()),
            "jti": new_id(self._randomness),
            "client_id": "tandem-local",
            "roles": list(roles),
            "programmes": list(programmes),
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, content | claims, self._key, algorithms=[ALGORITHM])

    def settings(self, service: str) -> Mapping[str, str]:
        """Return the environment by which `service` believes this issuer and names itself to the others."""
        return {
            "TANDEM_AUTH__ISSUER": ISSUER,
            "TANDEM_AUTH__AUDIENCE": AUDIENCE,
            "TANDEM_AUTH__JWKS": str(self.jwks_file),
            "TANDEM_AUTH__SERVICE_TOKEN": self.token(service, ["service"], lifetime=timedelta(days=30)),
        }


def _write_keys(private_file: Path, jwks_file: Path, *, key_id: str) -> None:
    private_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = ECKey.generate_key("P-256", {"kid": key_id, "use": "sig", "alg": ALGORITHM})
    jwks_file.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    handle = os.open(private_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump(key.as_dict(private=True), file)
