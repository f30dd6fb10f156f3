"""From a people file to people for the engine: every known column that is present is used, nothing odd stops the rest."""

import gzip
import re
import tempfile
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from services.matching.engine import Person
from services.matching.entrypoints.analyst import cells
from services.matching.entrypoints.analyst.notes import Notes
from shared.tables.files import read_rows
from shared.tables.rows import Row
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
_ITEMS_MAX = 200
_UNPACKED_MAX = 2 * 1024**3
_PIECE = 1024 * 1024
_GZIP_MARK = b"\x1f\x8b"
_NO_WORD = re.compile(r"[\W_]+")
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


@dataclass(slots=True)
class _Raw:
    """A row's cells by column, before managers are known."""

    line: int
    cells: Mapping[str, str]


def read_people(path: Path) -> PeopleFile:
    """Read a CSV file (also packed with gzip) or a workbook.

    Raises:
        NoPeople: it is empty, has no column `member_id`, or is no table.

    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == _GZIP_MARK
        if not packed:
            return _read(read_rows(path))
        with tempfile.NamedTemporaryFile(suffix=path.stem[-8:]) as plain:
            _unpack(path, Path(plain.name))
            return _read(read_rows(Path(plain.name)))
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


def _read(rows: Iterator[Row]) -> PeopleFile:
    found = PeopleFile()
    header = next((row for row in rows if not row.is_blank), None)
    if header is None:
        raise NoPeople("The file is empty. Its first row must name the columns, at least member_id.")
    places = _places(header, found)
    raw: dict[str, _Raw] = {}
    for row in rows:
        if row.is_blank:
            continue
        found.rows += 1
        _keep(row, places, raw, found.notes)
    if not raw:
        raise NoPeople("The file names columns but holds no person with a member_id.")
    chains = _chains(raw, found.notes)
    found.people = [_person(member, one, chains[member], found.notes) for member, one in raw.items()]
    return found


def _places(header: Row, found: PeopleFile) -> dict[str, int]:
    places: dict[str, int] = {}
    unknown = []
    for place, cell in enumerate(header.cells):
        name = _COLUMNS.get(_NO_WORD.sub("", cells.folded(cell)))
        if name is None:
            unknown += [cells.folded(cell)] if cell.strip() else []
        elif name in places:
            raise NoPeople(f"Two columns are called {name}. Remove or rename one.")
        else:
            places[name] = place
    if "member_id" not in places:
        raise NoPeople(
            "No column is called member_id. Name the column with each person's own key so; it is the only one that must be there."
        )
    found.columns, found.unknown_columns = tuple(places), tuple(unknown)
    return places


def _keep(row: Row, places: Mapping[str, int], raw: dict[str, _Raw], notes: Notes) -> None:
    if row.fault is not None:
        notes.add("row-unreadable", "", row.line)
        return
    named = {name: row.cells[place] for name, place in places.items() if place < len(row.cells) and row.cells[place].strip()}
    member = _key(named.get("member_id", ""))
    if not member:
        notes.add("no-member-id", "member_id", row.line)
    elif member in raw:
        notes.add("member-id-twice", "member_id", row.line)
    else:
        raw[member] = _Raw(row.line, named)


def _key(cell: str) -> str:
    return " ".join(unicodedata.normalize("NFC", cell.replace("\ufeff", "")).split())


def _chains(raw: Mapping[str, _Raw], notes: Notes) -> dict[str, tuple[str, ...]]:
    """R5: follow managers upward, also those who are not in the file; a loop ends where it began."""
    manager: dict[str, str] = {}
    for member, one in raw.items():
        named = _key(one.cells.get("manager_id", ""))
        if named == member:
            notes.add("own-manager", "manager_id", one.line)
        elif named:
            manager[member] = named
            if named not in raw:
                notes.add("manager-not-in-file", "manager_id", one.line)
    chains: dict[str, tuple[str, ...]] = {}
    for member, one in raw.items():
        chain: dict[str, None] = {}
        at = manager.get(member)
        while at is not None and at not in chain and at != member:
            chain[at] = None
            at = manager.get(at)
        if at == member:
            notes.add("management-loop", "manager_id", one.line)
        chains[member] = tuple(chain)
    return chains


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
        found = cells.items(self._one.cells.get(column, ""))
        labels = [item for item in found if cells.is_label(item)]
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


def _person(member: str, one: _Raw, chain: tuple[str, ...], notes: Notes) -> Person:
    read = _Reader(one, notes)
    seats = read.value("capacity", cells.capacity)
    return Person(
        id=member,
        offers=dict.fromkeys(read.codes("offers")),
        wants=dict.fromkeys(read.codes("wants")),
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
