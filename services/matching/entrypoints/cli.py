"""`tandem match`: solve a round from a people file on this machine, without any server."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from services.matching.domain.rules import RuleSet
from services.matching.domain.skill_tree import with_related
from services.matching.engine import Result, solve
from services.matching.entrypoints.analyst.people import NoPeople, PeopleFile, read_people
from services.matching.entrypoints.analyst.rules_file import NoRules, read_rules
from services.matching.entrypoints.analyst.skills import SkillList, SkillsUnreadable, read_skills
from services.matching.entrypoints.analyst.terminal import show, summary_of

_WRONG_USE = 2
_THREADS_MAX = 4


def match(  # noqa: PLR0917 - options of a command
    file: Annotated[Path, typer.Argument(help="The people file: CSV, CSV packed with gzip, or XLSX. Only member_id must be there.")],
    rules: Annotated[Path | None, typer.Option(help="Rules as JSON or TOML; what is absent takes its default.")] = None,
    seed: Annotated[int, typer.Option(help="Decides ties and samples; the same seed gives the same bytes.")] = 1,
    out: Annotated[Path, typer.Option(help="Folder for the results.")] = Path("match-out"),
    what_if: Annotated[Path | None, typer.Option(help="A second rule set: compare its round with this one.")] = None,
    skills: Annotated[Path | None, typer.Option(help="The company's list of skills, TOML or from `tandem skills list --json`.")] = None,
    threads: Annotated[int, typer.Option(min=0, max=64, help="0 = as many as there are cores, at most 4. Changes no byte.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Find the best pairs for everybody in a people file, explain each, prove how near the best it is, and compare rules.

    Leaves pairs.csv, explanations.ndjson, unmatched.csv, report.json and report.html in the folder.

    Example: tandem match people.csv --out match-out
    """
    screen = Console(stderr=True, soft_wrap=True, highlight=False, markup=False)
    try:
        order = _Order(
            file=file,
            rules=read_rules(rules),
            other=None if what_if is None else read_rules(what_if),
            skills=read_skills(skills),
            seed=seed,
            out=out,
            threads=threads or min(_THREADS_MAX, os.cpu_count() or 1),
        )
        read, summary = _run(order, screen)
    except (NoRules, NoPeople, SkillsUnreadable) as fault:
        screen.print(str(fault))
        raise typer.Exit(_WRONG_USE) from None
    except OSError as fault:
        screen.print(f"{fault.filename}: {fault.strerror}")
        raise typer.Exit(_WRONG_USE) from None
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
    else:
        show(read, summary, out)


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
    skills: SkillList
    seed: int
    out: Path
    threads: int


def _run(order: _Order, screen: Console) -> tuple[PeopleFile, dict[str, Any]]:
    watch = _Stopwatch()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as shown:
        task = shown.add_task("reading the file", total=None)
        with watch.stage("read"):
            read = read_people(order.file, order.skills)
        shown.update(task, description="loading the engine")
        with watch.stage("load"):
            from services.matching.engine.what_if import Side, compare_sides  # noqa: PLC0415 - heavy: --help and a wrong file must not wait
            from services.matching.entrypoints.analyst.outputs import write_all  # noqa: PLC0415

        def tell(stage: str, share: float) -> None:
            shown.update(task, description=stage, total=1.0, completed=share)

        def solved(rules: RuleSet) -> Result:
            known = with_related(rules, order.skills.tree, _people_by_code(read, "wants"), _people_by_code(read, "offers"))
            return solve(read.people, known, order.seed, threads=order.threads, progress=tell)

        with watch.stage("solve"):
            result = solved(order.rules)
        compared = None
        if order.other is not None:
            with watch.stage("what-if"):
                compared = compare_sides(Side.of(result), Side.of(solved(order.other)), read.people)
        with watch.stage("write"):
            write_all(order.out, read, result, rules=order.rules, timings=watch.seconds, what_if=compared)
    return read, summary_of(read, result, compared, sum(watch.seconds.values()))


def _people_by_code(read: PeopleFile, column: str) -> Counter[str]:
    """Return how many people want or offer each skill."""
    return Counter(code for one in read.people for code in getattr(one, column))
