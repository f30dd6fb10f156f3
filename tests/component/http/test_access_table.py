"""The access helper bites: it finds a route without a row, a role that gets in, and a member who sees somebody else's."""

from typing import Annotated

from fastapi import APIRouter, FastAPI

from shared.http.app import create_app
from shared.http.auth import Principal, Role, requires
from shared.kernel.randomness import seeded
from shared.observability.health import Health
from tests.support.access import Row, operations_rows, violations
from tests.support.principals import TrustingAuthenticator

OWN, OTHER = "m-own", "m-other"
GOOD = {"GET /members/{member_id}": Row(roles=(Role.MEMBER, Role.HR_ADMIN), path={"member_id": OWN}, foreign={"member_id": OTHER})}


def app(*, checked: bool) -> FastAPI:
    """Build an application whose one route may or may not look whose data it shows."""
    router = APIRouter()

    @router.get("/members/{member_id}")
    async def show(member_id: str, principal: Annotated[Principal, requires(Role.MEMBER, Role.HR_ADMIN)]) -> None:
        if checked:
            principal.require_self_or(member_id, Role.HR_ADMIN)

    return create_app(title="x", service="x", routers=[router], health=Health(), auth=TrustingAuthenticator(), randomness=seeded("access"))


async def found(built: FastAPI, table: dict[str, Row]) -> list[str]:
    """Return violations without those of the operations routes, which this small application does not have."""
    return [line for line in await violations(built, table, member_id=OWN) if line.split(":")[0] not in operations_rows()]


class TestAccessTable:
    """Architecture, identity: the table is the truth, and the routes are enumerated."""

    async def test_a_right_table_finds_nothing(self) -> None:
        """Nobody, a bad token, every role, somebody else's id: all as the table says."""
        assert await found(app(checked=True), GOOD) == []

    async def test_a_route_without_a_row_is_found(self) -> None:
        """A new route cannot be forgotten."""
        assert await found(app(checked=True), {}) == ["GET /members/{member_id}: the table has no row for this route"]

    async def test_a_row_without_a_route_is_found(self) -> None:
        """A table that speaks of another application is wrong."""
        table = GOOD | {"GET /gone": Row(roles=(Role.MEMBER,))}
        assert await found(app(checked=True), table) == ["GET /gone: the application has no such route"]

    async def test_somebody_elses_data_is_found(self) -> None:
        """A route that forgets whose data it shows is caught."""
        assert await found(app(checked=False), GOOD) == ["GET /members/{member_id}: a member got 200 for somebody else's"]

    async def test_a_role_too_many_and_a_role_too_few_are_found(self) -> None:
        """Both directions are compared."""
        table = {"GET /members/{member_id}": Row(roles=(Role.MEMBER, Role.AUDITOR), path={"member_id": OWN})}
        assert await found(app(checked=True), table) == [
            "GET /members/{member_id}: hr_admin got 200 and may not call it",
            "GET /members/{member_id}: auditor got 403 and may call it",
        ]
