"""Every request body has a limit; a route that takes files states its own, as it states who may call it."""

from typing import Any

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

BODY_BYTES_MAX = 1_048_576
_TOO_LARGE = 413


class TakesUpTo:
    """The marker of a route with a limit of its own."""

    def __init__(self, limit: int) -> None:
        """Keep the limit."""
        self.limit = limit

    async def __call__(self) -> None:
        """Do nothing: the limit is read before the body is."""


def takes_up_to(limit: int) -> Any:
    """State a route's own limit in bytes: `dependencies=[takes_up_to(200 * MEBIBYTE)]` in its decorator."""
    return Depends(TakesUpTo(limit))


def limit_of(scope: Scope) -> int:
    """Return how many bytes the route of this request takes."""
    route = scope.get("route")
    if isinstance(route, APIRoute):
        for dependency in route.dependant.dependencies:
            if isinstance(dependency.call, TakesUpTo):
                return dependency.call.limit
    return BODY_BYTES_MAX


class LimitedBody:
    """The `receive` of one request: gives up (413) as soon as a body is, or says it is, longer than its route takes."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        """Wrap `receive`; the route is known when the first part is asked for."""
        self._scope = scope
        self._receive = receive
        self._seen = 0

    async def __call__(self) -> Message:
        """Return the next part of the body.

        Raises:
            HTTPException: 413.

        """
        limit = limit_of(self._scope)
        declared = Headers(scope=self._scope).get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            raise HTTPException(_TOO_LARGE)
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > limit:
            raise HTTPException(_TOO_LARGE)
        return message
