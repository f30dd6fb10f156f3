"""Files and functions stay small enough to be read at one sitting (architecture section 10)."""

from tests.architecture.source import ROOT, functions, python_files, tree_of

FILE, TEST_FILE, FUNCTION = 300, 400, 40
EXCEPTIONS: dict[str, int] = {}
"""Functions that may be longer, with their present length. This list only shrinks."""


def lengths_of_functions() -> dict[str, int]:
    """Return the length of every function by file and name; of two with one name the longer."""
    found: dict[str, int] = {}
    for path in python_files():
        for function in functions(tree_of(path)):
            name = f"{path}:{function.name}"
            found[name] = max(found.get(name, 0), (function.end_lineno or function.lineno) - function.lineno + 1)
    return found


def test_files_are_short() -> None:
    """Files up to 300 lines, tests up to 400."""
    lines = {path: (ROOT / path).read_text(encoding="utf-8").count("\n") for path in python_files()}
    assert {str(path): count for path, count in lines.items() if count > (TEST_FILE if path.parts[0] == "tests" else FILE)} == {}


def test_functions_are_short_and_exceptions_are_still_needed() -> None:
    """Functions up to 40 lines; an exception that is no longer needed is taken off the list."""
    lengths = lengths_of_functions()
    assert {name: length for name, length in lengths.items() if length > EXCEPTIONS.get(name, FUNCTION)} == {}
    assert [name for name in EXCEPTIONS if lengths.get(name, 0) <= FUNCTION] == []
