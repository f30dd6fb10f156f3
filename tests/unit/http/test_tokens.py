"""Architecture, identity: a token is believed only when signature, type, issuer, audience, lifetime and algorithm are right."""

import base64
import hmac
import json
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from pydantic import ValidationError

from shared.http.auth import NotAuthenticated
from shared.http.keys import KeyCache
from shared.http.principals import Principal, Role
from shared.http.settings import AuthSettings
from shared.http.tokens import TokenAuthenticator
from shared.kernel.clock import WallClock
from tests.support.tokens import AUDIENCE, ISSUER, TestIssuer


@pytest.fixture(scope="module")
def issuer() -> TestIssuer:
    """Make one key pair for all tests here."""
    return TestIssuer()


def authenticator(issuer: TestIssuer, service: str = "profile", **settings: Any) -> TokenAuthenticator:
    """Build the check that production uses, with keys from memory."""

    async def fetch() -> bytes:
        return json.dumps(issuer.jwks()).encode()

    chosen = AuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks="https://issuer.test/jwks", **settings)
    return TokenAuthenticator(chosen, KeyCache(fetch), service=service, wall=WallClock())


async def reason(issuer: TestIssuer, token: str) -> object:
    """Return why a token is refused."""
    with pytest.raises(NotAuthenticated) as refusal:
        await authenticator(issuer).principal(token)
    return refusal.value.facts["reason"]


class TestAcceptedTokens:
    """A good token names a principal."""

    async def test_a_member(self, issuer: TestIssuer) -> None:
        """The member's id comes from the claim that settings name."""
        principal = await authenticator(issuer).principal(issuer.token("m-1"))
        assert principal == Principal(subject="m-1", member_id="m-1", roles=(Role.MEMBER,))

    async def test_a_service_is_no_member(self, issuer: TestIssuer) -> None:
        """Only the role `member` makes the subject a member's id."""
        principal = await authenticator(issuer).principal(issuer.token("notification", ("service",)))
        assert principal.member_id is None
        assert principal.roles == (Role.SERVICE,)

    async def test_groups_become_roles_by_configuration(self, issuer: TestIssuer) -> None:
        """A company's group names are mapped; words that mean nothing give no role."""
        token = issuer.token("x", (), groups=["GG-HR", "whatever"])
        principal = await authenticator(issuer, roles_claim="groups", role_map={"GG-HR": Role.HR_ADMIN}).principal(token)
        assert principal.roles == (Role.HR_ADMIN,)

    @pytest.mark.parametrize(
        ("words", "service", "roles"),
        [
            (("operator:matching",), "matching", (Role.OPERATOR,)),
            (("operator:matching",), "profile", ()),
            (("operator:matching", "auditor"), "profile", (Role.AUDITOR,)),
            (("operator",), "profile", (Role.OPERATOR,)),
            (("operator:match",), "matching", ()),
            (("operator:",), "matching", ()),
        ],
    )
    async def test_a_role_may_hold_in_one_service_alone(
        self, issuer: TestIssuer, words: tuple[str, ...], service: str, roles: tuple[Role, ...]
    ) -> None:
        """N2: what a dead letter said is for operators of that service; `operator` alone is all services'."""
        principal = await authenticator(issuer, service).principal(issuer.token("x", words))
        assert principal.roles == roles

    async def test_programmes_of_an_administrator(self, issuer: TestIssuer) -> None:
        """A programme administrator administers the programmes that the token names."""
        token = issuer.token("x", ("programme_admin",), programmes=["p-1"])
        principal = await authenticator(issuer).principal(token)
        principal.require_programme("p-1")
        assert principal.programmes == ("p-1",)

    async def test_the_long_form_of_the_type(self, issuer: TestIssuer) -> None:
        """RFC 9068 allows the media type in full."""
        assert await authenticator(issuer).principal(issuer.token(header={"typ": "application/at+JWT"}))


class TestRefusedTokens:
    """Each fault has a code of its own; nobody gets in."""

    async def test_an_id_token(self, issuer: TestIssuer) -> None:
        """Only access tokens are accepted."""
        assert await reason(issuer, issuer.token(header={"typ": "JWT"})) == "wrong-type"

    @pytest.mark.parametrize(
        ("claims", "code"),
        [
            ({"iss": "https://evil.test"}, "invalid-claim"),
            ({"aud": "another-system"}, "invalid-claim"),
            ({"exp": 1_000_000_000}, "expired-token"),
            ({"exp": None}, "missing-claim"),
            ({"iss": None}, "missing-claim"),
            ({"aud": None}, "missing-claim"),
            ({"nbf": 9_999_999_999}, "invalid-claim"),
        ],
    )
    async def test_a_wrong_claim(self, issuer: TestIssuer, claims: dict[str, Any], code: str) -> None:
        """Issuer, audience and lifetime are checked, and must be there."""
        assert await reason(issuer, issuer.token(**claims)) == code

    async def test_another_key_under_a_known_name(self, issuer: TestIssuer) -> None:
        """A signature by somebody else's key is refused, whatever key id it names."""
        assert await reason(issuer, TestIssuer("k1").token()) == "bad-signature"

    async def test_an_unknown_key(self, issuer: TestIssuer) -> None:
        """A key id that the issuer does not publish is refused."""
        assert await reason(issuer, TestIssuer("k2").token()) == "unknown-key"

    async def test_no_signature_at_all(self, issuer: TestIssuer) -> None:
        """`alg: none` is not on the list."""
        assert await reason(issuer, "eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.eyJzdWIiOiJ4In0.") == "wrong-algorithm"

    async def test_the_public_key_used_as_a_shared_secret(self, issuer: TestIssuer) -> None:
        """Key confusion: HS256 signed with the published key is refused by the list of algorithms."""
        signed = b".".join(
            base64.urlsafe_b64encode(part).rstrip(b"=") for part in (b'{"alg":"HS256","typ":"at+jwt","kid":"k1"}', b'{"sub":"x"}')
        )
        mac = hmac.digest(issuer.key.as_pem(private=False), signed, "sha256")
        token = (signed + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()
        assert await reason(issuer, token) == "wrong-algorithm"

    @pytest.mark.parametrize("token", ["", "x", "a.b.c", "é.é.é", "..", "eyJ.eyJ.eyJ"])
    async def test_something_else(self, issuer: TestIssuer, token: str) -> None:
        """Rubbish is refused without a fault of ours."""
        assert await reason(issuer, token) == "not-a-token"

    async def test_a_very_long_one(self, issuer: TestIssuer) -> None:
        """A header has a limit."""
        assert await reason(issuer, "a" * 10_000) == "token-too-long"


class TestSettings:
    """There is no switch that turns checks off."""

    @pytest.mark.parametrize("algorithms", [("none",), ("HS256",), ("RS256", "HS512"), ()])
    def test_only_asymmetric_algorithms_can_be_allowed(self, algorithms: tuple[str, ...]) -> None:
        """A shared secret or no signature cannot be configured."""
        with pytest.raises(ValidationError):
            AuthSettings(issuer=ISSUER, jwks="x", algorithms=algorithms)


class TestKeyRotation:
    """Keys are cached, fetched again when needed, and kept while the issuer is away."""

    async def test_a_new_key_is_fetched_once_it_is_used(self, issuer: TestIssuer) -> None:
        """An unknown key id leads to one more fetch (after the pause between fetches)."""
        published = [issuer.key]
        fetches = []

        async def fetch() -> bytes:
            fetches.append(1)
            return json.dumps({"keys": [key.as_dict(private=False) for key in published]}).encode()

        cache = KeyCache(fetch)
        assert await cache.find("k1")
        published.append(RSAKey.generate_key(2048, {"kid": "k9"}))
        assert await cache.find("k9") is None
        cache._tried_at = float("-inf")  # the pause has passed
        assert await cache.find("k9")
        assert len(fetches) == 2

    async def test_invented_key_ids_do_not_make_us_call_the_issuer(self, issuer: TestIssuer) -> None:
        """At most one fetch in five seconds."""
        fetches = []

        async def fetch() -> bytes:
            fetches.append(1)
            return json.dumps(issuer.jwks()).encode()

        cache = KeyCache(fetch)
        for number in range(50):
            assert await cache.find(f"invented-{number}") is None
        assert len(fetches) == 1

    async def test_an_issuer_that_is_away_changes_nothing(self, issuer: TestIssuer) -> None:
        """Keys known so far stay in use, also after their refresh time."""
        answers: list[bytes] = [json.dumps(issuer.jwks()).encode()]

        async def fetch() -> bytes:
            if not answers:
                raise ConnectionError
            return answers.pop()

        cache = KeyCache(fetch)
        assert await cache.find("k1")
        cache._tried_at = cache._fetched_at = float("-inf")
        assert await cache.find("k1")

    async def test_rubbish_instead_of_keys_changes_nothing(self, issuer: TestIssuer) -> None:
        """An error page is not a set of keys."""
        answers = [b"<html>", b'{"keys": 3}', b'{"keys": [{"kty": "RSA"}]}', json.dumps(issuer.jwks()).encode()]

        async def fetch() -> bytes:
            return answers.pop()

        cache = KeyCache(fetch)
        assert await cache.find("k1")
        while answers:
            cache._tried_at = cache._fetched_at = float("-inf")
            assert await cache.find("k1")
