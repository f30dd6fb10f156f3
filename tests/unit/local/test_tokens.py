"""The throw-away issuer."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import KeySet

from deploy.local.tokens import ALGORITHM, AUDIENCE, ISSUER, TokenIssuer
from shared.kernel.clock import ScaledClock, WallClock
from shared.kernel.randomness import seeded


class FixedClock:
    """Always the same moment."""

    def now(self) -> datetime:
        """Return it."""
        return datetime(2027, 1, 11, 8, 0, tzinfo=UTC)

    def real_seconds(self, span: timedelta) -> float:
        """One second is one second."""
        return span.total_seconds()


class TestTokenIssuer:
    """Architecture section 8: the demo's tokens pass the same check as a real issuer's."""

    def test_a_token_is_good_for_the_published_keys(self, tmp_path: Path) -> None:
        """`typ`, `iss`, `aud`, `exp`, roles: all that the services check."""
        token = TokenIssuer(tmp_path, FixedClock(), seeded("t")).token("m-1", ["member"], lifetime=timedelta(hours=1))
        keys = KeySet.import_key_set(json.loads((tmp_path / "jwks.json").read_text()))
        read = jwt.decode(token, keys, algorithms=[ALGORITHM])
        assert read.header["typ"] == "at+jwt"
        assert read.claims["iss"] == ISSUER
        assert read.claims["aud"] == AUDIENCE
        assert read.claims["sub"] == "m-1"
        assert read.claims["roles"] == ["member"]
        assert read.claims["exp"] - read.claims["iat"] == 3600

    def test_the_published_keys_hold_nothing_private(self, tmp_path: Path) -> None:
        """Services read the public half only."""
        TokenIssuer(tmp_path, FixedClock(), seeded("t"))
        assert '"d"' not in (tmp_path / "jwks.json").read_text()
        assert (tmp_path / "issuer.json").stat().st_mode & 0o077 == 0

    def test_a_second_issuer_over_the_same_folder_is_the_same(self, tmp_path: Path) -> None:
        """`tandem token` in another terminal signs with the running stack's key."""
        TokenIssuer(tmp_path, FixedClock(), seeded("a"))
        before = (tmp_path / "jwks.json").read_text()
        TokenIssuer(tmp_path, FixedClock(), seeded("b")).token("m", ["member"])
        assert (tmp_path / "jwks.json").read_text() == before

    def test_lifetimes_are_on_the_wall_clock(self, tmp_path: Path) -> None:
        """However fast the demo's weeks pass: the issuer is given the wall."""
        fast = ScaledClock(datetime(2030, 1, 1, tzinfo=UTC), WallClock().now(), 60_000, WallClock())
        token = TokenIssuer(tmp_path, WallClock(), seeded("t")).token("m", ["member"])
        keys = KeySet.import_key_set(json.loads((tmp_path / "jwks.json").read_text()))
        issued = jwt.decode(token, keys, algorithms=[ALGORITHM]).claims["iat"]
        assert issued < fast.now().timestamp() - 86_400
