"""R5: who leads whom in a people file, upward to the top, also through people who are not in it."""

import unicodedata
from collections.abc import Iterable, Mapping

from services.matching.entrypoints.analyst.notes import Notes


def chains_of(named: Mapping[str, str], lines: Mapping[str, int], notes: Notes) -> dict[str, tuple[str, ...]]:
    """Return everybody's line of managers, from what each names as their manager ("" = nobody); a loop ends where it began.

    A manager who is written in another case, or without leading zeros, is found all the same: a barred pair too many costs
    little, somebody paired with their own manager a lot.
    """
    loosely = _by_loose_key(named)
    manager: dict[str, str] = {}
    for member, name in named.items():
        found = name if name in named else loosely.get(_loose(name)) or name
        if found == member:
            notes.add("own-manager", "manager_id", lines[member])
        elif found:
            manager[member] = found
            if found != name:
                notes.add("manager-written-otherwise", "manager_id", lines[member])
            elif found not in named:
                notes.add("manager-not-in-file", "manager_id", lines[member])
    return {member: _chain(member, manager, lines, notes) for member in named}


def _chain(member: str, manager: Mapping[str, str], lines: Mapping[str, int], notes: Notes) -> tuple[str, ...]:
    chain: dict[str, None] = {}
    at = manager.get(member)
    while at is not None and at not in chain and at != member:
        chain[at] = None
        at = manager.get(at)
    if at == member:
        notes.add("management-loop", "manager_id", lines[member])
    return tuple(chain)


def _loose(key: str) -> str:
    """Return a key as spreadsheets and other systems may spell it: any case and width, a number without its leading zeros."""
    folded = unicodedata.normalize("NFKC", key).casefold()
    return folded.lstrip("0") if folded.isdigit() else folded


def _by_loose_key(members: Iterable[str]) -> dict[str, str | None]:
    """Return whom a loose key means, None where it means several."""
    found: dict[str, str | None] = {}
    for member in members:
        key = _loose(member)
        found[key] = None if key in found else member
    return found
