"""Architecture, identity: a table says who may call what; every route is tried with every role and with somebody else's ids.

    TABLE = {
        "GET /members/{member_id}": Row(roles=(Role.HR_ADMIN, Role.MEMBER), path={"member_id": OWN}, foreign={"member_id": OTHER}),
        …
    }
    assert await violations(app, TABLE, member_id=OWN) == []

Routes are enumerated from the application: a route without a row, or a row without a route, is a violation.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from fastapi import FastAPI

from shared.http.app import api_routes
from shared.http.auth import Principal, Role
from tests.support.principals import bearer

PUBLIC = ("GET /live", "GET /ready", "GET /metrics")
OPERATIONS = (
    "GET /ops/status",
    "GET /ops/dead-letters",
    "GET /ops/dead-letters/{event_id}",
    "GET /ops/dead-letters/{event_id}/payload",
    "GET /ops/replays",
    "GET /ops/replays/{replay_id}",
)
OPERATIONS_POST = ("POST /ops/dead-letters/{event_id}/redrive", "POST /ops/dead-letters/{event_id}/discard")
REPLAYS_POST = ("POST /ops/replays", "POST /ops/replays/{replay_id}/stop")
REFUSED = (403, 404)
UNAUTHENTICATED = 401
FAULTS_FROM = 500


@dataclass(frozen=True, kw_only=True)
class Row:
    """Who may call one route, and how to call it."""

    roles: tuple[Role, ...]
    """These may; a principal with any other role alone must be refused (403, or 404 to hide that the thing exists)."""
    path: Mapping[str, str] = field(default_factory=dict)
    """Values of the path's parameters: things of the member who calls."""
    foreign: Mapping[str, str] | None = None
    """The same for things of somebody else: a member must be refused."""
    query: Mapping[str, str] = field(default_factory=dict)
    foreign_query: Mapping[str, str] | None = None
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    programmes: tuple[str, ...] = ()
    """What a programme administrator administers."""


def operations_rows() -> dict[str, Row]:
    """Return the rows of the routes that every service has: operators only."""
    path = {"event_id": "none", "replay_id": "none"}
    rows = {name: Row(roles=(Role.OPERATOR,), path=path) for name in (*OPERATIONS, *OPERATIONS_POST)}
    rows |= {name: Row(roles=(Role.OPERATOR,), path=path, body={"repair": False, "topics": ["none"]}) for name in REPLAYS_POST}
    rows["POST /ops/dead-letters/{event_id}/discard"] = Row(roles=(Role.OPERATOR,), path=path, body={"reason": "test"})
    return rows


async def violations(
    app: FastAPI, table: Mapping[str, Row], *, member_id: str, before_each: Callable[[], Awaitable[None]] | None = None
) -> list[str]:
    """Try all routes of `app`; return one line per answer that contradicts `table` (own operations rows are added)."""
    wanted = operations_rows() | dict(table)
    routes = {
        f"{method} {str(context.path).replace(':path', '')}" for context, _ in api_routes(app.routes) for method in context.methods or ()
    } - set(PUBLIC)
    found = [f"{name}: the table has no row for this route" for name in sorted(routes - set(wanted))]
    found += [f"{name}: the application has no such route" for name in sorted(set(wanted) - routes)]
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://test") as client:
        for name in sorted(routes & set(wanted)):
            attempt = _Attempt(client, name, wanted[name], member_id, before_each)
            found += await attempt.all()
    return found


class _Attempt:
    """All calls of one route."""

    def __init__(
        self, client: httpx2.AsyncClient, name: str, row: Row, member_id: str, before_each: Callable[[], Awaitable[None]] | None
    ) -> None:
        self._client = client
        self._name = name
        self._row = row
        self._member_id = member_id
        self._before_each = before_each

    async def all(self) -> list[str]:
        """Return what went wrong."""
        found = []
        for label, headers in (("nobody", {}), ("a bad token", {"Authorization": "Bearer no.good.token"})):
            status = await self._status(headers, self._row.path, self._row.query)
            if status != UNAUTHENTICATED:
                found.append(f"{self._name}: {label} got {status} instead of 401")
        for role in Role:
            found += self._judged(role, await self._status(bearer(self._principal(role)), self._row.path, self._row.query))
        if self._row.foreign is not None or self._row.foreign_query is not None:
            found += await self._foreign()
        return found

    def _judged(self, role: Role, status: int) -> list[str]:
        if role in self._row.roles:
            wrong = status in (UNAUTHENTICATED, 403) or status >= FAULTS_FROM
            return [f"{self._name}: {role.value} got {status} and may call it"] if wrong else []
        return [] if status in REFUSED else [f"{self._name}: {role.value} got {status} and may not call it"]

    async def _foreign(self) -> list[str]:
        path, query = self._row.foreign or self._row.path, self._row.foreign_query or self._row.query
        status = await self._status(bearer(self._principal(Role.MEMBER)), path, query)
        return [] if status in REFUSED else [f"{self._name}: a member got {status} for somebody else's"]

    def _principal(self, role: Role) -> Principal:
        if role is Role.MEMBER:
            return Principal(subject=self._member_id, member_id=self._member_id, roles=(role,))
        programmes = self._row.programmes if role is Role.PROGRAMME_ADMIN else ()
        return Principal(subject=f"the-{role.value}", roles=(role,), programmes=programmes)

    async def _status(self, headers: Mapping[str, str], path: Mapping[str, str], query: Mapping[str, str]) -> int:
        if self._before_each is not None:
            await self._before_each()
        method, template = self._name.split(" ", 1)
        answer = await self._client.request(
            method, template.format(**path), params=dict(query), headers={**self._row.headers, **headers}, json=self._row.body
        )
        return int(answer.status_code)
