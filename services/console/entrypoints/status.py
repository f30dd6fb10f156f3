"""`tandem status`: how the services are."""

import typer

from services.console.application.status import ServiceStatus, exit_code_of
from services.console.application.status import status as ask_status
from services.console.entrypoints.output import Json, connections, print_json, print_table, run

COLUMNS = ("service", "state", "lag", "outbox", "oldest (s)", "parked", "dead letters", "timers due")


def status(context: typer.Context, as_json: Json = False) -> None:
    """Show services, consumer lag, outbox depth, its oldest row, dead letters. Exit code 1 when one is not ready.

    Example: tandem status --json
    """
    found = run(_ask(context))
    if as_json:
        print_json([one.as_plain() for one in found])
    else:
        print_table("Services", COLUMNS, [_row(one) for one in found])
    raise typer.Exit(exit_code_of(found))


async def _ask(context: typer.Context) -> list[ServiceStatus]:
    async with connections(context).api() as api:
        return await ask_status(api)


def _row(one: ServiceStatus) -> tuple[object, ...]:
    return (
        one.service,
        one.state,
        one.lag,
        one.figure("outbox", "depth"),
        one.figure("outbox", "oldest_seconds"),
        one.figure("parked"),
        one.figure("dead_letters"),
        one.figure("timers", "due"),
    )
