"""One row of a people file becomes one person, or is refused with everything that is wrong in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.profile.domain.people_file import cells
from services.profile.domain.people_file.header import Header
from services.profile.domain.people_file.problems import CellRefused, Problem, Severity
from services.profile.domain.reference import Reference
from services.profile.domain.text import is_placeholder, tidy
from services.profile.domain.values import Offer, Tag, Want
from services.profile.domain.vocabulary import Kind, Vocabulary

_FAULTS = {
    "row-too-long": Problem(
        code="row-too-long",
        problem="the row is longer than a row may be (64 KB a line, 200 lines); reading goes on with the next line",
        remedy='look for a quotation mark that is never closed, or a cell with a document in it; write " inside a cell as ""',
    ),
    "unreadable-text": Problem(
        code="unreadable-text",
        problem="the row holds bytes that are not text in the file's encoding",
        remedy='save the file as "CSV UTF-8", or name its encoding (encoding=cp1252 for Western European Excel)',
    ),
    "nul-byte": Problem(
        code="nul-byte", problem="the row holds a NUL byte, so the file is damaged or no text", remedy="export the file again as CSV UTF-8"
    ),
}


_EVERY_ROW_DIFFERS = frozenset({"member_id", "email", "display_name"})
_REMEMBERED_MAX = 10_000


@dataclass(frozen=True, slots=True)
class RawRow:
    """Cells as they stand in the file; `fault` says why they cannot be read."""

    line: int
    cells: tuple[str, ...]
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRow:
    """What one row says. `values` holds the member's fields that the file has columns for; an empty cell means "nothing"."""

    line: int
    company_key: str
    email: str = ""
    manager_key: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Tell whether the row cannot be taken."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


class RowReader:
    """Reads the rows of files with one header."""

    def __init__(self, header: Header, *, reference: Reference, vocabulary: Vocabulary) -> None:
        """Prepare one reader per column."""
        self._header = header
        self._read_before: dict[tuple[str, str], Any] = {}
        self.labels: dict[tuple[str, str], str] = {}
        """How the file itself writes a department, job family or site: (column, code) → the first spelling."""
        skills = cells.tags(vocabulary, Kind.SKILL)
        challenges = cells.tags(vocabulary, Kind.CHALLENGE)
        self._readers: dict[str, cells.Reader] = {
            "member_id": cells.company_key,
            "email": cells.email,
            "display_name": cells.display_name,
            "department": lambda cell: self._organisation("department", cell),
            "job_family": lambda cell: self._organisation("job_family", cell),
            "level": cells.level,
            "years": cells.years,
            "site": lambda cell: self._organisation("site", cell),
            "country": cells.countries(reference),
            "timezone": cells.zones(reference),
            "manager_id": cells.company_key,
            "start_date": cells.start_date,
            "languages": cells.languages,
            "offers": lambda cell: tuple(Offer(tag=tag) for tag in skills(cell)),
            "wants": lambda cell: tuple(Want(tag=tag) for tag in skills(cell)),
            "goals": cells.tags(vocabulary, Kind.GOAL),
            "challenges": challenges,
            "challenges_long": challenges,
            "capacity": cells.capacity,
            "working_hours": cells.working_hours,
        }

    def read(self, raw: RawRow) -> PersonRow:
        """Return the person that the row names, with all its problems at once."""
        if raw.fault:
            fault = _FAULTS[raw.fault].at(raw.line, self._faulty_column(raw))
            return PersonRow(line=raw.line, company_key=self._key_of(raw), problems=(fault,))
        if any(cell.strip() for cell in raw.cells[self._header.width :]):
            return PersonRow(line=raw.line, company_key=self._key_of(raw), problems=(self._too_wide(raw),))
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for column, place in self._header.places.items():
            try:
                values[column] = self._value(column, raw.cells[place] if place < len(raw.cells) else "")
            except CellRefused as refused:
                problems.append(refused.found.at(raw.line, column))
        return _person(raw.line, values, problems)

    def _value(self, column: str, text: str) -> Any:
        """Return what a cell says; departments, zones and skills repeat, so what was read lately is remembered."""
        if column in _EVERY_ROW_DIFFERS:
            return self._read_cell(column, text)
        place = (column, text)
        if place not in self._read_before:
            if len(self._read_before) >= _REMEMBERED_MAX:
                self._read_before.clear()
            self._read_before[place] = self._read_cell(column, text)
        return self._read_before[place]

    def _read_cell(self, column: str, text: str) -> Any:
        cell = cells.plain(text)
        says_nothing = not cell or (column not in _EVERY_ROW_DIFFERS and is_placeholder(cell))
        return empty_value(column) if says_nothing else self._readers[column](cell)

    def _organisation(self, column: str, cell: str) -> str:
        code = cells.organisation(cell)
        if len(self.labels) < _REMEMBERED_MAX:
            self.labels.setdefault((column, code), tidy(cell))
        return code

    def _key_of(self, raw: RawRow) -> str:
        """Return whom a row is about that cannot be read otherwise, as far as it tells."""
        place = self._header.places["member_id"]
        cell = raw.cells[place].strip() if place < len(raw.cells) else ""
        return cell if cell.isprintable() and len(cell) <= cells.KEY_LENGTH_MAX else ""

    def _faulty_column(self, raw: RawRow) -> str:
        """Return the first column that holds bytes which are no text, "" when that cannot be told."""
        return next((column for column, place in self._header.places.items() if _is_damaged(raw.cells[place : place + 1])), "")

    def _too_wide(self, raw: RawRow) -> Problem:
        return Problem(
            code="too-many-cells",
            problem=f"the row has {len(raw.cells)} cells, the header {self._header.width}",
            remedy="put a cell that holds the divider (a list with ; in a file divided by ;) into quotation marks",
            line=raw.line,
        )


def _is_damaged(cell: tuple[str, ...]) -> bool:
    return any(sign in {"\x00", "\ufffd"} or "\ud800" <= sign <= "\udfff" for sign in "".join(cell))


def empty_value(column: str) -> Any:
    """Return what an empty cell says."""
    if column in {"member_id", "email", "display_name"}:
        return ""
    if column == "capacity":
        return 1
    return () if column in {"languages", "offers", "wants", "goals", "challenges", "challenges_long", "working_hours"} else None


def _person(line: int, values: dict[str, Any], problems: list[Problem]) -> PersonRow:
    key, address = values.pop("member_id", ""), values.pop("email", "")
    refused = {problem.column for problem in problems}
    for column, value in (("member_id", key), ("email", address)):
        if not value and column not in refused:
            problems.append(_required(line, column))
    manager_key = values.get("manager_id")
    if "display_name" in values:
        values["display_name"] = values["display_name"] or name_from(address)
    problems.extend(_too_long_tags(line, values))
    return PersonRow(line=line, company_key=key, email=address, manager_key=manager_key, values=values, problems=tuple(problems))


def name_from(address: str) -> str:
    """Return a name to call somebody by whose name the file does not give ("ada.example@…" → "Ada Example")."""
    return " ".join(part.capitalize() for part in address.partition("@")[0].replace(".", " ").replace("_", " ").split())


def _required(line: int, column: str) -> Problem:
    return Problem(
        code="required",
        problem=f"the cell {column} is empty",
        remedy=f"every person needs {'an' if column[0] in 'aeiou' else 'a'} {column}; fill the cell",
        line=line,
        column=column,
    )


def _too_long_tags(line: int, values: Mapping[str, Any]) -> list[Problem]:
    return [
        Problem(
            code="too-long-for-a-tag",
            problem=f"the cell {column} holds a whole sentence; it is kept for the member but not used for matching",
            remedy="write up to five words, or a term of the company's list",
            line=line,
            column=column,
            severity=Severity.WARNING,
        )
        for column in ("offers", "wants", "goals", "challenges", "challenges_long")
        if any(_tag(item).code is None for item in values.get(column, ()))
    ]


def _tag(item: Tag | Offer | Want) -> Tag:
    return item if isinstance(item, Tag) else item.tag
