"""`tandem import` and `tandem enrol`: people in, and into a programme."""

from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.application.enrol import Enrol, Enrolled
from services.console.application.enrol import enrol as enrol_members
from services.console.application.import_people import Imported, ImportPeople, import_people
from services.console.application.ports import Connections
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_note, print_table, progress, run

PROBLEMS_SHOWN = 200


def import_(
    context: typer.Context,
    *,
    file: Annotated[Path, typer.Argument(help="CSV (UTF-8, comma or semicolon) or XLSX.", dir_okay=False)],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, change nothing.")] = False,
    all_or_nothing: Annotated[bool, typer.Option("--all-or-nothing", help="Take no row when one is refused.")] = False,
    encoding: Annotated[str | None, typer.Option("--encoding", help="When it is not UTF-8, such as cp1252.")] = None,
    enrol_in: Annotated[str | None, typer.Option("--enrol", metavar="PROGRAMME", help="Enrol the people of the file in it.")] = None,
    as_json: Json = False,
) -> None:
    """Import a people file; refused rows are listed with line, column, problem and remedy.

    Exit code 0: every row taken; 3: some rows refused, the others taken; 1: the file as a whole refused; 2: it cannot be read.

    Example: tandem import people.csv --dry-run
    """
    command = ImportPeople(file=file, dry_run=dry_run, all_or_nothing=all_or_nothing, encoding=encoding, enrol=enrol_in)
    found = run(_import(connections(context), command))
    if as_json:
        print_json(found.as_plain())
    else:
        _show(found, command)
    raise typer.Exit(found.exit_code)


async def _import(to: Connections, command: ImportPeople) -> Imported:
    async with to.api() as api:
        with progress(command.file.name) as told:
            return await import_people(command, api, told)


def _show(found: Imported, command: ImportPeople) -> None:
    for problem in found.summary.get("problems") or []:
        print_line(_sentence(problem))
    lines = [_problem_line(row, problem) for row in found.rows for problem in row["problems"]]
    for line in lines[:PROBLEMS_SHOWN]:
        print_line(line)
    if len(lines) > PROBLEMS_SHOWN:
        print_note(f"… and {len(lines) - PROBLEMS_SHOWN} more; `--json` prints them all")
    if found.summary.get("unknown_columns"):
        print_line(f"Columns that Tandem does not know, left out: {', '.join(found.summary['unknown_columns'])}")
    counts = found.summary["counts"]
    named = ("rows", "created", "updated", "unchanged", "refused", *(("withheld",) if counts.get("withheld") else ()), "warnings")
    title = f"{command.file.name}{' (dry run: nothing was changed)' if command.dry_run else ''}: {found.summary['state']}"
    print_table(title, named, [[counts.get(name, 0) for name in named]])
    if found.enrolled is not None:
        print_line(f"{found.enrolled} newly enrolled in {command.enrol}")


def _problem_line(row: dict[str, Any], problem: dict[str, Any]) -> str:
    """Return one line as compilers write them, for eyes and for grep."""
    place = f"line {problem.get('line') or row['line']}"
    where = ", ".join(str(part) for part in (place, row["company_key"], problem.get("column")) if part)
    verdict = "refused" if problem.get("severity") == "error" else problem.get("severity", row["outcome"])
    return f"{where}: {verdict}: {_sentence(problem)}"


def _sentence(problem: dict[str, Any]) -> str:
    parts = [str(part) for part in (problem.get("problem"), problem.get("remedy")) if part]
    return " ".join(part if part.endswith((".", "?", "!")) else f"{part}." for part in parts)


def enrol(
    context: typer.Context,
    *,
    programme: Annotated[str, typer.Argument(help="The programme's id.")],
    members: Annotated[list[str] | None, typer.Argument(help="Members, by company key or Tandem's id.")] = None,
    everyone: Annotated[bool, typer.Option("--all", help="Everyone who works here.")] = False,
    capacity: Annotated[int | None, typer.Option("--capacity", min=1, help="Pairings at a time; without it each one's own wish.")] = None,
    as_json: Json = False,
) -> None:
    """Enrol members in a programme. Exit code 3 when a name is unknown; the others are enrolled.

    Example: tandem enrol peers-2027 --all
    """
    command = Enrol(programme=programme, members=members or (), everyone=everyone, capacity=capacity)
    found = run(_enrol(connections(context), command))
    if as_json:
        print_json(found.as_plain())
    else:
        print_line(f"{found.enrolled} newly enrolled in {programme}, {found.unchanged} were already")
        if found.unknown:
            print_line(f"nobody has the company key {', '.join(found.unknown)}")
    raise typer.Exit(found.exit_code)


async def _enrol(to: Connections, command: Enrol) -> Enrolled:
    async with to.api() as api:
        return await enrol_members(command, api)
