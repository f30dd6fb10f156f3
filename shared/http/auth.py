"""Each route states who may call it; a bearer token says who calls (joserfc checks it, there is no switch to turn it off)."""

from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from shared.http.principals import Principal, Role
from shared.kernel.errors import NotAllowed, Refusal

__all__ = ["Authenticator", "NotAuthenticated", "Principal", "Requires", "Role", "requires"]

BEARER = HTTPBearer(auto_error=False, description="An access token of your company's issuer (JWT, typ at+jwt).")
BearerToken = Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)]


class NotAuthenticated(Refusal):
    """There is no token, or it is not one that this service accepts. `reason` is a code, never the token."""

    code = "not-authenticated"
    status = 401
    title = "A valid access token is needed."


class Authenticator(Protocol):
    """Turns a bearer token into a principal."""

    async def principal(self, token: str) -> Principal:
        """Return who the token stands for.

        Raises:
            NotAuthenticated: when the token is not acceptable.

        """
        ...


@dataclass(frozen=True)
class Requires:
    """The dependency of one route: a principal with one of `roles` (any role when none is named).

    It is named beside the route, hence by all builds of a service; it never changes.
    """

    roles: tuple[Role, ...]

    async def __call__(self, request: Request, bearer: BearerToken) -> Principal:
        """Check the token of `request` and the roles in it."""
        if bearer is None:
            raise NotAuthenticated(reason="no-token")
        authenticator: Authenticator = request.app.state.authenticator
        principal = await authenticator.principal(bearer.credentials)
        request.state.principal = principal
        if self.roles and not principal.has(*self.roles):
            raise NotAllowed(needs=[role.value for role in self.roles])
        return principal


def requires(*roles: Role) -> Any:
    """State who may call a route, as metadata of its parameter `principal` (see any `http.py`)."""
    return Depends(Requires(roles))
