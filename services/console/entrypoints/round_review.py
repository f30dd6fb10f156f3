"""`tandem round …` between solved and published: look, lock, forbid, compare, solve again, report."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from services.console.application import review_round
from services.console.application.ports import Connections
from services.console.application.review_round import WhatIf
from services.console.domain.endings import Unusable
from services.console.entrypoints.output import Json, connections, print_json, print_line, print_table, progress, run

RoundId = Annotated[str, typer.Argument(help="The round's id.")]
Members = Annotated[list[str], typer.Argument(help="The members, by Tandem's ids.")]
Rules = Annotated[Path | None, typer.Option("--rules", help="Rules (TOML or JSON); those of the draft at hand by default.", dir_okay=False)]
Seed = Annotated[int | None, typer.Option("--seed", help="Decides ties.")]
DraftNumber = Annotated[int | None, typer.Option("--draft", help="Which draft; the newest by default.")]
CHANGES_SHOWN = 20
Show = Callable[..., None]


def add_review_commands(group: typer.Typer, show: Show) -> None:
    """Add the commands of the review; `show` prints a round."""
    for name, sentence in WISHES.items():
        group.command(name=name, help=f"{sentence}\n\nExample: tandem round {name} 0f5c… 7d1a… 93be…")(_wishing(name, show))
    group.command(name="solve")(_solving(show))
    group.command(name="repair")(_repairing(show))
    group.command()(review)
    group.command(name="what-if")(what_if)
    group.command()(report)


WISHES = {
    "lock": "Keep a group of the draft in the next one, whatever else changes.",
    "unlock": "Take a lock back.",
    "forbid": "Keep two members apart in the next draft of this round (for ever: do-not-pair).",
    "allow": "Take a ban back.",
}


def _wishing(kind: str, show: Show) -> Callable[..., None]:
    def wish(context: typer.Context, round_id: RoundId, members: Members, as_json: Json = False) -> None:
        async def work(to: Connections) -> dict[str, Any]:
            async with to.api() as api:
                return await review_round.wish(round_id, kind, members, api)

        show(run(work(connections(context))), as_json=as_json)

    return wish


def _solving(show: Show) -> Callable[..., None]:
    def solve(  # noqa: PLR0917 - options of a command
        context: typer.Context,
        round_id: RoundId,
        rules: Rules = None,
        seed: Seed = None,
        expect: Annotated[str | None, typer.Option("--expect", help="Commit a what-if: take only the result with this hash.")] = None,
        as_json: Json = False,
    ) -> None:
        """Solve the same snapshot again around what is locked; with --expect exactly what `what-if` showed.

        Example: tandem round solve 0f5c… --rules next.toml --expect 9cf1b4b7…
        """
        body = review_round.draft_body(rules, seed, expect)

        async def work(to: Connections) -> dict[str, Any]:
            async with to.api() as api:
                with progress("solving again") as told:
                    return await review_round.solve_again(round_id, body, api, told)

        show(run(work(connections(context))), as_json=as_json)

    return solve


def _repairing(show: Show) -> Callable[..., None]:
    def repair(context: typer.Context, round_id: RoundId, as_json: Json = False) -> None:
        """Solve again only those whom something happened to since the freeze (left, paused, seat taken); all others stay.

        Example: tandem round repair 0f5c…
        """

        async def work(to: Connections) -> dict[str, Any]:
            async with to.api() as api:
                with progress("repairing") as told:
                    return await review_round.repair(round_id, api, told)

        show(run(work(connections(context))), as_json=as_json)

    return repair


def review(
    context: typer.Context,
    round_id: RoundId,
    member: Annotated[str | None, typer.Option("--member", help="Only what this member is in.")] = None,
    draft: DraftNumber = None,
    as_json: Json = False,
) -> None:
    """Show who is with whom and why, and who is left over and why: ids and codes, nothing private.

    Example: tandem round review 0f5c… --member 7d1a…
    """
    found = run(_review(connections(context), round_id, member, draft))
    if as_json:
        print_json(found)
        return
    rows = [[" + ".join(one["members"]), one["score"], "locked" if one["is_locked"] else "", _gives(one)] for one in found["groups"]]
    print_table(f"Draft {found['draft']}", ["members", "score", "", "who gives what"], rows)
    print_table("Left over", ["member", "reason"], sorted(found["unmatched"].items()))
    if found["touched"]:
        print_table("Touched since the freeze", ["member", "reason"], sorted(found["touched"].items()))


async def _review(to: Connections, round_id: str, member: str | None, draft: int | None) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    async with to.api() as api:
        async for piece in review_round.pieces(round_id, api, draft=draft, member=member):
            groups, unmatched = whole.get("groups", []) + piece["groups"], whole.get("unmatched", {}) | piece["unmatched"]
            whole = piece | {"groups": groups, "unmatched": unmatched}
    return whole


def _gives(group: dict[str, Any]) -> str:
    told = [(side["member_id"], ", ".join(item["code"] for item in side["you_give"])) for side in group["sides"]]
    return "; ".join(f"{member}: {codes}" for member, codes in told if codes)


def what_if(context: typer.Context, round_id: RoundId, rules: Rules = None, seed: Seed = None, as_json: Json = False) -> None:
    """Compare the draft at hand with what other rules or another seed would give on the same snapshot; nothing is written.

    Example: tandem round what-if 0f5c… --rules next.toml
    """
    body = review_round.draft_body(rules, seed)
    if not body:
        raise Unusable("Say what is to be different: --rules FILE or --seed N")
    found = run(_what_if(connections(context), round_id, body))
    if as_json:
        print_json({"comparison": found.comparison, "changes": found.changes})
        return
    _show_what_if(found)


async def _what_if(to: Connections, round_id: str, body: dict[str, Any]) -> WhatIf:
    async with to.api() as api:
        with progress("what if") as told:
            return await review_round.what_if(round_id, body, api, told)


def _show_what_if(found: WhatIf) -> None:
    told = found.comparison
    print_table("Pairs", list(told["pairs"]), [list(told["pairs"].values())])
    rows = [[name, value, told["other"][name]] for name, value in told["this"].items() if not isinstance(value, list)]
    print_table("Figures", ["", "draft", "what if"], rows)
    bins = [[f"{at / 20:.2f}", one, other] for at, (one, other) in enumerate(_histograms(told)) if one or other]
    print_table("Scores", ["from", "draft", "what if"], bins)
    for kind, groups in told["by_group"].items():
        rows = [[one["group"], one["people"], one["this"], one["other"]] for one in groups]
        if rows:
            print_table(f"Coverage by {kind}", [kind, "people", "draft", "what if"], rows)
    losers = [[one["member_id"], one["this"], one["other"]] for one in told["gain_change"]["lose_most"]]
    print_table("Who loses most (gain)", ["member", "draft", "what if"], losers)
    changed = [one for one in found.changes if one["change"] != "kept"]
    rows = [[one["change"], " + ".join(one["members"]), one["this"], one["other"]] for one in changed[:CHANGES_SHOWN]]
    print_table(f"Changes (first {CHANGES_SHOWN} of {len(changed)}; all with --json)", ["", "members", "draft", "what if"], rows)
    print_line(f"To commit exactly this: tandem round solve … --expect {told['result_hash']}")


def _histograms(told: dict[str, Any]) -> list[tuple[int, int]]:
    return list(zip(told["this"]["score histogram"], told["other"]["score histogram"], strict=True))


def report(
    context: typer.Context,
    round_id: RoundId,
    draft: DraftNumber = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the page with charts to this file.", dir_okay=False)] = None,
    as_json: Json = False,
) -> None:
    """Show the figures of a round: coverage, give and take, scores, fairness, scarce skills; aggregates only.

    Example: tandem round report 0f5c… --html report.html
    """
    found, page = run(_report(connections(context), round_id, draft, with_page=html is not None))
    if html is not None:
        html.write_text(page, encoding="utf-8")
    if as_json:
        print_json(found)
        return
    for title in ("people", "reciprocity", "scores", "variety", "certificate"):
        rows = [[name, value] for name, value in found.get(title, {}).items() if isinstance(value, int | float)]
        print_table(title.capitalize(), ["figure", "value"], rows)


async def _report(to: Connections, round_id: str, draft: int | None, *, with_page: bool) -> tuple[dict[str, Any], str]:
    async with to.api() as api:
        figures = await review_round.report(round_id, api, draft)
        return figures, await review_round.report_page(round_id, api, draft) if with_page else ""
