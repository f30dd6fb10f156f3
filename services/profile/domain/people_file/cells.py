"""What one cell may say: a reader per kind of value. Each returns the value or refuses with code, problem and remedy."""

import math
import re
from collections.abc import Callable
from datetime import date

from services.profile.domain.people_file.problems import CellRefused, shown
from services.profile.domain.reference import Reference
from services.profile.domain.text import has_controls, is_placeholder, slug, tidy
from services.profile.domain.values import Tag, WorkingSpan
from services.profile.domain.vocabulary import Kind, Vocabulary
from services.profile.domain.working_hours import UnreadableHours, parse_hours

ITEMS_MAX = 50
_ITEM_LENGTH_MAX = 300
_CELL_LENGTH_MAX = 4_000
KEY_LENGTH_MAX = 64
_NAME_LENGTH_MAX = 120
_EMAIL_LENGTH_MAX = 254
_LEVEL_MAX = 99
_YEARS_MAX = 70
CAPACITY_MAX = 20
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}))*")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?(?:-[A-Za-z0-9]{4,8})*")
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}.*)?")
_FORMULA_FAULTS = frozenset({"#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!"})
_SCRIPT_LENGTH = 4

Reader = Callable[[str], object]


def plain(text: str) -> str:
    """Return a cell's text without outer blanks; refuse what no cell should hold."""
    cell = text.strip()
    if cell.upper() in _FORMULA_FAULTS:
        raise CellRefused("formula-error", f"the cell holds a spreadsheet's error {shown(cell)}", "mend the formula or clear the cell")
    if len(cell) > _CELL_LENGTH_MAX:
        raise CellRefused("cell-too-long", f"the cell has {len(cell)} signs", f"shorten it to {_CELL_LENGTH_MAX} signs")
    if has_controls(cell.replace("\n", " ").replace("\t", " ")):
        raise CellRefused("control-character", "the cell holds an invisible control character", "type the cell anew")
    return cell


def company_key(cell: str) -> str:
    """Return the company's own key of a person."""
    key = tidy(cell)
    if len(key) > KEY_LENGTH_MAX:
        raise CellRefused("key-too-long", f"a member_id has at most {KEY_LENGTH_MAX} signs", "use the personnel number or login name")
    return key


def email(cell: str) -> str:
    """Return a mail address as written; its form is checked so that it can be put into a mail's header."""
    if not cell.isascii():
        raise CellRefused(
            "not-an-email", "the mail address has letters that mail servers do not take", "write it in ASCII (xn--… for the domain)"
        )
    if len(cell) > _EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(cell) or ".." in cell or cell.startswith(".") or ".@" in cell:
        raise CellRefused("not-an-email", "this is not a mail address", "write one address like name@company.example")
    return cell


def display_name(cell: str) -> str:
    """Return a name on one line."""
    if len(cell) > _NAME_LENGTH_MAX:
        raise CellRefused("name-too-long", f"a display_name has at most {_NAME_LENGTH_MAX} signs", "shorten it")
    return tidy(cell)


def organisation(cell: str) -> str:
    """Return the code of a department, site or job family."""
    code = slug(cell)
    if not code:
        raise CellRefused("no-letters", f"{shown(cell)} holds no letter or digit", "write the name, or clear the cell")
    return code


def level(cell: str) -> int:
    """Return a level: a whole number (R8 compares levels by distance)."""
    number = _number(cell)
    if number is None or not number.is_integer() or not 0 <= number <= _LEVEL_MAX:
        raise CellRefused(
            "not-a-whole-number",
            f"{shown(cell)} is not a whole number from 0 to {_LEVEL_MAX}",
            "map your job titles to numbers, 1 = entry level",
        )
    return int(number)


def years(cell: str) -> float:
    """Return years of experience; a decimal comma is fine."""
    number = _number(cell)
    if number is None or not 0 <= number <= _YEARS_MAX:
        raise CellRefused("not-a-number", f"{shown(cell)} is not a number of years from 0 to {_YEARS_MAX}", "write a number like 6.5")
    return round(number, 2)


def capacity(cell: str) -> int:
    """Return how many partners a member has room for in a programme."""
    number = _number(cell)
    if number is None or not number.is_integer() or not 0 <= number <= CAPACITY_MAX:
        raise CellRefused(
            "not-a-capacity", f"{shown(cell)} is not a whole number from 0 to {CAPACITY_MAX}", "1 is usual; 0 means: none for now"
        )
    return int(number)


def start_date(cell: str) -> str:
    """Return a day in ISO form."""
    match = _DAY.fullmatch(cell)
    try:
        return date.fromisoformat(match[1] if match else cell).isoformat()
    except ValueError:
        raise CellRefused("not-a-date", f"{shown(cell)} is not a day in ISO form", "write YYYY-MM-DD, as in 2026-03-31") from None


def languages(cell: str) -> tuple[str, ...]:
    """Return BCP 47 tags in their usual case, each once, the preferred one first."""
    found = []
    for item in items(cell):
        if not _LANGUAGE.fullmatch(item.replace("_", "-")):
            raise CellRefused(
                "not-a-language", f"{shown(item)} is not a BCP 47 language tag", "write tags like en, de or pt-BR, divided by ;"
            )
        first, *others = item.replace("_", "-").split("-")
        found.append("-".join([first.lower(), *(part.title() if len(part) == _SCRIPT_LENGTH else part.upper() for part in others)]))
    return tuple(dict.fromkeys(found))


def working_hours(cell: str) -> tuple[WorkingSpan, ...]:
    """Return working hours (N16)."""
    try:
        return parse_hours(cell)
    except UnreadableHours:
        raise CellRefused(
            "not-working-hours", f"{shown(cell)} cannot be read as working hours", "write them like mo-fr 09:00-17:00, parts divided by ,"
        ) from None


def items(cell: str) -> list[str]:
    """Return the items of a list (divided by `;` only: a skill with a comma or a slash stays whole), each spelling once."""
    found = list(dict.fromkeys(item for item in map(tidy, cell.split(";")) if item and not is_placeholder(item)))
    if len(found) > ITEMS_MAX:
        raise CellRefused("too-many-items", f"the list has {len(found)} items", f"keep the {ITEMS_MAX} that matter most")
    if any(len(item) > _ITEM_LENGTH_MAX for item in found):
        raise CellRefused(
            "item-too-long", f"an item of the list has more than {_ITEM_LENGTH_MAX} signs", "shorten it; items are divided by ;"
        )
    return found


def zones(reference: Reference) -> Reader:
    """Return a reader of IANA zones (N16: mails never go out with a wrong zone)."""

    def zone(cell: str) -> str:
        name = reference.zone(cell)
        if name is None:
            like = reference.zones_like(cell)
            remedy = f"did you mean {' or '.join(like)}?" if like else "use an IANA name like Europe/Berlin"
            raise CellRefused("unknown-timezone", f"there is no time zone {shown(cell)}", remedy)
        return name

    return zone


def countries(reference: Reference) -> Reader:
    """Return a reader of ISO 3166 two-letter codes."""

    def country(cell: str) -> str:
        if cell.upper() not in reference.countries:
            raise CellRefused("unknown-country", f"{shown(cell)} is not an ISO country code", "write two letters like DE, US or GB")
        return cell.upper()

    return country


def tags(vocabulary: Vocabulary, kind: Kind) -> Callable[[str], tuple[Tag, ...]]:
    """Return a reader of lists of words that become codes."""

    def read(cell: str) -> tuple[Tag, ...]:
        found = [vocabulary.tag(kind, item) for item in items(cell)]
        return tuple({tag.code or tag.words: tag for tag in reversed(found)}.values())[::-1]

    return read


def _number(cell: str) -> float | None:
    try:
        number = float(cell.replace(",", ".")) if re.fullmatch(r"[+-]?\d+(?:[.,]\d+)?", cell) else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None
