"""What commands print: results on stdout, progress and complaints on stderr, progress only on a terminal."""

import asyncio
import json
import sys
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import typer

from services.console.application.ports import Connections, Told, tell_nobody

T = TypeVar("T")
WIDTH_OF_A_FILE = 160
BAR_WIDTH = 50

Json = Annotated[bool, typer.Option("--json", help="Print JSON for scripts, nothing else on stdout.")]


def connections(context: typer.Context) -> Connections:
    """Return what the root command prepared."""
    prepared: Connections = context.obj
    return prepared


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's work on a loop of its own."""
    return asyncio.run(work)


def print_json(content: Any) -> None:
    """Print one JSON document."""
    sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")


def print_line(text: str = "") -> None:
    """Print one line as it is, without markup."""
    sys.stdout.write(text + "\n")


def print_note(text: str) -> None:
    """Print one line for the person at the terminal, beside the result."""
    sys.stderr.write(text + "\n")


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Print a table; numbers to the right, None as a dash."""
    from rich.console import Console  # noqa: PLC0415 - `--json` and `--help` of one command start faster without it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    cells = [list(row) for row in rows]
    table = Table(title=title, title_justify="left", title_style="bold")
    for index, column in enumerate(columns):
        numbers = all(isinstance(row[index], int | float | None) for row in cells)
        table.add_column(column, justify="right" if numbers and cells else "left", overflow="fold")
    for row in cells:
        table.add_row(*(Text("–" if cell is None else str(cell)) for cell in row))  # noqa: RUF001 - a dash for "unknown"
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE).print(table)


def print_histogram(title: str, counts: Sequence[int], marks: Mapping[str, float] | None = None) -> None:
    """Print how often values fall into equal steps from 0 to 1, without the empty steps at the end; `marks` name places."""
    from rich.bar import Bar  # noqa: PLC0415 - as above
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    last = max((place for place, count in enumerate(counts) if count), default=0)
    named = {min(last, int(at * len(counts))): name for name, at in (marks or {}).items()}
    table = Table(title=title, title_justify="left", title_style="bold", box=None)
    for column in ("from", "", "pairs", ""):
        table.add_column(column, justify="right" if column else "left")
    for place, count in enumerate(counts[: last + 1]):
        bar = Bar(size=max(counts) or 1, begin=0, end=count, width=BAR_WIDTH)
        table.add_row(f"{place / len(counts):.3f}", bar, str(count), named.get(place, ""))
    Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_FILE).print(table)


@contextmanager
def progress(what: str) -> Iterator[Told]:
    """Show a progress bar on stderr while the block runs, when somebody is looking."""
    if not sys.stderr.isatty():
        yield tell_nobody
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)

        def told(stage: str, done: int, total: int | None) -> None:
            bar.update(task, description=f"{what}: {stage}", completed=done, total=total)

        yield told
