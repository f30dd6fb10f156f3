"""What `tandem match` says at its end, for a person and as JSON."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from services.matching.engine import Result
from services.matching.entrypoints.analyst.people import GAINS, PeopleFile

_FINDINGS_SHOWN = 8
_COMPARED = ("pairs", "trios", "unmatched", "coverage", "two-way", "mean score", "mean gain of the weaker side", "Gini of gains")


def summary_of(read: PeopleFile, result: Result, what_if: Mapping[str, Any] | None, seconds: float) -> dict[str, Any]:
    """Return what the command prints."""
    reasons = Counter(str(reason) for reason in result.unmatched.values())
    found = {
        "rows": read.rows,
        "people": len(read.people),
        "pairs": len(result.pairs),
        "trios": len(result.trios),
        "unmatched": len(result.unmatched),
        "reasons": dict(sorted(reasons.items())),
        "findings": sum(read.notes.count.values()),
        "unknown_columns": list(read.unknown_columns),
        "gap_on_candidates": result.certificate.gap,
        "gap_on_all_eligible_pairs": result.certificate.gap_all,
        "result_hash": result.result_hash,
        "seconds": round(seconds, 2),
    }
    return found if what_if is None else found | {"what_if": what_if}


def show(read: PeopleFile, summary: Mapping[str, Any], out: Path) -> None:
    """Print the result, what was odd about the file, and the comparison."""
    screen = Console(soft_wrap=True, highlight=False, markup=False)
    table = Table("", "", show_header=False, box=None)
    for name in ("people", "pairs", "trios", "unmatched"):
        table.add_row(name, str(summary[name]))
    for reason, count in summary["reasons"].items():
        table.add_row(f"  {reason}", str(count))
    gap = summary["gap_on_all_eligible_pairs"]
    table.add_row("below the best possible, at most", f"{100 * (summary['gap_on_candidates'] if gap is None else gap):.3f} %")
    screen.print(table)
    for line in _findings(read):
        screen.print(line)
    if "what_if" in summary:
        screen.print(_compared(summary["what_if"]))
    screen.print(f"Open {out / 'report.html'} to read what came out.")


def _findings(read: PeopleFile) -> list[str]:
    """Return a line for what the reader of the file should know before believing the result."""
    lines = [f"No column is called {name}: nobody can gain anything." for name in GAINS if name not in read.columns]
    if read.unknown_columns:
        lines.append(f"Columns that are not known and were not read: {', '.join(read.unknown_columns)}.")
    told = read.notes.told()
    for one in told[:_FINDINGS_SHOWN]:
        where = f"{one['column'] or 'rows'}, first in line {one['first_lines'][0]}"
        lines.append(f"{one['count']} x {one['means']} ({where})")
    if len(told) > _FINDINGS_SHOWN:
        lines.append(f"{len(told) - _FINDINGS_SHOWN} more kinds of findings stand in report.html.")
    if read.alike:
        first = " | ".join(read.alike[0]["labels"])
        lines.append(f"{len(read.alike)} groups of labels are written much alike and were kept apart, most used: {first}.")
    return lines


def _compared(told: Mapping[str, Any]) -> Table:
    table = Table("what if", "these rules", "other rules", box=None)
    for name in _COMPARED:
        table.add_row(name, str(told["this"][name]), str(told["other"][name]))
    pairs = told["pairs"]
    table.add_row("meetings kept / gone / new", "", f"{pairs['kept']} / {pairs['gone']} / {pairs['new']}")
    return table
