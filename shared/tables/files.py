"""Read a table from a file on disk, whatever kind it is (for commands; services stream)."""

from collections.abc import Callable, Iterator
from pathlib import Path

from shared.tables.delimited import DelimitedReader
from shared.tables.kinds import HEAD_BYTES, FileKind, encoding_of, kind_of
from shared.tables.rows import Row
from shared.tables.workbook import NotAWorkbook, rows_of

DELIMITERS = (",", ";", "\t", "|")
_PIECE = 262_144


def most_cells(line: str) -> str:
    """Return the delimiter that cuts `line` into most cells (a comma when none cuts it)."""
    return max(DELIMITERS, key=line.count)


def read_rows(path: Path, *, encoding: str | None = None, choose: Callable[[str], str] = most_cells) -> Iterator[Row]:
    """Yield the rows of a CSV file or a workbook.

    Raises:
        NotAWorkbook: when it is neither.

    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        kind = kind_of(head)
        if kind is FileKind.WORKBOOK:
            yield from rows_of(path)
        elif kind in {FileKind.TEXT, FileKind.EMPTY}:
            found, mark = encoding_of(head)
            reader = DelimitedReader(encoding=encoding or found, choose=choose)
            yield from reader.feed(head[mark:])
            while piece := file.read(_PIECE):
                yield from reader.feed(piece)
            yield from reader.close()
        else:
            raise NotAWorkbook(kind.value)
