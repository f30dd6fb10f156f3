"""The files that `tandem match` leaves: the same input, rules and seed give the same bytes (but for `timings`)."""

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from services.matching.domain.rules import RuleSet
from services.matching.engine import Evidence, Explanation, Match, Result
from services.matching.entrypoints.analyst.page import page_of
from services.matching.entrypoints.analyst.people import PeopleFile


def write_all(
    folder: Path,
    read: PeopleFile,
    result: Result,
    *,
    rules: RuleSet,
    timings: Mapping[str, float],
    what_if: dict[str, Any] | None,
) -> None:
    """Write every file of a run into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    matches = sorted((*result.pairs, *result.trios), key=lambda match: match.members)
    letters = "abcdef"[: max(3, *(len(match.members) for match in matches))] if matches else "abc"
    header = (*(f"member_{letter}" for letter in letters), "score", *(f"gain_{letter}" for letter in letters))
    _write_csv(folder / "pairs.csv", header, (_pair_row(match, len(letters)) for match in matches))
    _write_csv(
        folder / "unmatched.csv", ("member_id", "reason"), ((member, str(reason)) for member, reason in sorted(result.unmatched.items()))
    )
    with (folder / "explanations.ndjson").open("w", encoding="utf-8", newline="\n") as sink:
        for match in matches:
            sink.write(json.dumps(_explained(match), ensure_ascii=False, separators=(",", ":")) + "\n")
    report = report_document(read, result, rules)
    if what_if is not None:
        report["what_if"] = what_if
    (folder / "report.html").write_text(page_of(report), encoding="utf-8", newline="\n")
    report["timings"] = {stage: round(seconds, 3) for stage, seconds in timings.items()}
    (folder / "report.json").write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")


def report_document(read: PeopleFile, result: Result, rules: RuleSet) -> dict[str, Any]:
    """Return the report: what was read, what came out, by which rules, and how near the best it is."""
    return {
        "input": {
            "rows": read.rows,
            "people": len(read.people),
            "columns": list(read.columns),
            "unknown_columns": list(read.unknown_columns),
            "findings": read.notes.told(),
            "labels_written_alike": read.alike,
        },
        **result.report,
        "identity": {
            "seed": result.seed,
            "rules_version": result.rules_version,
            "engine": result.engine,
            "engine_version": result.engine_version,
            "snapshot_hash": result.snapshot_hash,
            "result_hash": result.result_hash,
        },
        "rules": rules.to_mapping(),
    }


def _write_csv(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as sink:
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(header)
        for row in rows:
            writer.writerow(row)


def _pair_row(match: Match, width: int) -> tuple[str, ...]:
    """Return a row: three places for members, as many as the largest circle has in kind `circle` (R44)."""
    members, gains = [*match.members], [f"{gain:.4f}" for gain in match.gains]
    missing = [""] * (width - len(members))
    return (*members, *missing, f"{match.score:.6f}", *gains, *missing)


def _explained(match: Match) -> dict[str, Any]:
    told = {"members": list(match.members), "score": match.score, "two_way": all(gain > 0 for gain in match.gains)}
    return told | ({"mentee": match.mentee} if match.mentee else {}) | {"sides": [_side(one) for one in match.explanations]}


def _side(one: Explanation) -> dict[str, Any]:
    return {
        "member_id": one.member,
        "shared": _told(one.shared),
        "different": _told(one.different),
        "you_give": _told(one.you_give),
        "you_get": _told(one.you_get),
    }


def _told(evidence: tuple[Evidence, ...]) -> list[dict[str, str]]:
    return [{"kind": one.kind, "code": one.code} for one in evidence]
