"""What is told about a people file: counted by kind, with the first places of each."""

from dataclasses import dataclass, field
from typing import Any

_PLACES_KEPT = 20


@dataclass(slots=True)
class Notes:
    """Findings while reading: none of them stops good rows. Values are never quoted, only lines and columns."""

    found: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    count: dict[tuple[str, str], int] = field(default_factory=dict)

    def add(self, code: str, column: str, line: int) -> None:
        """Note one finding."""
        key = (code, column)
        self.count[key] = self.count.get(key, 0) + 1
        places = self.found.setdefault(key, [])
        if len(places) < _PLACES_KEPT:
            places.append(line)

    def told(self) -> list[dict[str, Any]]:
        """Return the findings, most frequent first."""
        order = sorted(self.count, key=lambda key: (-self.count[key], key))
        return [
            {
                "code": code,
                "column": column,
                "count": self.count[code, column],
                "first_lines": self.found[code, column],
                "means": MEANING[code],
            }
            for code, column in order
        ]


MEANING = {
    "row-unreadable": "The row could not be read and was left out; look for a quotation mark that is never closed.",
    "not-utf-8": "The row is not UTF-8; it was read as Windows-1252 (Western European).",
    "nul-byte": "The row holds NUL bytes; they were left out.",
    "too-many-cells": "The row has more cells than the header; what stands further right was not read.",
    "formula-error": "A formula's error; counts as missing.",
    "line-break-in-item": "A line break inside an item; lists are divided by ; only, so it counts as a blank.",
    "commas-only": "No list of this column holds a ;, and this one holds commas: it was read as one label. Divide lists by ;.",
    "wanted-and-offered": "Wants what they offer themselves; that counts only against a stated, higher strength.",
    "manager-written-otherwise": "The manager was found under another spelling of the key (case, width, leading zeros).",
    "no-member-id": "The row has no member_id and was left out.",
    "member-id-twice": "This member_id stood in an earlier row; the later row was left out.",
    "not-a-whole-number": "Not a whole number in its range; counts as missing.",
    "not-a-number": "Not a number in its range; counts as missing.",
    "not-a-language": "Not a language tag like en or pt-BR; counts as missing.",
    "not-working-hours": "Not hours like mo-fr 09:00-17:00; counts as missing.",
    "unknown-timezone": "Not an IANA time zone; the hours count as missing.",
    "hours-without-timezone": "Hours without a time zone cannot be compared; they count as missing.",
    "manager-not-in-file": "The manager is not in the file; the line of managers ends there.",
    "management-loop": "Managers lead in a circle; each is kept from the others once.",
    "own-manager": "Somebody is named as their own manager; ignored.",
    "list-too-long": "More items than fit; the first ones count.",
    "item-too-long": "An item of a list is too long for a label and was left out.",
}
