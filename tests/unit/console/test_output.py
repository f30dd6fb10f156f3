"""What is printed where."""

import sys

import pytest

from services.console.application.ports import tell_nobody
from services.console.entrypoints.output import print_table, progress


class TestProgress:
    """On stderr, and only when somebody is looking."""

    def test_nobody_looking_means_no_bar(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A log file is not filled with bars."""
        with progress("people.csv") as told:
            assert told is tell_nobody
        assert capsys.readouterr() == ("", "")

    def test_a_terminal_sees_the_stage(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """Stdout stays clean for the result."""
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        monkeypatch.setenv("TERM", "xterm")
        with progress("people.csv") as told:
            told("writing", 50, 203)
        captured = capsys.readouterr()
        assert "people.csv: writing" in captured.err
        assert captured.out == ""


class TestTables:
    """For eyes; scripts use `--json`."""

    def test_what_looks_like_markup_is_shown_as_it_is(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A name such as `[red]` is a name."""
        print_table("T", ("name", "count"), [("[red]", 1), ("x", None)])
        printed = capsys.readouterr().out
        assert "[red]" in printed
        assert "–" in printed  # noqa: RUF001 - the dash for "unknown"

    def test_long_cells_stay_whole_in_a_file(self, capsys: pytest.CaptureFixture[str]) -> None:
        """`tandem status > file` can be searched."""
        print_table("T", ("place",), [("x" * 120,)])
        assert "x" * 120 in capsys.readouterr().out
