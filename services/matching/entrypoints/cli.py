"""`tandem match`: solve a round from a people file on this machine, without any server."""

import json
import os
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.matching.domain.rules import RuleProblem, RuleSet, RulesInvalid
from services.matching.engine import Result, solve
from services.matching.entrypoints.analyst.people import NoPeople, PeopleFile, read_people

_WRONG_USE = 2
_THREADS_MAX = 4


def match(  # noqa: PLR0917 - options of a command
    file: Annotated[Path, typer.Argument(help="The people file: CSV, CSV packed with gzip, or XLSX. Only member_id must be there.")],
    rules: Annotated[Path | None, typer.Option(help="Rules as JSON or TOML; what is absent takes its default.")] = None,
    seed: Annotated[int, typer.Option(help="Decides ties and samples; the same seed gives the same bytes.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("match-out"),
    what_if: Annotated[Path | None, typer.Option(help="A second rule set: compare its round with this one.")] = None,
    threads: Annotated[int, typer.Option(min=0, max=64, help="0 = as many as there are cores, at most 4. Changes no byte.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Find the best pairs for everybody in a people file, explain each, prove how near the best it is, and compare rules.

    Leaves pairs.csv, explanations.ndjson, unmatched.csv, report.json and report.html in the folder.

    Example: tandem match people.csv --out match-out
    """
    screen = Console(stderr=True)
    try:
        other = None if what_if is None else read_rules(what_if)
        crew = threads or min(_THREADS_MAX, os.cpu_count() or 1)
        summary = _run(_Order(file=file, rules=read_rules(rules), other=other, seed=seed, out=out, threads=crew), screen)
    except RulesInvalid as fault:
        screen.print(f"[red]The rules are not valid:[/red]\n{fault}", markup=True, highlight=False)
        raise typer.Exit(_WRONG_USE) from None
    except NoPeople as fault:
        screen.print(str(fault), markup=False, highlight=False)
        raise typer.Exit(_WRONG_USE) from None
    except OSError as fault:
        screen.print(f"{fault.filename}: {fault.strerror}", markup=False, highlight=False)
        raise typer.Exit(_WRONG_USE) from None
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    else:
        _show(summary, out)


def read_rules(path: Path | None) -> RuleSet:
    """Read a rule set from a JSON or TOML file; none means the defaults."""
    if path is None:
        return RuleSet()
    try:
        text = path.read_text(encoding="utf-8-sig")
        document = tomllib.loads(text) if path.suffix.casefold() == ".toml" else json.loads(text)
    except (ValueError, UnicodeError):
        raise RulesInvalid(
            [RuleProblem(path.name, "not-readable", "is neither JSON nor TOML (the name of a TOML file ends in .toml)")]
        ) from None
    return RuleSet.from_mapping(document)


class _Stopwatch:
    """Seconds by stage; the only thing in the output that differs between two runs."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure a stage."""
        begun = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - begun


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What the command was asked to do."""

    file: Path
    rules: RuleSet
    other: RuleSet | None
    seed: int
    out: Path
    threads: int


def _run(order: _Order, screen: Console) -> dict[str, Any]:
    watch = _Stopwatch()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as shown:
        task = shown.add_task("reading the file", total=None)
        with watch.stage("read"):
            read = read_people(order.file)
        shown.update(task, description="loading the engine")
        with watch.stage("load"):
            from services.matching.engine.what_if import compare  # noqa: PLC0415 - heavy: --help and a wrong file must not wait for it
            from services.matching.entrypoints.analyst.outputs import write_all  # noqa: PLC0415

        def tell(stage: str, share: float) -> None:
            shown.update(task, description=stage, total=1.0, completed=share)

        with watch.stage("solve"):
            result = solve(read.people, order.rules, order.seed, threads=order.threads, progress=tell)
        compared = None
        if order.other is not None:
            with watch.stage("what-if"):
                compared = compare(result, solve(read.people, order.other, order.seed, threads=order.threads, progress=tell), read.people)
        with watch.stage("write"):
            write_all(order.out, read, result, rules=order.rules, timings=watch.seconds, what_if=compared)
    return _summary(read, result, sum(watch.seconds.values()))


def _summary(read: PeopleFile, result: Result, seconds: float) -> dict[str, Any]:
    """Return what the command prints."""
    reasons = Counter(str(reason) for reason in result.unmatched.values())
    return {
        "rows": read.rows,
        "people": len(read.people),
        "pairs": len(result.pairs),
        "trios": len(result.trios),
        "unmatched": len(result.unmatched),
        "reasons": dict(sorted(reasons.items())),
        "findings": sum(read.notes.count.values()),
        "gap_on_candidates": result.certificate.gap,
        "gap_on_all_eligible_pairs": result.certificate.gap_all,
        "result_hash": result.result_hash,
        "seconds": round(seconds, 2),
    }


def _show(summary: Mapping[str, Any], out: Path) -> None:
    screen = Console()
    table = Table("", "", show_header=False, box=None)
    for name in ("people", "pairs", "trios", "unmatched"):
        table.add_row(name, str(summary[name]))
    for reason, count in summary["reasons"].items():
        table.add_row(f"  {reason}", str(count))
    table.add_row("odd cells and rows in the file", str(summary["findings"]))
    table.add_row(
        "below the best possible, at most", f"{100 * (summary['gap_on_all_eligible_pairs'] or summary['gap_on_candidates']):.3f} %"
    )
    screen.print(table)
    screen.print(f"Open {out / 'report.html'} to read what came out.", highlight=False)
