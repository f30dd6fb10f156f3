"""`tandem events`: the facts as every other system may read them (N1)."""

import json
import sys
from typing import Annotated

import typer

from services.console.application.ports import Connections
from services.console.domain.endings import Exit
from services.console.domain.facts import Fact, Wanted
from services.console.entrypoints.output import Json, connections, print_line, run

events = typer.Typer(
    no_args_is_help=True, help="The facts as every other system may read them.", rich_markup_mode=None, add_completion=False
)


@events.callback()
def _group() -> None:
    """Read the facts as every other system may."""


@events.command()
def tail(
    context: typer.Context,
    *,
    type_: Annotated[str | None, typer.Option("--type", help="A type, or words of it: pairing.activated")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Only of this member, pairing, round or programme.")] = None,
    from_beginning: Annotated[bool, typer.Option("--from-beginning", help="All that the topics still hold, then what comes.")] = False,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop at what is the end now, instead of waiting for more.")] = False,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="Stop after so many.")] = None,
    as_json: Json = False,
) -> None:
    """Follow the facts of all topics: one line each, with --json one JSON object a line. Ctrl-C ends it.

    Example: tandem events tail --type pairing --from-beginning --until-end
    """
    try:
        run(
            _tail(
                connections(context),
                Wanted(type=type_, subject=subject),
                from_beginning=from_beginning,
                until_end=until_end,
                limit=limit,
                as_json=as_json,
            )
        )
    except KeyboardInterrupt:
        raise typer.Exit(Exit.DONE) from None


async def _tail(to: Connections, wanted: Wanted, *, from_beginning: bool, until_end: bool, limit: int | None, as_json: bool) -> None:
    shown = 0
    async for fact in to.facts().tail(from_beginning=from_beginning, until_end=until_end):
        if not wanted.takes(fact):
            continue
        print_line(json.dumps(fact.as_plain(), ensure_ascii=False) if as_json else _line(fact))
        sys.stdout.flush()
        shown += 1
        if shown == limit:
            return


def _line(fact: Fact) -> str:
    rest = {name: value for name, value in fact.data.items() if value != fact.key} if isinstance(fact.data, dict) else fact.data
    return f"{fact.attributes.get('time', '')}  {fact.type}  {fact.key}  {json.dumps(rest, ensure_ascii=False)}"
