"""`tandem programme`: programmes and their rules as files."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.application.apply_programme import apply_programme
from services.console.application.ports import Connections
from services.console.application.preview_programme import preview_programme
from services.console.entrypoints.output import Json, connections, print_json, print_line, run
from services.console.entrypoints.programme_preview import show_preview

programme = typer.Typer(no_args_is_help=True, help="Programmes and their rules as files.", rich_markup_mode=None, add_completion=False)


@programme.callback()
def _group() -> None:
    """Programmes and their rules as files."""


@programme.command()
def apply(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="TOML or JSON; `programme_id` in it, else the file's name, is the id.", dir_okay=False)],
    as_json: Json = False,
) -> None:
    """Create a programme or bring it to the state of the file; the same file twice changes nothing.

    Example: tandem programme apply peers-2027.toml
    """
    stored = run(_apply(connections(context), file))
    if as_json:
        print_json(stored)
    else:
        version = stored.get("rules_version") or stored.get("version")
        print_line(f"{stored['programme_id']} applied" + (f", rules version {version}" if version is not None else ""))


@programme.command()
def preview(
    context: typer.Context,
    target: Annotated[str, typer.Argument(help="A programme's file, or its id for the rules in force.")],
    seed: Annotated[int, typer.Option("--seed", help="Decides which pairs are looked at where not all are.")] = 1,
    as_json: Json = False,
) -> None:
    """Show what rules do to the people who are enrolled: sameness, gains, whom each gate cuts off. Nothing is written.

    Example: tandem programme preview peers-2027.toml
    """
    told = run(_preview(connections(context), target, seed))
    if as_json:
        print_json(told)
    else:
        show_preview(told)


async def _preview(to: Connections, target: str, seed: int) -> dict[str, Any]:
    async with to.api() as api:
        return await preview_programme(target, seed, api)


async def _apply(to: Connections, file: Path) -> dict[str, Any]:
    async with to.api() as api:
        return await apply_programme(file, api)
