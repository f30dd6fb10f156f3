"""`tandem token`: an access token for trying the HTTP APIs."""

from typing import Annotated

import typer

from services.console.application.members import member_id_of
from services.console.application.ports import SERVICES, Connections
from services.console.domain.endings import Unusable
from services.console.entrypoints.output import Json, connections, print_json, print_line, run

MEMBER = "member"
ROLES = (MEMBER, "programme_admin", "hr_admin", "auditor", "operator", "service")
ONE_SERVICE = tuple(f"operator:{service}" for service in SERVICES)


def token(
    context: typer.Context,
    *,
    member: Annotated[str, typer.Argument(help="A member, by company key or Tandem's id; with other roles any name.")],
    role: Annotated[
        list[str] | None,
        typer.Option("--role", help="member (default), programme_admin, hr_admin, auditor, operator (or operator:SERVICE), service."),
    ] = None,
    programme: Annotated[list[str] | None, typer.Option("--programme", help="A programme that a programme_admin may run.")] = None,
    hours: Annotated[float, typer.Option("--hours", min=0.01, max=720, help="How long it is good for.")] = 12,
    as_json: Json = False,
) -> None:
    """Print an access token of the local issuer, for a member or for somebody with another role.

    Example: curl -H "Authorization: Bearer $(tandem token E1001)" http://127.0.0.1:PORT/members/me
    """
    roles = role or [MEMBER]
    if unknown := [name for name in roles if name not in ROLES and name not in ONE_SERVICE]:
        raise Unusable(f"{unknown[0]} is no role; there are {', '.join(ROLES)}, and operator:SERVICE for one service alone")
    subject = run(_subject(connections(context), member)) if MEMBER in roles else member
    minted = connections(context).mint(subject, roles, programme or [], hours)
    if as_json:
        print_json({"token": minted, "subject": subject, "roles": roles})
    else:
        print_line(minted)


async def _subject(to: Connections, member: str) -> str:
    async with to.api() as api:
        return await member_id_of(member, api)
