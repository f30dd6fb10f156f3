"""Read a table from a file on disk, whatever kind it is (for commands; services stream)."""

import csv
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

from shared.tables.delimited import DelimitedReader
from shared.tables.kinds import FileKind, encoding_of, kind_of
from shared.tables.rows import Limits, Row
from shared.tables.workbook import NotAWorkbook, rows_of

DELIMITERS = (",", ";", "\t", "|")
HEAD_ROWS = 20
"""How far down the header may stand: exports put a title and a date above it."""
_PIECE = 262_144
IsHeader = Callable[[Sequence[str]], bool]


def most_cells(line: str) -> str:
    """Return the delimiter that cuts `line` into most cells (a comma when none cuts it)."""
    return max(DELIMITERS, key=line.count)


def read_rows(path: Path, *, is_header: IsHeader | None = None, limits: Limits | None = None) -> Iterator[Row]:
    """Yield the rows of a CSV file or a workbook; with `is_header` from the row on of which that is true, if one of the first is.

    Raises:
        NotAWorkbook: when it is neither.

    """
    rows = _rows(path, is_header, limits)
    if is_header is None:
        return rows
    head = list(islice((row for row in rows if not row.is_blank), HEAD_ROWS))
    first = next((at for at, row in enumerate(head) if is_header(row.cells)), 0)
    return chain(head[first:], rows)


def _rows(path: Path, is_header: IsHeader | None, limits: Limits | None) -> Iterator[Row]:
    with path.open("rb") as file:
        head = file.read(_PIECE)
        kind = kind_of(head)
        if kind is FileKind.WORKBOOK:
            yield from rows_of(
                path, None if is_header is None else lambda rows: any(is_header(row.cells) for row in islice(rows, HEAD_ROWS))
            )
        elif kind in {FileKind.TEXT, FileKind.EMPTY}:
            encoding, mark = encoding_of(head)
            found = is_header and _delimiter(head[mark:].decode(encoding, "replace"), is_header)
            reader = DelimitedReader(encoding=encoding, choose=lambda line: found or most_cells(line), limits=limits)
            yield from reader.feed(head[mark:])
            while piece := file.read(_PIECE):
                yield from reader.feed(piece)
            yield from reader.close()
        else:
            raise NotAWorkbook(kind.value)


def _delimiter(head: str, is_header: IsHeader) -> str | None:
    """Return the delimiter under which one of the first lines is the header (of several the one that cuts it most)."""
    for line in islice(filter(str.strip, head.splitlines()), HEAD_ROWS):
        fitting = [delimiter for delimiter in DELIMITERS if is_header(next(csv.reader([line], delimiter=delimiter), []))]
        if fitting:
            return max(fitting, key=line.count)
    return None
