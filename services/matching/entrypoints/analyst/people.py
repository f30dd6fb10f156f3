"""From a people file to people for the engine: every known column that is present is used, nothing odd stops the rest."""

import gzip
import re
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from services.matching.engine import Person
from services.matching.entrypoints.analyst import cells
from services.matching.entrypoints.analyst.labels import written_alike
from services.matching.entrypoints.analyst.managers import chains_of
from services.matching.entrypoints.analyst.notes import Notes
from services.matching.entrypoints.analyst.skills import SkillList
from shared.tables.files import read_rows
from shared.tables.rows import Fault, Limits, Row
from shared.tables.workbook import NotAWorkbook

T = TypeVar("T")
USED = (
    "member_id",
    "department",
    "job_family",
    "level",
    "years",
    "site",
    "timezone",
    "manager_id",
    "languages",
    "offers",
    "wants",
    "goals",
)
ALSO_USED = ("challenges", "challenges_long", "capacity", "working_hours", "experience", "communication")
UNUSED = ("email", "display_name", "country", "start_date")
"""Known columns that matching has no use for: they are not read at all."""
GAINS = ("offers", "wants")
"""Without one of these columns nobody has anything to give or get."""
_KEY = "member_id"
_LISTS = ("offers", "wants", "goals", "challenges", "challenges_long", "experience", "languages")
_ITEMS_MAX = 200
_LIMITS = Limits(line_length=1024 * 1024)
"""A row of cells that are as long as a workbook's may be: whoever has a member_id is in the result."""
_UNPACKED_MAX = 2 * 1024**3
_PIECE = 1024 * 1024
_GZIP_MARK = b"\x1f\x8b"
_NO_WORD = re.compile(r"[\W_]+")
_LINE_BREAK = re.compile(r"[\r\n]")
_COLUMNS = {_NO_WORD.sub("", name): name for name in (*USED, *ALSO_USED, *UNUSED)}


class NoPeople(ValueError):
    """The file holds nobody; the text says why and what to do, without quoting the file."""


@dataclass(slots=True)
class PeopleFile:
    """What was read."""

    people: list[Person] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)
    rows: int = 0
    columns: tuple[str, ...] = ()
    unknown_columns: tuple[str, ...] = ()
    alike: list[dict[str, Any]] = field(default_factory=list)
    """Labels that a person should look at: see `written_alike`."""


@dataclass(slots=True)
class _Raw:
    """A row's cells by column, before managers are known."""

    line: int
    cells: Mapping[str, str]


def read_people(path: Path, skills: SkillList | None = None) -> PeopleFile:
    """Read a CSV file (also packed with gzip) or a workbook; `skills` tells which labels are spellings of one skill.

    Raises:
        NoPeople: it is empty, has no column `member_id`, or is no table.

    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MARK
        if not packed:
            return _read(path, skills or SkillList())
        with tempfile.NamedTemporaryFile(suffix=path.stem[-8:]) as plain:
            _unpack(path, Path(plain.name))
            return _read(Path(plain.name), skills or SkillList())
    except NotAWorkbook as fault:
        raise NoPeople(
            f"The file is neither a CSV file nor a workbook that can be read ({fault}). Save it as CSV in UTF-8, or as XLSX."
        ) from None
    except (gzip.BadGzipFile, EOFError) as fault:
        raise NoPeople("The file is packed but damaged. Pack it again, or give the plain CSV file.") from fault


def _unpack(path: Path, plain: Path) -> None:
    size = 0
    with gzip.open(path, "rb") as source, plain.open("wb") as sink:
        while piece := source.read(_PIECE):
            size += len(piece)
            if size > _UNPACKED_MAX:
                raise NoPeople("The unpacked file is larger than 2 GiB. Split it.")
            sink.write(piece)


def _read(path: Path, skills: SkillList) -> PeopleFile:
    found = PeopleFile()
    rows = read_rows(path, is_header=lambda cells: _KEY in map(_column, cells), limits=_LIMITS)
    header = next((row for row in rows if not row.is_blank), None)
    if header is None:
        raise NoPeople("The file is empty. Its first row must name the columns, at least member_id.")
    places = _places(_readable(header, found.notes), found)
    raw: dict[str, _Raw] = {}
    for row in rows:
        if row.is_blank:
            continue
        found.rows += 1
        _keep(_readable(row, found.notes), len(header.cells), places, raw, found.notes)
    if not raw:
        raise NoPeople("The file names columns but holds no person with a member_id.")
    _note_commas(raw, found.notes)
    named = {member: _key(one.cells.get("manager_id", "")) for member, one in raw.items()}
    chains = chains_of(named, {member: one.line for member, one in raw.items()}, found.notes)
    found.people = [_person(member, one, chains[member], skills, found.notes) for member, one in raw.items()]
    found.alike = written_alike(label for one in found.people for label in (*one.offers, *one.wants))
    return found


def _readable(row: Row, notes: Notes) -> Row:
    """Return a row as far as it can be read: text that is not UTF-8 is taken for Windows' Western European."""
    if row.fault is Fault.UNREADABLE:
        notes.add("not-utf-8", "", row.line)
        cells = (cell.encode("utf-8", "surrogateescape").decode("cp1252", "replace") if _is_torn(cell) else cell for cell in row.cells)
        return Row(row.line, tuple(cells))
    if row.fault is Fault.NUL:
        notes.add("nul-byte", "", row.line)
        return Row(row.line, tuple(cell.replace("\0", "") for cell in row.cells))
    return row


def _is_torn(cell: str) -> bool:
    return any("\ud800" <= sign <= "\udfff" for sign in cell)


def _column(cell: str) -> str | None:
    return _COLUMNS.get(_NO_WORD.sub("", cells.folded(cell)))


def _places(header: Row, found: PeopleFile) -> dict[str, int]:
    places: dict[str, int] = {}
    unknown = []
    for place, cell in enumerate(header.cells):
        name = _column(cell)
        if name is None:
            unknown += [cells.folded(cell)] if cell.strip() else []
        elif name in places:
            raise NoPeople(f"Two columns are called {name}. Remove or rename one.")
        else:
            places[name] = place
    if _KEY not in places:
        raise NoPeople(
            "No column is called member_id. Name the column with each person's own key so; it is the only one that must be there."
        )
    found.columns, found.unknown_columns = tuple(places), tuple(unknown)
    return places


def _keep(row: Row, width: int, places: Mapping[str, int], raw: dict[str, _Raw], notes: Notes) -> None:
    if row.fault is not None:
        notes.add("row-unreadable", "", row.line)
        return
    if any(cell.strip() for cell in row.cells[width:]):
        notes.add("too-many-cells", "", row.line)
    named = {name: row.cells[place] for name, place in places.items() if place < len(row.cells) and row.cells[place].strip()}
    for name in [name for name, cell in named.items() if cell.strip().upper() in cells.FORMULA_FAULTS]:
        notes.add("formula-error", name, row.line)
        del named[name]
    member = _key(named.get(_KEY, ""))
    if not member:
        notes.add("no-member-id", _KEY, row.line)
    elif member in raw:
        notes.add("member-id-twice", _KEY, row.line)
    else:
        raw[member] = _Raw(row.line, named)


def _note_commas(raw: Mapping[str, _Raw], notes: Notes) -> None:
    """Note the cells of a list's column that only commas divide: the whole cell is one label then."""
    for column in _LISTS:
        written = [(one.line, one.cells.get(column, "")) for one in raw.values()]
        for line, cell in written if not any(";" in cell for _, cell in written) else ():
            if "," in cell:
                notes.add("commas-only", column, line)


def _key(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFC", cell.replace("\ufeff", "")).split())


class _Reader:
    """Reads one row's cells; faults become notes."""

    def __init__(self, one: _Raw, notes: Notes) -> None:
        self._one, self._notes = one, notes

    def value(self, column: str, read: Callable[[str], T]) -> T | None:
        """Return a value, None where the cell is empty or odd."""
        cell = self._one.cells.get(column)
        if cell is None:
            return None
        try:
            return read(cell)
        except cells.Unreadable as fault:
            self._notes.add(fault.code, column, self._one.line)
            return None

    def codes(self, column: str) -> tuple[str, ...]:
        """Return a list's labels."""
        cell = self._one.cells.get(column, "")
        found = cells.items(cell)
        labels = [item for item in found if cells.is_label(item)]
        if any(_LINE_BREAK.search(item.strip()) for item in cells.pieces(cell)):
            self._notes.add("line-break-in-item", column, self._one.line)
        if len(labels) < len(found):
            self._notes.add("item-too-long", column, self._one.line)
        if len(labels) > _ITEMS_MAX:
            self._notes.add("list-too-long", column, self._one.line)
        return tuple(labels[:_ITEMS_MAX])

    def languages(self) -> tuple[str, ...]:
        """Return languages without their regions."""
        spoken: dict[str, None] = {}
        for item in self.codes("languages"):
            try:
                spoken[cells.language(item)] = None
            except cells.Unreadable as fault:
                self._notes.add(fault.code, "languages", self._one.line)
        return tuple(spoken)

    def hours(self) -> tuple[tuple[int, int], ...]:
        """Return working hours in UTC; without a zone they say nothing."""
        spans, shift = self.value("working_hours", cells.spans), self.value("timezone", cells.offset_minutes)
        if spans and shift is None and "timezone" not in self._one.cells:
            self._notes.add("hours-without-timezone", "working_hours", self._one.line)
        return () if spans is None or shift is None else tuple((start - shift, end - shift) for start, end in spans)


def _person(member: str, one: _Raw, chain: tuple[str, ...], skills: SkillList, notes: Notes) -> Person:
    read = _Reader(one, notes)
    seats = read.value("capacity", cells.capacity)
    offers, wants = (skills.named(read.codes(column)) for column in ("offers", "wants"))
    if {*offers} & {*wants}:
        notes.add("wanted-and-offered", "wants", one.line)
    return Person(
        id=member,
        offers=dict.fromkeys(offers),
        wants=dict.fromkeys(wants),
        goals=read.codes("goals"),
        challenges=read.codes("challenges"),
        challenges_long=read.codes("challenges_long"),
        experience=read.codes("experience"),
        level=read.value("level", cells.level),
        years=read.value("years", cells.years),
        job_family=read.value("job_family", cells.folded) or None,
        department=read.value("department", cells.folded) or None,
        site=read.value("site", cells.folded) or None,
        languages=read.languages(),
        availability=read.hours(),
        communication=read.value("communication", cells.folded) or None,
        manager_chain=chain,
        seats=1 if seats is None else seats,
    )
