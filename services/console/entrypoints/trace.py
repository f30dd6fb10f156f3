"""`tandem trace`: the whole way of one command through the services, from its request to the mail (N17)."""

from pathlib import Path
from typing import Annotated

import typer

from services.console.application.trace import trace as follow
from services.console.domain.endings import ConsoleTrouble
from services.console.domain.path import Step
from services.console.entrypoints.output import Json, connections, print_json, print_line, progress, run


def trace(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A correlation id, or the id of a member, pairing, round or programme.")],
    logs: Annotated[Path | None, typer.Option("--logs", help="Folder of the services' log files; `tandem up` knows its own.")] = None,
    as_json: Json = False,
) -> None:
    """Print what led to what, facts as a tree, then the log lines of the same commands; ids and codes, never words of people.

    Example: tandem trace 4ea8ba90-7e7c-4893-ba2d-7942cc37c49a
    """
    to = connections(context)
    with progress(f"trace of {name}") as told:
        found = run(follow(name, to.facts(), to.log_lines(logs), told))
    if not found.facts and not found.lines:
        raise ConsoleTrouble(f"Nothing is known of {name}: neither a fact nor a log line carries it")
    if as_json:
        print_json(found.as_plain())
        return
    for root in found.facts:
        _print(root, 0)
    for line in found.lines:
        print_line(f"{line.at}  {line.service:13s} {line.what} {line.code} {line.subject} {line.id}".rstrip())


def _print(step: Step, depth: int) -> None:
    print_line(f"{step.at}  {'   ' * depth}{'└─ ' if depth else ''}{step.what}  {step.subject}")
    for following in step.leads_to:
        _print(following, depth + 1)
