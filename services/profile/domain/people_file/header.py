"""The header of a people file: which column stands where. Any order, any case; unknown ones are told, not fatal."""

import csv
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from services.profile.domain.people_file.problems import FileRefused, Problem, Severity, shown

REQUIRED = ("member_id", "email")
COLUMNS = (
    *REQUIRED,
    *("display_name", "department", "job_family", "level", "years", "site", "country", "timezone", "manager_id", "start_date"),
    *("languages", "offers", "wants", "goals", "challenges", "challenges_long", "capacity", "working_hours"),
)
DELIMITERS = (",", ";", "\t", "|")
_NO_WORD = re.compile(r"[\W_]+")
_BY_FOLDED = {_NO_WORD.sub("", name): name for name in COLUMNS}
_NAMED_MAX = 20


def column_named(text: str) -> str | None:
    """Return the column that a header cell means ("Member ID" → `member_id`), None for an unknown one."""
    return _BY_FOLDED.get(_folded(text))


def choose_delimiter(line: str) -> str:
    """Return the delimiter under which the header line holds most known columns."""

    def known(delimiter: str) -> int:
        cells = next(csv.reader([line], delimiter=delimiter), [])
        return sum(column_named(cell) is not None for cell in cells)

    return max(DELIMITERS, key=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Known columns with their place, and what is to be told about the others."""

    places: dict[str, int]
    width: int
    unknown: tuple[str, ...]
    problems: tuple[Problem, ...]

    @classmethod
    def read(cls, cells: Sequence[str], line: int) -> "Header":
        """Read the first row.

        Raises:
            FileRefused: a required column is missing, or a column stands there twice.

        """
        places: dict[str, int] = {}
        unknown: list[str] = []
        for place, cell in enumerate(cells):
            name = column_named(cell)
            if name is None:
                unknown.extend([cell.strip()] if cell.strip() else [])
            elif name in places:
                raise FileRefused(_twice(name, line))
            else:
                places[name] = place
        if missing := [name for name in REQUIRED if name not in places]:
            raise FileRefused(_missing(missing, unknown, line))
        told = tuple(_unknown(name, line) for name in unknown[:_NAMED_MAX])
        return cls(places=places, width=len(cells), unknown=tuple(unknown[:_NAMED_MAX]), problems=told)


def _folded(text: str) -> str:
    return _NO_WORD.sub("", unicodedata.normalize("NFKC", text).casefold())


def _twice(name: str, line: int) -> Problem:
    return Problem(
        code="duplicate-column",
        problem=f"the column {name} stands in the header twice",
        remedy="keep one of the two and import again",
        line=line,
        column=name,
    )


def _missing(missing: list[str], found: list[str], line: int) -> Problem:
    others = f"; other columns found: {', '.join(shown(name) for name in found[:_NAMED_MAX])}" if found else ""
    return Problem(
        code="missing-column",
        problem=f"the header (line {line}) has no column {' and no column '.join(missing)}{others}",
        remedy=f"the first row must name the columns, at least {' and '.join(REQUIRED)}, divided by comma or semicolon",
        line=line,
        column=missing[0],
    )


def _unknown(name: str, line: int) -> Problem:
    like = [_BY_FOLDED[folded] for folded in get_close_matches(_folded(name), _BY_FOLDED, n=1, cutoff=0.75)]
    return Problem(
        code="unknown-column",
        problem=f"the column {shown(name)} is not known and is not read",
        remedy=f"did you mean {like[0]}?" if like else f"known columns are {', '.join(COLUMNS)}",
        line=line,
        column=name[:60],
        severity=Severity.WARNING if like else Severity.INFO,
    )
