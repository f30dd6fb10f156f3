"""The company's list of skills, goals and challenges from a TOML file (shipped, or the company's own)."""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.profile.domain.vocabulary import ClashingTerms, Kind, Term, Vocabulary

SHIPPED = Path(__file__).with_name("vocabulary.toml")
Label = Annotated[str, Field(min_length=1, max_length=80)]


class BadVocabulary(ValueError):
    """The list cannot be used; says where and why."""


class _Term(BaseModel):
    model_config = ConfigDict(extra="forbid")
    code: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
    en: Label
    de: Label | None = None
    also: list[Label] = []


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")
    fillers: list[Label] = []
    skills: list[_Term]
    goals: list[_Term] = []
    challenges: list[_Term] = []


def load_vocabulary(path: Path = SHIPPED) -> Vocabulary:
    """Read and check a list once, at start.

    Raises:
        BadVocabulary: unreadable, a term without code or English name, or one spelling claimed by two terms.

    """
    try:
        file = _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
        return Vocabulary({kind: tuple(map(_term, getattr(file, kind.value))) for kind in Kind}, tuple(file.fillers))
    except OSError as fault:
        raise BadVocabulary(f"{path.name}: {fault.strerror}") from None
    except ValidationError as fault:
        first = fault.errors(include_input=False, include_url=False)[0]
        raise BadVocabulary(f"{path.name}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ClashingTerms) as fault:
        raise BadVocabulary(f"{path.name}: {fault}") from None


def _term(raw: _Term) -> Term:
    labels = {"en": raw.en} | ({"de": raw.de} if raw.de else {})
    return Term(code=raw.code, labels=labels, synonyms=tuple(raw.also))
