"""Lay a letter out: plain text from a template of its own, HTML through MJML. Everything is escaped; nothing is loaded from outside."""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import mjml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from services.notification.adapters.wording.letter import Letter, Link

TEMPLATES = Path(__file__).parent / "templates"
WIDTH = 76


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheets:
    """A letter on paper, twice."""

    text: str
    html: str


class Layouts:
    """The templates, read once by `main.py`."""

    def __init__(self, folder: Path = TEMPLATES) -> None:
        """MJML is XML: autoescape guards it. Plain text needs none."""
        loader = FileSystemLoader(folder)
        self._marked = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._plain = Environment(loader=loader, autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
        self._plain.filters["wrapped"] = wrapped

    def lay_out(self, letter: Letter, language: str, preferences: Link) -> Sheets:
        """Return both forms."""
        words = {"letter": letter, "language": language, "preferences": preferences}
        marked = self._marked.get_template(f"{letter.layout}.mjml.j2").render(words)
        return Sheets(text=self._plain.get_template("letter.txt.j2").render(words), html=mjml.mjml2html(marked, disable_comments=True))


def wrapped(text: str, indent: str = "") -> str:
    """Break a paragraph at a readable width; addresses and long words stay whole."""
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
