"""A requirement number in a docstring means something to a stranger: `requirements.toml` says what and where."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.source import ROOT, python_files

TABLE = tomllib.loads((Path(__file__).with_name("requirements.toml")).read_text(encoding="utf-8"))
NUMBER = re.compile(r"\b([RN][1-9][0-9]?)\b(?!\()")
STATES = {"built", "begun", "planned"}


def named_in(*rooms: str) -> dict[str, list[str]]:
    """Return which files of `rooms` name each number in a docstring, comment or text."""
    found: dict[str, list[str]] = {}
    for path in python_files(*rooms):
        for number in sorted(set(NUMBER.findall((ROOT / path).read_text(encoding="utf-8")))):
            found.setdefault(number, []).append(str(path))
    return found


class TestRequirements:
    """The table, the code and the tests speak of the same numbers."""

    def test_every_number_named_anywhere_is_in_the_table(self) -> None:
        """A docstring never points to a number that nobody explains."""
        unknown = {number: files for number, files in named_in().items() if number not in TABLE}
        assert unknown == {}

    @pytest.mark.parametrize("number", TABLE)
    def test_entry_says_what_it_is_and_what_state_it_is_in(self, number: str) -> None:
        """One sentence, a place, and whether it is built, begun or planned."""
        entry = TABLE[number]
        assert entry["says"].endswith(".")
        assert entry["state"] in STATES
        assert entry["state"] == "planned" or (ROOT / entry["place"]).exists()

    @pytest.mark.parametrize("number", [number for number, entry in TABLE.items() if entry.get("state") != "planned"])
    def test_what_is_built_is_named_in_code_and_what_is_complete_in_tests(self, number: str) -> None:
        """`grep -rn R17` finds the function and the test that carry a requirement."""
        assert number in named_in("services", "shared"), f"{number} is named by no code"
        if TABLE[number]["state"] == "built":
            assert number in named_in("tests"), f"{number} is named by no test"
