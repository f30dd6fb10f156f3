"""`tandem dead-letters`: messages that a service set aside (N2)."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Annotated, Any, NoReturn

import typer

from services.console.application import dead_letters as letters
from services.console.application.ports import Api, Connections
from services.console.domain.endings import Unusable
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_note, print_table, progress, run

dead_letters = typer.Typer(
    no_args_is_help=True, help="Messages that a service set aside: look, try again, give up.", rich_markup_mode=None, add_completion=False
)
SERVICE = typer.Argument(help="profile, matching, scheduling or notification.")
LETTER = typer.Argument(help="The dead letter's id, from `list`.")
AUDITED = ("at", "action", "outcome", "by", "reason")
COLUMNS = ("service", "event_id", "type", "topic", "code", "attempts", "held", "first_at")


@dead_letters.callback()
def _group() -> None:
    """Messages that a service set aside: look, try again, give up."""


@dead_letters.command(name="list")
def list_(
    context: typer.Context,
    service: Annotated[list[str] | None, typer.Option("--service", help="Only of this one.")] = None,
    state: Annotated[str, typer.Option("--state", help="open, redriven or discarded.")] = "open",
    code: Annotated[str | None, typer.Option("--code", help="Only of this cause.")] = None,
    as_json: Json = False,
) -> None:
    """List what was set aside with its cause and how many events of its key wait behind it; codes and places only.

    Example: tandem dead-letters list --service notification --code unreadable-data
    """
    found = run(_with_api(connections(context), lambda api: letters.listed(service or [], state, code, api)))
    if as_json:
        print_json(found)
    elif not found:
        print_line("No dead letters.")
    else:
        print_table("Dead letters", COLUMNS, [[one.get(name) for name in COLUMNS] for one in found])
    for name, count in Counter(one["service"] for one in found).items():
        if count == letters.LISTED_MAX:
            print_note(f"{name}: the oldest {count} are shown; there may be more (--code narrows it)")


@dead_letters.command()
def show(
    context: typer.Context,
    service: Annotated[str, SERVICE],
    letter: Annotated[str, LETTER],
    *,
    payload: Annotated[bool, typer.Option("--payload", help="Also what it said, private words redacted; noted in its audit.")] = False,
    as_json: Json = False,
) -> None:
    """Show all that is known of one, with what waits behind it.

    Example: tandem dead-letters show matching 1f6a0f6e-3f0e-4f3c-9a51-4a1f5b8e9d01 --payload
    """
    found = run(_with_api(connections(context), lambda api: letters.shown(service, letter, api, payload=payload)))
    if as_json:
        print_json(found)
    else:
        print_table(f"Dead letter {letter}", ("field", "value"), list(_fields(found)))


@dead_letters.command()
def redrive(
    context: typer.Context,
    service: Annotated[str, SERVICE],
    letter: Annotated[str | None, LETTER] = None,
    *,
    every: Annotated[bool, typer.Option("--all", help="Every open one of the service.")] = False,
    code: Annotated[str | None, typer.Option("--code", help="With --all: only of this cause.")] = None,
    as_json: Json = False,
) -> None:
    """Try one, or all of a cause, again now; when it succeeds, what waits behind it follows in order.

    Example: tandem dead-letters redrive matching --all --code unknown-major
    """
    if every == (letter is not None) or (code is not None and not every):
        raise Unusable("Say what is meant: one dead letter's id, or --all, which --code may narrow to one cause")
    if letter is None:
        _redrive_all(connections(context), service, code, as_json=as_json)
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


def _fields(found: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what is known, one step of the audit and one field of the data a line."""
    for name, value in found.items():
        if name == "audit":
            yield from ((name, " ".join(str(one[part]) for part in AUDITED if one.get(part))) for one in value)
        elif name == "data" and isinstance(value, Mapping):
            yield from ((f"data.{each}", said) for each, said in value.items())
        else:
            yield name, ", ".join(value) if name == "headers" else value


def _redrive_all(to: Connections, service: str, code: str | None, *, as_json: bool) -> NoReturn:
    with progress("dead letters") as told:
        found: letters.RedrivenAll = run(_with_api(to, lambda api: letters.redriven_all(service, code, api, told)))
    if as_json:
        print_json(found.as_plain())
    else:
        print_line(f"{len(found.redriven)} were handled, {len(found.failed)} failed again and stay set aside")
        for letter, why in found.failed.items():
            print_note(f"    {letter}: {why}")
    raise typer.Exit(found.exit_code)


async def _with_api(to: Connections, ask: Callable[[Api], Awaitable[Any]]) -> Any:
    async with to.api() as api:
        return await ask(api)


def _tell(found: dict[str, Any], sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_line(sentence)
