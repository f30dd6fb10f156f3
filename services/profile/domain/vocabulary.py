"""The company's list of skills, goals and challenges, and how words become its codes (token-wise, never by substring)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from services.profile.domain.text import fold, slug, tokens
from services.profile.domain.values import Tag

_TAG_WORDS_MAX = 5
_TAG_LENGTH_MAX = 40
_SHORTEST_PHRASE = 2


class Kind(StrEnum):
    """The three lists."""

    SKILL = "skills"
    GOAL = "goals"
    CHALLENGE = "challenges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One entry of a list: its code, its name per language, other spellings of it."""

    code: str
    labels: Mapping[str, str]
    synonyms: tuple[str, ...] = ()


Phrase = tuple[str, ...]


class ClashingTerms(ValueError):
    """Two entries of a list claim one spelling; the list has to be mended before it can be used."""


class TermList:
    """One list with its index from folded words to code."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        """Index codes, labels and synonyms; a spelling belongs to one code only."""
        self.terms = terms
        self._codes: dict[Phrase, str] = {}
        for term in terms:
            for spelling in (term.code, *term.labels.values(), *term.synonyms):
                self._learn(tokens(spelling), term.code)
        self._longest = max((len(phrase) for phrase in self._codes), default=0)

    def _learn(self, phrase: Phrase, code: str) -> None:
        if phrase and self._codes.setdefault(phrase, code) != code:
            raise ClashingTerms(f"{' '.join(phrase)} is claimed by {self._codes[phrase]} and {code}")

    def exact(self, phrase: Phrase) -> str | None:
        """Return the code whose spelling is exactly these words."""
        return self._codes.get(phrase)

    def within(self, phrase: Phrase) -> str | None:
        """Return the code with the longest spelling of two words or more that stands inside `phrase`, the first of equals."""
        for length in range(min(len(phrase), self._longest), _SHORTEST_PHRASE - 1, -1):
            for start in range(len(phrase) - length + 1):
                code = self._codes.get(phrase[start : start + length])
                if code is not None:
                    return code
        return None


class Vocabulary:
    """All lists of one company, and the words that say nothing about which skill is meant ("basics", "Kenntnisse")."""

    def __init__(self, lists: Mapping[Kind, tuple[Term, ...]], fillers: tuple[str, ...] = ()) -> None:
        """Index the lists."""
        self._lists = {kind: TermList(lists.get(kind, ())) for kind in Kind}
        self._fillers = frozenset(fold(word) for word in fillers)

    def labels(self, kind: Kind) -> dict[str, Mapping[str, str]]:
        """Return code → names by language."""
        return {term.code: term.labels for term in self._lists[kind].terms}

    def tag(self, kind: Kind, words: str) -> Tag:
        """Return `words` with their code.

        The company's list first. What it does not know becomes a free tag when it is short enough to be one; a whole
        sentence gets no code and stays with its owner (N9). An unknown challenge gets an opaque code: two members with the
        same challenge still meet, and nobody can read it (R9).
        """
        phrase = tokens(words)
        code = self._known(kind, phrase)
        if code is None and kind is Kind.CHALLENGE and phrase:
            return Tag(code=f"free-{hashlib.sha256(' '.join(phrase).encode()).hexdigest()[:12]}", words=words)
        if code is None and len(phrase) <= _TAG_WORDS_MAX and len(words) <= _TAG_LENGTH_MAX:
            code = slug(words) or None
        return Tag(code=code, words=words)

    def _known(self, kind: Kind, phrase: Phrase) -> str | None:
        known = self._lists[kind]
        code = known.exact(phrase)
        if code is None:
            bare = tuple(word for word in phrase if word not in self._fillers)
            code = known.exact(bare) if bare != phrase else None
        if code is None and kind is not Kind.SKILL:
            code = known.within(phrase)
        return code
