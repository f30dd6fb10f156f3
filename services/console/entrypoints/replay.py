"""`tandem replay` and `tandem verify`: what services remember of others' facts, built anew or held against the topics (N1, N2)."""

from typing import Annotated, Any

import typer

from services.console.application.ports import Connections, Told
from services.console.application.replay import BEGINNING, Replay, Replayed, discard
from services.console.application.replay import replay as have_replayed
from services.console.application.verify import Report
from services.console.application.verify import verify as have_verified
from services.console.domain.endings import Unusable
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_note, print_table, progress, run

VERDICTS = ("equal", "repaired", "different", "busy", "held", "partial", "failed", "stray", "missing")


def replay(
    context: typer.Context,
    service: Annotated[str, typer.Argument(help="matching, scheduling or notification.")],
    *,
    topic: Annotated[list[str] | None, typer.Option("--topic", help="Only what this topic feeds; may be repeated.")] = None,
    begin: Annotated[str, typer.Option("--from", help="beginning, or a moment: 2027-01-31T09:00:00+01:00.")] = BEGINNING,
    drop: Annotated[bool, typer.Option("--discard", help="Drop an unfinished replay of the service instead.")] = False,
    as_json: Json = False,
) -> None:
    """Build a service's replicas anew beside the living ones and put them in their place; no effect happens again.

    The service goes on working. Ctrl-C stops it; the same command goes on where it was. Exit code 3: some keys could not be put right.

    Example: tandem replay scheduling --topic tandem-profile-card --from beginning
    """
    to = connections(context)
    if drop:
        if topic or begin != BEGINNING:
            raise Unusable("--discard drops whatever is unfinished: no --topic, no --from")
        replay_id = run(_discard(to, service))
        print_json({"service": service, "replay_id": replay_id, "outcome": "discarded"}) if as_json else print_line(
            f"{replay_id} was dropped"
        )
        return
    with progress(f"replay of {service}") as told:
        found = run(_replay(to, Replay(service=service, topics=tuple(topic or ()), begin=begin), told))
    if as_json:
        print_json(found.as_plain())
    else:
        _show([found])
    raise typer.Exit(found.exit_code)


def verify(
    context: typer.Context,
    service: Annotated[list[str] | None, typer.Option("--service", help="Only this service's replicas; may be repeated.")] = None,
    as_json: Json = False,
) -> None:
    """Look whether topics have no gap, replicas are as the facts say, and nothing is stuck; changes nothing, safe on a live system.

    Exit code 1: something is wrong; each problem is one line.

    Example: tandem verify --json
    """
    with progress("verify") as told:
        found = run(_verify(connections(context), service or [], told))
    if as_json:
        print_json(found.as_plain())
    else:
        counts = found.facts.as_plain()
        print_table("Topics", ("facts", "keys", "copies", "gaps", "out of order"), [[counts[name] for name in _COUNTS]])
        _show(found.replicas)
        for problem in found.problems:
            print_line(f"problem: {problem}")
        if not found.problems:
            print_line("All is well.")
    raise typer.Exit(found.exit_code)


_COUNTS = ("facts", "keys", "copies", "gaps", "disorders")


async def _replay(to: Connections, command: Replay, told: Told) -> Replayed:
    async with to.api() as api:
        return await have_replayed(command, api, told)


async def _discard(to: Connections, service: str) -> str:
    async with to.api() as api:
        return await discard(service, api)


async def _verify(to: Connections, services: list[str], told: Told) -> Report:
    async with to.api() as api:
        return await have_verified(services, api, to.facts(), told)


def _show(found: list[Replayed]) -> None:
    rows: list[list[Any]] = [
        [one.service, collection, *(counts.get(verdict) for verdict in VERDICTS)]
        for one in found
        for collection, counts in one.verdicts.items()
    ]
    print_table("Replicas (keys)", ("service", "collection", *VERDICTS), rows)
    for one in found:
        for collection, key, verdict in one.examples:
            print_note(f"    {one.service} {collection} {key}: {verdict}")
