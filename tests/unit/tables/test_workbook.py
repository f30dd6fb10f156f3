"""XLSX as rows of text."""

from pathlib import Path

import pytest

from shared.tables.files import read_rows
from shared.tables.kinds import FileKind, encoding_of, kind_of
from shared.tables.workbook import NotAWorkbook, main, rows_of
from tests.unit.tables.workbooks import Day, Failed, workbook


def written(folder: Path, data: bytes, name: str = "file.xlsx") -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(data)
    return path


class TestCells:
    """Cells read as a person reads them."""

    def test_whole_numbers_lose_their_point(self, tmp_path: Path) -> None:
        """Ecosystem 7: every number is a float in a workbook; the id 1001 is no 1001.0."""
        path = written(tmp_path, workbook([["member_id", "years"], [1001, 6.5]]))
        assert [row.cells for row in rows_of(path)] == [("member_id", "years"), ("1001", "6.5")]

    def test_days_are_iso_days(self, tmp_path: Path) -> None:
        """A cell in a date format."""
        path = written(tmp_path, workbook([["start_date"], [Day(45000)]]))
        assert [row.cells for row in rows_of(path)][1] == ("2023-03-15",)

    def test_errors_of_formulas_stay_visible(self, tmp_path: Path) -> None:
        """The reader of cells refuses them by name."""
        path = written(tmp_path, workbook([["email"], [Failed("#N/A")]]))
        assert [row.cells for row in rows_of(path)][1] == ("#N/A",)

    def test_rows_have_the_sheets_numbers(self, tmp_path: Path) -> None:
        """A person finds row 2 in row 2."""
        assert [row.line for row in rows_of(written(tmp_path, workbook([["a"], ["b"]])))] == [1, 2]

    def test_table_that_begins_elsewhere_keeps_its_places(self, tmp_path: Path) -> None:
        """Empty rows and columns before the table count, for errors of formulas too."""
        path = written(tmp_path, workbook([[], [None, "a", "b"], [None, 1, Failed("#REF!")]]))
        assert [(row.line, row.cells) for row in rows_of(path)][1:] == [(2, ("", "a", "b")), (3, ("", "1", "#REF!"))]


class TestFilesThatAreNot:
    """What is no workbook says so."""

    def test_renamed_csv_is_refused(self, tmp_path: Path) -> None:
        """Issue 3, section 2: an XLSX that is a renamed CSV."""
        with pytest.raises(NotAWorkbook):
            list(rows_of(written(tmp_path, b"member_id,email\n")))

    def test_damaged_workbook_is_refused(self, tmp_path: Path) -> None:
        """Half a zip file."""
        data = workbook([["a"], ["b"]])
        with pytest.raises(NotAWorkbook):
            list(rows_of(written(tmp_path, data[: len(data) // 2])))

    def test_command_tells_by_its_exit_code(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The process of its own answers in JSON lines, or with 3."""
        monkeypatch.setattr("shared.tables.workbook._limit", lambda: None)
        assert main(["x", str(written(tmp_path, workbook([["a", 1]])))]) == 0
        assert capsys.readouterr().out == '[1, ["a", "1"]]\n'
        assert main(["x", str(written(tmp_path, b"no"))]) == 3

    @pytest.mark.parametrize(
        ("head", "kind"),
        [
            (b"", FileKind.EMPTY),
            (b"PK\x03\x04...", FileKind.WORKBOOK),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", FileKind.OLD_WORKBOOK),
            (b"%PDF-1.7", FileKind.PDF),
            (b"member_id", FileKind.TEXT),
        ],
    )
    def test_kind_shows_in_the_first_bytes(self, head: bytes, kind: FileKind) -> None:
        """Never in the name."""
        assert kind_of(head) is kind

    def test_byte_order_marks_name_the_encoding(self) -> None:
        """With and without one."""
        assert encoding_of(b"\xef\xbb\xbfa") == ("utf-8", 3)
        assert encoding_of(b"\xff\xfea\x00") == ("utf-16-le", 2)
        assert encoding_of(b"a") == ("utf-8", 0)


class TestReadRows:
    """One call for files on disk."""

    @pytest.mark.parametrize("data", [workbook([["a", "b"], ["1", "2"]]), b"\xef\xbb\xbfa;b\n1;2\n", b"a,b\n1,2"])
    def test_any_table_gives_the_same_rows(self, tmp_path: Path, data: bytes) -> None:
        """CSV or XLSX, whatever the name says."""
        assert [row.cells for row in read_rows(written(tmp_path, data, "people.txt"))] == [("a", "b"), ("1", "2")]

    def test_other_documents_are_refused(self, tmp_path: Path) -> None:
        """A PDF is no table."""
        with pytest.raises(NotAWorkbook):
            list(read_rows(written(tmp_path, b"%PDF-1.7")))
