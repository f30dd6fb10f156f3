"""Uploaded people files as tables: what a file is shows in its first bytes, never in its name."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from services.profile.adapters.import_repository import UploadedPieces
from services.profile.domain.people_file.header import Header, choose_delimiter
from services.profile.domain.people_file.problems import FileRefused, Problem, Severity
from services.profile.domain.people_file.rows import RawRow
from services.profile.domain.people_import import PeopleImport
from shared.tables.delimited import DelimitedReader
from shared.tables.kinds import FileKind, encoding_of, kind_of
from shared.tables.rows import Row

_SLICE = 65_536
_LINE_BYTES_MAX = 16 * 1024 * 1024
_NOT_A_WORKBOOK = 3
_REFUSED = {
    FileKind.EMPTY: ("empty-file", "the file is empty", "export it again; the first row names the columns"),
    FileKind.OLD_WORKBOOK: (
        "old-workbook",
        "this is an Excel file from before 2007, or one with a password",
        "save it as .xlsx without password, or as CSV UTF-8",
    ),
    FileKind.PDF: ("not-a-table", "this is a PDF document", "export the table as .xlsx or CSV UTF-8"),
}


class Table:
    """`PeopleTable` over a stream of rows."""

    def __init__(self, stream: AsyncIterator[list[Row]], notices: list[Problem]) -> None:
        """Wrap a stream; `begin` reads its header."""
        self._stream = stream
        self._begun: list[Row] = []
        self._header: Header | None = None
        self._own_notices = notices

    @property
    def header(self) -> Header:
        """Return the columns."""
        if self._header is None:
            raise FileRefused(_problem("empty-file", "the file holds nothing but blank lines", "the first row names the columns"))
        return self._header

    @property
    def notices(self) -> list[Problem]:
        """Return findings about the file as a whole."""
        return [*self._own_notices, *self.header.problems]

    async def begin(self) -> None:
        """Read up to the header; `FileRefused` when there is none."""
        async for rows in self._stream:
            self._begun.extend(row for row in rows if not row.is_blank)
            if self._begun:
                first = self._begun.pop(0)
                if first.fault:
                    raise FileRefused(_unreadable_header(first))
                self._header = Header.read(first.cells, first.line)
                return

    async def batches(self, size: int) -> AsyncIterator[list[RawRow]]:
        """Yield rows that hold anything, `size` at a time."""
        waiting, self._begun = [_raw(row) for row in self._begun], []
        async for rows in self._stream:
            waiting.extend(_raw(row) for row in rows if not row.is_blank)
            while len(waiting) >= size:
                yield waiting[:size]
                del waiting[:size]
        while waiting:
            yield waiting[:size]
            del waiting[:size]


class UploadedPeopleFiles:
    """`PeopleFiles` over the uploaded pieces; holds one piece at a time."""

    def __init__(self, pieces: UploadedPieces) -> None:
        """Bind to the store of pieces."""
        self._pieces = pieces

    @asynccontextmanager
    async def open(self, people_import: PeopleImport) -> AsyncIterator[Table]:
        """Open a file as the table it is."""
        head = await self._pieces.get(people_import.id, 0) if people_import.pieces else b""
        kind = kind_of(head)
        if kind in _REFUSED:
            raise FileRefused(_problem(*_REFUSED[kind]))
        notices = _notices(people_import.filename, kind)
        if kind is FileKind.TEXT:
            table = Table(self._text(people_import, head), notices)
            await table.begin()
            yield table
            return
        with tempfile.TemporaryDirectory(prefix="tandem-import-") as folder:
            path = Path(folder) / "people.xlsx"
            await self._copy(people_import, path)
            stream = _workbook(path)
            try:
                table = Table(stream, notices)
                await table.begin()
                yield table
            finally:
                await stream.aclose()

    async def _text(self, people_import: PeopleImport, head: bytes) -> AsyncIterator[list[Row]]:
        found, mark = encoding_of(head)
        reader = DelimitedReader(encoding=found if mark else people_import.encoding or found, choose=choose_delimiter)
        for number in range(people_import.pieces):
            piece = await self._pieces.get(people_import.id, number) if number else head[mark:]
            for begin in range(0, len(piece), _SLICE):
                yield reader.feed(piece[begin : begin + _SLICE])
        yield reader.close()

    async def _copy(self, people_import: PeopleImport, path: Path) -> None:
        with path.open("wb") as file:
            for number in range(people_import.pieces):
                file.write(await self._pieces.get(people_import.id, number))


async def _workbook(path: Path) -> AsyncGenerator[list[Row]]:
    """Yield the rows that a process of its own reads: a hostile workbook meets that process's limits, not ours."""
    reader = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "shared.tables.workbook", str(path)), stdout=asyncio.subprocess.PIPE, limit=_LINE_BYTES_MAX
    )
    try:
        if reader.stdout is None:
            return
        async for line in reader.stdout:
            number, cells = json.loads(line)
            yield [Row(number, tuple(cells))]
        code = await reader.wait()
        if code == _NOT_A_WORKBOOK:
            raise FileRefused(
                _problem("not-a-workbook", "this is no Excel workbook, or a damaged one", "save it as .xlsx again, or as CSV UTF-8")
            )
        if code:
            raise FileRefused(_problem("workbook-too-large", "the workbook is too large to be unpacked", "save it as CSV UTF-8"))
    finally:
        if reader.returncode is None:
            with suppress(ProcessLookupError):
                reader.kill()
            await reader.wait()


def _raw(row: Row) -> RawRow:
    return RawRow(row.line, row.cells, row.fault.value if row.fault else None)


def _problem(code: str, problem: str, remedy: str) -> Problem:
    return Problem(code=code, problem=problem, remedy=remedy)


def _notices(filename: str, kind: FileKind) -> list[Problem]:
    """Say so when a file is not what its name says; it is read as what it is."""
    name = filename.casefold()
    if kind is FileKind.TEXT and name.endswith((".xlsx", ".xlsm", ".xls")):
        wrong = (
            "csv-named-as-workbook",
            "the file is named like an Excel workbook but holds CSV text; it was read as CSV",
            "rename it to .csv",
        )
    elif kind is FileKind.WORKBOOK and name.endswith((".csv", ".txt", ".tsv")):
        wrong = ("workbook-named-as-csv", "the file is named like CSV but is an Excel workbook; it was read as one", "rename it to .xlsx")
    else:
        return []
    return [Problem(code=wrong[0], problem=wrong[1], remedy=wrong[2], severity=Severity.WARNING)]


def _unreadable_header(row: Row) -> Problem:
    return Problem(
        code=row.fault.value if row.fault else "empty-file",
        problem=f"the first row (line {row.line}) cannot be read, so this is no people file",
        remedy="the first row names the columns, in UTF-8, divided by comma or semicolon",
        line=row.line,
    )
