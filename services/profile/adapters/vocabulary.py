"""The company's list of skills, goals and challenges from a TOML file (shipped, or the company's own), then the ESCO extract."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.profile.domain.vocabulary import ClashingTerms, Kind, Source, Term, Vocabulary

SHIPPED = Path(__file__).with_name("vocabulary.toml")
ESCO = Path(__file__).with_name("esco.toml")
"""An extract of ESCO, with its attribution; see the head of the file."""
Label = Annotated[str, Field(min_length=1, max_length=80)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]


class BadVocabulary(ValueError):
    """The list cannot be used; says where and why."""


class _Term(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: Code
    en: Label
    de: Label | None = None
    also: list[Label] = []
    broader: Code | None = None
    uri: str | None = None


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    fillers: list[Label] = []
    groups: list[_Term] = []
    skills: list[_Term]
    goals: list[_Term] = []
    challenges: list[_Term] = []


def load_vocabulary(path: Path = SHIPPED, *, esco: Path = ESCO) -> Vocabulary:
    """Read and check the lists once, at start. The company's own comes first: ESCO adds only codes and spellings that it has not.

    Raises:
        BadVocabulary: unreadable, a term without code or English name, one spelling claimed by two terms, or a broken hierarchy.

    """
    own, other = _read(path), _read(esco)
    known = {raw.code for raw in (*own.groups, *own.skills)}
    extra = tuple(_term(raw, Source.ESCO, known) for raw in other.skills if raw.code not in known)
    lists = {kind: tuple(map(_term, getattr(own, kind.value))) for kind in Kind}
    try:
        lists[Kind.SKILL] += extra
        return Vocabulary(lists, own.fillers, tuple(map(_term, own.groups)))
    except ClashingTerms as fault:
        raise BadVocabulary(f"{path.name}: {fault}") from None


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as fault:
        raise BadVocabulary(f"{path.name}: {fault.strerror}") from None
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        raise BadVocabulary(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadVocabulary(f"{path.name}: {fault}") from None


def _term(raw: _Term, source: Source = Source.COMPANY, places: set[str] | None = None) -> Term:
    """Return a term; a place in a hierarchy that this company's list does not have is left out."""
    labels = {"en": raw.en} | ({"de": raw.de} if raw.de else {})
    broader = raw.broader if places is None or raw.broader in places else None
    return Term(code=raw.code, labels=labels, synonyms=tuple(raw.also), broader=broader, source=source, uri=raw.uri)
