"""`tandem round`: match a programme's people, and watch it."""

from typing import Annotated, Any

import typer

from services.console.application.paths import part
from services.console.application.ports import HR_ADMIN, Connections
from services.console.application.run_round import RunRound, run_round, watch_round
from services.console.entrypoints.output import Json, connections, print_json, print_note, print_table, progress, run
from services.console.entrypoints.round_review import add_review_commands

round_ = typer.Typer(
    no_args_is_help=True, help="Rounds: match a programme's people, look, decide, publish.", rich_markup_mode=None, add_completion=False
)
RoundId = Annotated[str, typer.Argument(help="The round's id.")]


@round_.callback()
def _group() -> None:
    """Match a programme's people."""


@round_.command(name="run")
def run_(
    context: typer.Context,
    programme: Annotated[str, typer.Argument(help="The programme's id.")],
    seed: Annotated[int | None, typer.Option("--seed", help="Decides ties; the same seed repeats a round.")] = None,
    draft: Annotated[bool, typer.Option("--draft", help="Stop before publishing: look at it, correct it, then publish.")] = False,
    as_json: Json = False,
) -> None:
    """Freeze who takes part, find the best pairs, and send everyone their proposal or the reason why there is none.

    Example: tandem round run peers-2027
    """
    found = run(_run(connections(context), RunRound(programme=programme, seed=seed, publish=not draft)))
    show(found, as_json=as_json)
    if draft and not as_json:
        print_note(f"Nobody was told yet. Look: tandem round review {found['round_id']}. Then: tandem round publish {found['round_id']}")


async def _run(to: Connections, command: RunRound) -> dict[str, Any]:
    async with to.api() as api:
        with progress(f"round of {command.programme}") as told:
            return await run_round(command, api, told)


@round_.command()
def watch(context: typer.Context, round_id: RoundId, as_json: Json = False) -> None:
    """Follow a round with a progress bar until it waits for its admins or is over. Ctrl-C stops watching, not the round.

    Example: tandem round watch 0f5c…
    """
    show(run(_watch(connections(context), round_id)), as_json=as_json)


async def _watch(to: Connections, round_id: str) -> dict[str, Any]:
    async with to.api() as api:
        with progress("round") as told:
            return await watch_round(round_id, api, told)


@round_.command(name="list")
def list_(context: typer.Context, programme: Annotated[str, typer.Argument(help="The programme's id.")], as_json: Json = False) -> None:
    """List a programme's rounds, newest first.

    Example: tandem round list peers-2027
    """
    found: list[dict[str, Any]] = run(_call(connections(context), "GET", f"/programmes/{part(programme)}/rounds"))
    if as_json:
        print_json(found)
        return
    rows = [[one["round_id"], one["state"], one["opened_at"], one["counts"]["members"], one["counts"]["pairs"]] for one in found]
    print_table(f"Rounds of {programme}", ["round", "state", "opened", "members", "pairs"], rows)


@round_.command(name="show")
def show_(context: typer.Context, round_id: RoundId, as_json: Json = False) -> None:
    """Show a round: where it stands, its drafts, hashes and counts.

    Example: tandem round show 0f5c… --json
    """
    show(run(_call(connections(context), "GET", f"/rounds/{part(round_id)}")), as_json=as_json)


@round_.command()
def publish(
    context: typer.Context,
    round_id: RoundId,
    expect: Annotated[str | None, typer.Option("--expect", help="Only if this is still the result (its hash).")] = None,
    as_json: Json = False,
) -> None:
    """Send everybody their proposal or their reason, and follow it to the end.

    Example: tandem round publish 0f5c…
    """
    show(run(_publish(connections(context), round_id, expect)), as_json=as_json)


async def _publish(to: Connections, round_id: str, expect: str | None) -> dict[str, Any]:
    body = None if expect is None else {"expected": expect}
    async with to.api() as api:
        await api.call("POST", "matching", f"/rounds/{part(round_id)}/publish", role=HR_ADMIN, body=body)
        with progress("publishing") as told:
            return await watch_round(round_id, api, told)


@round_.command()
def cancel(context: typer.Context, round_id: RoundId, as_json: Json = False) -> None:
    """Give a round up before publication; a running optimiser is ended, nobody was told anything.

    Example: tandem round cancel 0f5c…
    """
    show(run(_call(connections(context), "POST", f"/rounds/{part(round_id)}/cancel")), as_json=as_json)


async def _call(to: Connections, method: str, path: str) -> Any:
    async with to.api() as api:
        return await api.call(method, "matching", path, role=HR_ADMIN)


def show(found: dict[str, Any], *, as_json: bool) -> None:
    """Print a round: its counts, and its drafts when there are several."""
    if as_json:
        print_json(found)
        return
    counts = {name: value for name, value in (found.get("counts") or {}).items() if isinstance(value, int | float | None)}
    name = found.get("programme_id") or found.get("round_id", "")
    title = f"Round of {name}: {found['state']}" + (f" ({found['failure']})" if found.get("failure") else "")
    print_table(title, ["round", *counts], [[found.get("round_id"), *counts.values()]])
    drafts = found.get("drafts") or []
    if len(drafts) > 1:
        columns = ["number", "base", "is_repair", "locked", "forbidden", "touched", "pairs", "trios", "unmatched"]
        rows = [[one[column] for column in columns] + [str(one["result_hash"])[:12]] for one in drafts]
        print_table("Drafts", [*columns, "result"], rows)


add_review_commands(round_, show)
