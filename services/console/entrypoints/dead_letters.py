"""`tandem dead-letters`: messages that a service set aside (N2)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer

from services.console.application import dead_letters as letters
from services.console.application.ports import Api, Connections
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_table, run

dead_letters = typer.Typer(no_args_is_help=True, help="Messages that a service set aside: look, try again, give up.", rich_markup_mode=None)
SERVICE = typer.Argument(help="profile, matching, scheduling or notification.")
LETTER = typer.Argument(help="The dead letter's id, from `list`.")
COLUMNS = ("service", "event_id", "type", "topic", "code", "attempts", "first_at")


@dead_letters.callback()
def _group() -> None:
    """Messages that a service set aside: look, try again, give up."""


@dead_letters.command(name="list")
def list_(
    context: typer.Context,
    service: Annotated[list[str] | None, typer.Option("--service", help="Only of this one.")] = None,
    state: Annotated[str, typer.Option("--state", help="open, redriven or discarded.")] = "open",
    as_json: Json = False,
) -> None:
    """List what was set aside, codes and places only.

    Example: tandem dead-letters list --service notification
    """
    found = run(_with_api(connections(context), lambda api: letters.listed(service or [], state, api)))
    if as_json:
        print_json(found)
    elif not found:
        print_line("No dead letters.")
    else:
        print_table("Dead letters", COLUMNS, [[one.get(name) for name in COLUMNS] for one in found])


@dead_letters.command()
def show(context: typer.Context, service: Annotated[str, SERVICE], letter: Annotated[str, LETTER], as_json: Json = False) -> None:
    """Show all that is known of one, with what waits behind it.

    Example: tandem dead-letters show matching 1f6a0f6e-3f0e-4f3c-9a51-4a1f5b8e9d01
    """
    found = run(_with_api(connections(context), lambda api: letters.shown(service, letter, api)))
    if as_json:
        print_json(found)
    else:
        print_table(f"Dead letter {letter}", ("field", "value"), [(name, value) for name, value in found.items()])


@dead_letters.command()
def redrive(context: typer.Context, service: Annotated[str, SERVICE], letter: Annotated[str, LETTER], as_json: Json = False) -> None:
    """Try it again now; when it succeeds, what waits behind it follows in order.

    Example: tandem dead-letters redrive matching 1f6a0f6e-3f0e-4f3c-9a51-4a1f5b8e9d01
    """
    found = run(_with_api(connections(context), lambda api: letters.redriven(service, letter, api)))
    _tell(found, f"{letter} was handled", as_json=as_json)


@dead_letters.command()
def discard(
    context: typer.Context,
    service: Annotated[str, SERVICE],
    letter: Annotated[str, LETTER],
    reason: Annotated[str, typer.Option("--reason", help="Why it may be lost; kept for the audit.")],
    as_json: Json = False,
) -> None:
    """Give it up for good; what waits behind it follows.

    Example: tandem dead-letters discard matching 1f6a0f6e-3f0e-4f3c-9a51-4a1f5b8e9d01 --reason "sent twice by a test"
    """
    found = run(_with_api(connections(context), lambda api: letters.discarded(service, letter, reason, api)))
    _tell(found, f"{letter} was discarded", as_json=as_json)


async def _with_api(to: Connections, ask: Callable[[Api], Awaitable[Any]]) -> Any:
    async with to.api() as api:
        return await ask(api)


def _tell(found: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_line(sentence)
