"""What is told to HR about a file: where, what is wrong, what to do. Never a name, an address or a member's own words."""

from dataclasses import dataclass, replace
from enum import StrEnum

_SHOWN_MAX = 40


class Severity(StrEnum):
    """How much a problem costs."""

    ERROR = "error"
    """The row (or the file) is refused."""
    WARNING = "warning"
    """The row is taken; something in it could not be used."""
    INFO = "info"
    """Good to know; nothing is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One finding. `line` 0 and `column` "" mean the file as a whole. Both texts are made whole sentences."""

    code: str
    problem: str
    remedy: str
    line: int = 0
    column: str = ""
    severity: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        """Let the texts begin with a capital and end with a full stop."""
        object.__setattr__(self, "problem", _sentence(self.problem))
        object.__setattr__(self, "remedy", _sentence(self.remedy))

    def at(self, line: int, column: str = "") -> "Problem":
        """Return the same finding at a place in the file."""
        return replace(self, line=line, column=column or self.column)


class CellRefused(ValueError):
    """A cell's value cannot be taken."""

    def __init__(self, code: str, problem: str, remedy: str) -> None:
        """Say what is wrong and what to do."""
        super().__init__(code)
        self.found = Problem(code=code, problem=problem, remedy=remedy)


class FileRefused(Exception):
    """The file as a whole cannot be read."""

    def __init__(self, found: Problem) -> None:
        """Say what is wrong and what to do."""
        super().__init__(found.code)
        self.found = found


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?")) else ".")


def shown(value: str) -> str:
    """Return a cell's value in quotation marks, short and printable (organisation columns only)."""
    text = "".join(sign if sign.isprintable() else "?" for sign in value)
    return f'"{text[:_SHOWN_MAX]}…"' if len(text) > _SHOWN_MAX else f'"{text}"'
