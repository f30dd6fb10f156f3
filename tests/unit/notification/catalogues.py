"""Reads the sentences out of the letters and keeps the catalogues in step.

`python -m tests.unit.notification.catalogues` adds new sentences to every language (untranslated, so that the tests
name them) and drops those that nobody says any more.
"""

from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from services.notification.adapters.wording.voice import DOMAIN, LOCALES, SOURCE_LANGUAGE

ROOM = Path("services/notification")
KEYWORDS: dict[str, tuple[int, ...] | None] = {"say": None}


def template() -> Catalog:
    """Return every sentence that the service can say."""
    found = Catalog(project="Tandem", charset="utf-8")
    for name, line, message, comments, context in extract_from_dir(str(ROOM), [("**.py", "python")], keywords=KEYWORDS):
        found.add(message, locations=[(name, line)], auto_comments=comments, context=context)
    return found


def path_of(language: str) -> Path:
    """Return where a language's catalogue lies."""
    return LOCALES / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def catalogue(language: str) -> Catalog:
    """Return a language's catalogue."""
    with path_of(language).open("rb") as source:
        return read_po(source, locale=language)


def update(language: str) -> None:
    """Bring one catalogue in step with what is said; English says what the code says."""
    path = path_of(language)
    kept = catalogue(language) if path.exists() else Catalog(locale=language, project="Tandem", charset="utf-8")
    kept.update(template(), no_fuzzy_matching=True, update_creation_date=False)
    kept.obsolete.clear()
    kept.fuzzy = False
    kept.header_comment = f"# Tandem, notification: {language}. Kept in step by `python -m tests.unit.notification.catalogues`."
    if language == SOURCE_LANGUAGE:
        for message in kept:
            if message.id and not message.string:
                message.string = message.id
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, kept, width=120, no_location=True, sort_output=True, omit_header=False, include_previous=False)


if __name__ == "__main__":
    for folder in sorted(LOCALES.iterdir()):
        update(folder.name)
