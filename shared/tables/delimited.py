"""A push parser for CSV: bytes in, rows out, bounded memory whatever comes (a 20 MB line, an unclosed quotation mark)."""

import codecs
import csv
import io
from collections import deque
from collections.abc import Callable, Iterator

from shared.tables.rows import Fault, Limits, Row

CUT = "\x00…"
"""Stands at the end of a line of which the rest was thrown away."""


class _NeedMore(Exception):
    """The row in hand goes on in lines that have not come yet."""


class _TooManyLines(Exception):
    """The row in hand is longer than a row may be."""


class _Lines:
    """Cuts decoded text into lines; keeps at most `longest` signs of any."""

    def __init__(self, encoding: str, longest: int) -> None:
        errors = "surrogateescape" if encoding.replace("_", "-").lower() in {"utf-8", "ascii"} else "replace"
        self._decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(errors), translate=True)
        self._longest = longest
        self._partial = ""
        self._skipping = False

    def cut(self, data: bytes, *, last: bool = False) -> Iterator[str]:
        """Yield the lines that `data` completes, each with its line end (the last line of a file may lack it)."""
        first, *others = self._decoder.decode(data, final=last).split("\n")
        self._extend(first)
        for piece in others:
            yield self._take() + "\n"
            self._extend(piece)
        if last and self._partial:
            yield self._take()

    def _extend(self, piece: str) -> None:
        if self._skipping:
            return
        self._partial += piece
        if len(self._partial) > self._longest:
            self._partial = self._partial[: self._longest] + CUT
            self._skipping = True

    def _take(self) -> str:
        line, self._partial, self._skipping = self._partial, "", False
        return line


class DelimitedReader:
    """Turns the bytes of a CSV file into rows, piece by piece.

    `choose` gets the first line that holds anything and returns the delimiter. The dialect is the standard library's: quoted
    cells may hold delimiters, line ends and doubled quotation marks. A row that is too long costs only the line it begins on:
    reading goes on with the next line, so that one unclosed quotation mark does not swallow the rest of the file.
    """

    def __init__(self, *, encoding: str, choose: Callable[[str], str], limits: Limits | None = None) -> None:
        """Begin before the first byte (byte order mark cut off already)."""
        self._limits = limits or Limits()
        self._choose = choose
        self._lines = _Lines(encoding, self._limits.line_length)
        self._waiting: deque[str] = deque()
        self._in_hand: list[str] = []
        self._line = 1
        self._closing = False
        self._reader: Iterator[list[str]] | None = None

    def feed(self, data: bytes) -> list[Row]:
        """Take the next bytes; return the rows that are complete now."""
        self._waiting.extend(self._lines.cut(data))
        return list(self._rows())

    def close(self) -> list[Row]:
        """Say that nothing more comes; return the last rows."""
        self._waiting.extend(self._lines.cut(b"", last=True))
        self._closing = True
        return list(self._rows())

    def _rows(self) -> Iterator[Row]:
        while self._waiting:
            reader = self._reader or self._begin()
            if reader is None:
                continue
            try:
                cells = next(reader)
            except _NeedMore:
                self._put_back(0)
                return
            except (_TooManyLines, csv.Error):
                self._put_back(1)
                yield self._done(Row(self._line, (), Fault.TOO_LONG))
            except StopIteration:
                return
            else:
                yield self._done(_checked(self._line, cells, self._in_hand))

    def _begin(self) -> Iterator[list[str]] | None:
        """Choose the delimiter by the first line that holds anything; skip blank ones and Excel's `sep=` hint."""
        line = self._waiting[0]
        hint = line.strip().casefold()
        if not hint or (hint.startswith("sep=") and len(hint) == len("sep=;")):
            self._waiting.popleft()
            self._line += 1
            if hint:
                delimiter = hint[-1]
                self._choose = lambda _: delimiter
            return None
        self._reader = csv.reader(_Feed(self._next_line), delimiter=self._choose(line))
        return self._reader

    def _next_line(self) -> str:
        if len(self._in_hand) >= self._limits.row_lines or sum(map(len, self._in_hand)) > 2 * self._limits.line_length:
            raise _TooManyLines
        if not self._waiting:
            if self._closing:
                raise _TooManyLines if self._in_hand else StopIteration
            raise _NeedMore
        line = self._waiting.popleft()
        self._in_hand.append(line)
        return line

    def _put_back(self, kept: int) -> None:
        self._waiting.extendleft(reversed(self._in_hand[kept:]))
        del self._in_hand[kept:]

    def _done(self, row: Row) -> Row:
        self._line += len(self._in_hand)
        self._in_hand = []
        return row


class _Feed:
    """The lines of the row in hand, as csv.reader asks for them; an exception leaves the reader ready for a new row."""

    def __init__(self, next_line: Callable[[], str]) -> None:
        self._next_line = next_line

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        return self._next_line()


def _checked(line: int, cells: list[str], lines: list[str]) -> Row:
    text = "".join(lines)
    if CUT in text:
        return Row(line, (), Fault.TOO_LONG)
    if "\x00" in text:
        return Row(line, tuple(cells), Fault.NUL)
    if not text.isascii() and ("\ufffd" in text or any("\ud800" <= sign <= "\udfff" for sign in text)):
        return Row(line, tuple(cells), Fault.UNREADABLE)
    return Row(line, tuple(cells))
