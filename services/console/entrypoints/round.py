"""`tandem round`: match a programme's people."""

from typing import Annotated, Any

import typer

from services.console.application.ports import Connections
from services.console.application.run_round import RunRound, run_round
from services.console.entrypoints.output import Json, connections, print_json, print_table, progress, run

round_ = typer.Typer(no_args_is_help=True, help="Match a programme's people.", rich_markup_mode=None)


@round_.callback()
def _group() -> None:
    """Match a programme's people."""


@round_.command(name="run")
def run_(
    context: typer.Context,
    programme: Annotated[str, typer.Argument(help="The programme's id.")],
    seed: Annotated[int | None, typer.Option("--seed", help="Decides ties; the same seed repeats a round.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Stop before publishing: nobody is told yet.")] = False,
    as_json: Json = False,
) -> None:
    """Freeze who takes part, find the best pairs, and send everyone their proposal or the reason why there is none.

    Example: tandem round run peers-2027
    """
    found = run(_run(connections(context), RunRound(programme=programme, seed=seed, publish=not draft)))
    if as_json:
        print_json(found)
        return
    counts = {name: value for name, value in (found.get("counts") or {}).items() if isinstance(value, int | float | None)}
    print_table(f"Round of {programme}: {found['state']}", list(counts), [list(counts.values())])


async def _run(to: Connections, command: RunRound) -> dict[str, Any]:
    async with to.api() as api:
        with progress(f"round of {command.programme}") as told:
            return await run_round(command, api, told)
