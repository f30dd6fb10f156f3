"""Files and functions stay small enough to be read at one sitting (architecture section 10)."""

from pathlib import Path

import pytest

from tests.architecture.source import ROOT, functions, python_files, tree_of

FILE, TEST_FILE, FUNCTION = 300, 400, 40
EXCEPTIONS: dict[str, int] = {}
"""Functions that may be longer, with their present length. This list only shrinks."""


@pytest.mark.parametrize("path", python_files(), ids=str)
def test_file_and_its_functions_are_short(path: Path) -> None:
    """Files up to 300 lines (tests 400), functions up to 40."""
    lines = (ROOT / path).read_text(encoding="utf-8").count("\n")
    limit = TEST_FILE if path.parts[0] == "tests" else FILE
    assert lines <= limit, f"{path} has {lines} lines; the limit is {limit}"
    for function in functions(tree_of(path)):
        length = (function.end_lineno or function.lineno) - function.lineno + 1
        name = f"{path}:{function.name}"
        assert length <= EXCEPTIONS.get(name, FUNCTION), f"{name} has {length} lines; the limit is {FUNCTION}"


def test_exceptions_are_still_needed() -> None:
    """An exception that is no longer needed is taken off the list."""
    lengths = {
        f"{path}:{function.name}": (function.end_lineno or function.lineno) - function.lineno + 1
        for path in python_files()
        for function in functions(tree_of(path))
    }
    assert [name for name in EXCEPTIONS if lengths.get(name, 0) <= FUNCTION] == []
