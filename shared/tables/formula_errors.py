"""Errors that formulas left in a workbook (`#N/A`, `#REF!`): the reader of cells shows them as empty, which would be a lie."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

_CELL = re.compile(rb'<c\b(?=[^>]*\bt="e")[^>]*\br="([A-Z]{1,3})([0-9]{1,7})"[^>]*>(?:<f\b.*?(?:/>|</f>))?<v>(#[^<]{1,20})</v>', re.DOTALL)
_NAMES = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PIECE = 1_048_576
_OVERLAP = 8_192
_LETTERS = 26
_PART_BYTES_MAX = 4_194_304


def errors_of(path: Path, sheet: str) -> dict[tuple[int, int], str]:
    """Return (row, column) → error of one sheet, both counted from 1; empty when the workbook's parts cannot be found."""
    found: dict[tuple[int, int], str] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            part = _part_of(archive, sheet)
            for piece in _pieces(archive, part) if part else ():
                for match in _CELL.finditer(piece):
                    found[int(match[2]), _column(match[1].decode())] = match[3].decode()
    except (zipfile.BadZipFile, KeyError, ET.ParseError, OSError):
        return {}
    return found


def _part_of(archive: zipfile.ZipFile, sheet: str) -> str | None:
    relation = next(
        (each.get(_RELATION_ID) for each in _parsed(archive, "xl/workbook.xml").iter(f"{_NAMES}sheet") if each.get("name") == sheet), None
    )
    for each in _parsed(archive, "xl/_rels/workbook.xml.rels"):
        if each.get("Id") == relation:
            target = each.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return None


def _parsed(archive: zipfile.ZipFile, part: str) -> ET.Element:
    with archive.open(part) as file:
        return ET.fromstring(file.read(_PART_BYTES_MAX))  # noqa: S314  # in a process of its own, with limits


def _pieces(archive: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """Yield the part in overlapping pieces, so that a cell across two of them is seen."""
    with archive.open(part) as file:
        tail = b""
        while piece := file.read(_PIECE):
            text = tail + piece
            if b't="e"' in text:
                yield text
            tail = text[-_OVERLAP:]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + ord(letter) - ord("A") + 1
    return number
