"""One row of a table, and what may be wrong with it as a row (what its cells mean is the reader's business)."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why a row cannot be read. The row's cells are then empty or what could be rescued."""

    TOO_LONG = "row-too-long"
    """Longer than a row may be; most often a quotation mark that is opened and never closed."""
    UNREADABLE = "unreadable-text"
    """Bytes that are no text in the file's encoding."""
    NUL = "nul-byte"
    """A NUL byte: the file is damaged or binary."""


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of text. `line` is the line (or the sheet's row) on which the row begins, counted from 1."""

    line: int
    cells: tuple[str, ...]
    fault: Fault | None = None

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing is written in the row."""
        return self.fault is None and not any(cell.strip() for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of one row is held at most; beyond it the row is refused and reading goes on."""

    line_length: int = 65_536
    row_lines: int = 200
