"""What a run showed, as JSON for machines and as lines for people."""

import json
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from tests.chaos.run import Options, Outcome

OVERLAPPING = "several at once"


def as_plain(options: Options, outcome: Outcome) -> dict[str, Any]:
    """Return the report."""
    found = outcome.judgement
    return {
        "seed": options.seed,
        "replicas": dict(options.replicas),
        "faults_planned": options.faults,
        "faults": sum(len(step.faults) for step in outcome.steps),
        "faults_by_kind": dict(sorted(Counter(str(fault.kind) for step in outcome.steps for fault in step.faults).items())),
        "recovered_seconds": _recovered(outcome),
        "rested_seconds": round(outcome.rested_seconds, 1),
        "cut_short": outcome.cut_short,
        "oracle": None
        if found is None
        else {
            "violations": [{"rule": each.rule, "what": each.what} for each in found.violations],
            "facts": found.facts,
            "records": found.records,
            "copies_under_the_same_id_after": dict(sorted(found.copies.after.items())),
            "copies_after_no_fault": len(found.copies.alarms),
            "commits": found.commits,
            "mails": found.mails,
            "mails_again_under_the_same_id": found.mails_again,
            "commands": dict(sorted(found.commands.items())),
            "commands_without_an_answer": found.unanswered,
            "facts_by_name": dict(sorted(found.reached.items())),
        },
        "errors_logged": dict(sorted(outcome.errors.items())),
        "troubles": outcome.troubles,
        "good": outcome.good,
    }


def _recovered(outcome: Outcome) -> dict[str, dict[str, float]]:
    """Return the time to recover by kind, from steps of one fault; steps of several count under a name of their own."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for step in outcome.steps:
        seconds[str(step.faults[0].kind) if len(step.faults) == 1 else OVERLAPPING].append(step.recovered_seconds)
    return {
        kind: {"steps": len(several), "p50": round(median(several), 1), "max": round(max(several), 1)}
        for kind, several in sorted(seconds.items())
    }


def lines(plain: dict[str, Any], repeat: str) -> list[str]:
    """Return what a person wants to read."""
    found = plain["oracle"]
    said = [f"{'fault':24s} {'steps':>5s} {'p50 s':>6s} {'max s':>6s}   well again: no lag, empty outboxes, a command's effect everywhere"]
    said += [f"{kind:24s} {each['steps']:5d} {each['p50']:6.1f} {each['max']:6.1f}" for kind, each in plain["recovered_seconds"].items()]
    if found is not None:
        copies = sum(found["copies_under_the_same_id_after"].values()) + found["copies_after_no_fault"]
        said.append(
            f"{plain['faults']} faults; {found['facts']} facts in {found['commits']} commits, {found['records']} records "
            f"({copies} copies), {found['mails']} mails ({found['mails_again_under_the_same_id']} again), "
            f"{sum(found['commands'].values())} commands answered, {found['commands_without_an_answer']} not; "
            f"at rest after {plain['rested_seconds']} s"
        )
        said += [f"copies after {kind}: {count}" for kind, count in found["copies_under_the_same_id_after"].items()]
        said += [f"BROKEN {each['rule']}: {each['what']}" for each in found["violations"]] or [
            "the oracle found nothing lost, doubled or out of order"
        ]
    said += [f"error logged {count:4d} x {what}" for what, count in plain["errors_logged"].items()]
    said += [f"TROUBLE {each}" for each in plain["troubles"]]
    return [*said, f"again: {repeat}"]


def write(plain: dict[str, Any], path: Path) -> None:
    """Write the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
