"""XLSX as rows of text.

`python -m shared.tables.workbook FILE` prints them as JSON lines, so that a hostile workbook meets the limits of a process
of its own and no event loop waits for it.
"""

import contextlib
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, PasswordError

from shared.tables.formula_errors import errors_of
from shared.tables.rows import Row

MEMORY_MAX = 2 * 1024**3
CPU_SECONDS_MAX = 120
_NOT_A_WORKBOOK = 3
_ARGUMENTS = 2


class NotAWorkbook(ValueError):
    """The file is no XLSX that can be read (damaged, another kind of zip file, with a password)."""


def rows_of(path: Path, is_wanted: Callable[[Iterator[Row]], bool] | None = None) -> Iterator[Row]:
    """Yield the rows of the first sheet that holds anything, or of the first later one of which `is_wanted` is true.

    Raises:
        NotAWorkbook: when it cannot be read.

    """
    try:
        with CalamineWorkbook.from_path(path) as workbook:
            sheets = {name: sheet for name in workbook.sheet_names if (sheet := workbook.get_sheet_by_name(name)).height}
            first = next(iter(sheets), None)
            name = first if is_wanted is None else next((each for each in sheets if is_wanted(_sheet_rows(sheets[each], {}))), first)
            if name is not None:
                yield from _sheet_rows(sheets[name], errors_of(path, name))
    except (CalamineError, PasswordError, OSError) as fault:
        raise NotAWorkbook(type(fault).__name__) from None


def _sheet_rows(sheet: Any, errors: dict[tuple[int, int], str]) -> Iterator[Row]:
    """Yield rows with the sheet's own numbers; cells begin at column A whatever calamine cuts off."""
    _, left = sheet.start or (0, 0)
    failed = {row for row, _ in errors}
    for number, values in enumerate(sheet.iter_rows(), start=1):
        cells = [""] * left + [cell_text(value) for value in values]
        if number in failed:
            cells = [errors.get((number, column), cell) for column, cell in enumerate(cells, start=1)]
        yield Row(number, tuple(cells))


def cell_text(value: Any) -> str:
    """Return a cell as a person reads it: whole numbers without `.0`, dates as ISO dates.

    Workbooks keep every number as a float, so an id `1001` arrives as `1001.0`; leading zeros of numeric cells are lost before us.
    """
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _limit() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource  # noqa: PLC0415  not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS_MAX, CPU_SECONDS_MAX))


def main(arguments: list[str]) -> int:
    """Print each row as `[line, [cells]]`; exit 3 when the file is no workbook."""
    if len(arguments) != _ARGUMENTS:
        sys.stderr.write("usage: python -m shared.tables.workbook FILE\n")
        return 2
    _limit()
    write = sys.stdout.write
    try:
        for row in rows_of(Path(arguments[1])):
            write(json.dumps([row.line, row.cells]) + "\n")
    except NotAWorkbook:
        return _NOT_A_WORKBOOK
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
