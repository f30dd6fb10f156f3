"""`tandem trace`: the whole way of one command through the services, from its request to the mail (N17)."""

from pathlib import Path
from typing import Annotated

import typer

from services.console.application.ports import Connections, Facts
from services.console.application.trace import trace as follow
from services.console.domain.endings import ConsoleTrouble, Unusable
from services.console.domain.path import Step
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_note, progress, run


def trace(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A correlation id, or the id of a member, pairing, round or programme.")],
    logs: Annotated[Path | None, typer.Option("--logs", help="Folder of the services' log files; `tandem up` knows its own.")] = None,
    as_json: Json = False,
) -> None:
    """Print as a tree what led to what: the command, facts, and the log lines of what they led to; ids and codes, never words of people.

    Without a broker `--logs` alone will do; services that log at debug tell each event there.

    Example: tandem trace 4ea8ba90-7e7c-4893-ba2d-7942cc37c49a
    """
    to = connections(context)
    with progress(f"trace of {name}") as told:
        found = run(follow(name, _facts(to, logs), to.log_lines(logs), told))
    if not found.steps:
        raise ConsoleTrouble(f"Nothing is known of {name}: neither a fact nor a log line carries it")
    if as_json:
        print_json(found.as_plain())
        return
    for root in found.steps:
        _print(root, 0)


def _facts(to: Connections, logs: Path | None) -> Facts | None:
    """Return the topics' reader; none where log files are named and no broker is."""
    try:
        return to.facts()
    except Unusable:
        if logs is None:
            raise
        print_note("No broker is named: what follows is in the log files")
        return None


def _print(step: Step, depth: int) -> None:
    said = " ".join(part for part in (step.service if step.is_line else "", step.what, step.code, step.subject) if part)
    print_line(f"{step.at}  {'   ' * depth}{'└─ ' if depth else ''}{said}")
    for following in step.leads_to:
        _print(following, depth + 1)
