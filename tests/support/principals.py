"""Callers for component tests: the token says who it is, so no keys are needed. The real check is tested in tests/unit/http."""

import base64
import json

from shared.http.auth import NotAuthenticated, Principal, Role


def token_of(principal: Principal) -> str:
    """Return a token that `TrustingAuthenticator` turns into `principal`."""
    content = [principal.subject, principal.member_id, [role.value for role in principal.roles], list(principal.programmes)]
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


def bearer(principal: Principal) -> dict[str, str]:
    """Return the header of a call by `principal`."""
    return {"Authorization": f"Bearer {token_of(principal)}"}


def member(member_id: str) -> Principal:
    """Return a member as caller."""
    return Principal(subject=member_id, member_id=member_id, roles=(Role.MEMBER,))


def caller(role: Role, *, subject: str = "", programmes: tuple[str, ...] = ()) -> Principal:
    """Return somebody who has one role and is no member."""
    return Principal(subject=subject or f"the-{role.value}", roles=(role,), programmes=programmes)


class TrustingAuthenticator:
    """Believes what a token says."""

    async def principal(self, token: str) -> Principal:
        """Return who the token says it is."""
        try:
            subject, member_id, roles, programmes = json.loads(base64.urlsafe_b64decode(token))
        except ValueError:
            raise NotAuthenticated(reason="not-a-token") from None
        return Principal(subject=subject, member_id=member_id, roles=tuple(Role(role) for role in roles), programmes=tuple(programmes))
