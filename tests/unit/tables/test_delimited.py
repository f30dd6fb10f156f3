"""CSV as people send it: right lines, bounded memory, one bad row costs one row."""

import csv
import io
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.tables.delimited import DelimitedReader
from shared.tables.files import most_cells
from shared.tables.rows import Fault, Limits, Row


def read(data: bytes, *, piece: int = 7, encoding: str = "utf-8", limits: Limits | None = None) -> list[Row]:
    """Read a whole file in small pieces."""
    reader = DelimitedReader(encoding=encoding, choose=most_cells, limits=limits)
    rows = [row for at in range(0, len(data), piece) for row in reader.feed(data[at : at + piece])]
    return rows + reader.close()


def cells(data: bytes) -> list[tuple[str, ...]]:
    """Return the cells of a file."""
    return [row.cells for row in read(data)]


class TestRowsAndLines:
    """A row knows the line it begins on."""

    def test_quoted_line_ends_count(self) -> None:
        """Issue 3, section 2: line numbers are right behind a cell of two lines."""
        rows = read(b'\n\na,b\r\n1,"x\ny"\r\n2,z')
        assert [(row.line, row.cells) for row in rows] == [(3, ("a", "b")), (4, ("1", "x\ny")), (6, ("2", "z"))]

    @pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
    def test_all_line_ends_are_read(self, end: bytes) -> None:
        """Unix, Windows and old Mac files."""
        assert cells(b"a,b" + end + b"1,2" + end) == [("a", "b"), ("1", "2")]

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_delimiter_is_chosen_by_the_first_line(self, delimiter: str) -> None:
        """Issue 3, section 2: comma or semicolon; tab and bar come for free."""
        assert cells(f"a{delimiter}b\n1{delimiter}2\n".encode()) == [("a", "b"), ("1", "2")]

    def test_hint_of_excel_is_followed(self) -> None:
        """`sep=;` names the delimiter and is no row."""
        assert [(row.line, row.cells) for row in read(b"sep=;\na,x;b\n")] == [(2, ("a,x", "b"))]

    def test_doubled_quotation_marks_are_one(self) -> None:
        """The standard library's dialect."""
        assert cells(b'a,"say ""hi"", twice"\n') == [("a", 'say "hi", twice')]

    def test_utf_16_is_read(self) -> None:
        """Excel's "Unicode text"."""
        assert read("a\tü\n".encode("utf-16-le"), piece=3, encoding="utf-16-le") == [Row(1, ("a", "ü"))]

    @given(st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\ufffd"), max_size=9), min_size=2, max_size=3)))
    def test_what_was_written_is_read(self, table: list[list[str]]) -> None:
        """Any cells, cut anywhere: what csv writes comes back."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows([["a", "b"], *table])
        assert [list(row.cells) for row in read(text.getvalue().encode(), piece=5)][1:] == table


class TestHostileRows:
    """A bad row is told and the others are read."""

    def test_unclosed_quotation_mark_costs_its_own_line(self) -> None:
        """Issue 3, section 2: refusals never stop good rows."""
        rows = read(b'a,b\n1,"open\n2,x\n3,y\n')
        assert [(row.line, row.fault) for row in rows] == [(1, None), (2, Fault.TOO_LONG), (3, None), (4, None)]
        assert rows[3].cells == ("3", "y")

    def test_unclosed_mark_in_a_long_file_costs_its_own_line(self) -> None:
        """The limit of lines in one row ends the search for the closing mark."""
        rows = read(b'a,b\n1,"open\n' + b"2,x\n" * 1000, piece=4096)
        assert [row.fault for row in rows[:3]] == [None, Fault.TOO_LONG, None]
        assert len(rows) == 1002
        assert rows[-1] == Row(1002, ("2", "x"))

    def test_line_of_twenty_megabytes_is_refused_in_bounded_memory(self) -> None:
        """Issue 3, section 2: a 20 MB single line gets a clear answer, and the next line is read."""
        reader = DelimitedReader(encoding="utf-8", choose=most_cells)
        tracemalloc.start()
        rows = reader.feed(b"a,b\n1,2\n")
        for _ in range(320):
            rows += reader.feed(b"x" * 65_536)
        rows += reader.feed(b"\n3,4\n") + reader.close()
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [(row.line, row.fault) for row in rows] == [(1, None), (2, None), (3, Fault.TOO_LONG), (4, None)]
        assert peak < 3_000_000

    def test_bytes_of_another_encoding_are_told(self) -> None:
        """A cp1252 file read as UTF-8: rows without umlauts are fine, the others say what is wrong."""
        rows = read("a,b\nMüller,1\nMeyer,2\n".encode("cp1252"))
        assert [row.fault for row in rows] == [None, Fault.UNREADABLE, None]

    def test_right_encoding_reads_them(self) -> None:
        """The same file with its encoding named."""
        rows = read("a,b\nMüller,1\n".encode("cp1252"), encoding="cp1252")
        assert rows[1].cells == ("Müller", "1")

    def test_nul_bytes_are_told(self) -> None:
        """A damaged file."""
        assert [row.fault for row in read(b"a,b\nx\x00,c\nd,e")] == [None, Fault.NUL, None]

    def test_empty_file_has_no_rows(self) -> None:
        """Nothing in, nothing out."""
        assert read(b"") == []
        assert read(b"\n \n\n") == []
