"""The company's list of skills, goals and challenges, and how words become its codes (token-wise, never by substring)."""

import difflib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.profile.domain.text import fold, tag_code, tokens
from services.profile.domain.values import Tag

_TAG_WORDS_MAX = 5
_TAG_LENGTH_MAX = 40
_SHORTEST_PHRASE = 2


class Kind(StrEnum):
    """The three lists."""

    SKILL = "skills"
    GOAL = "goals"
    CHALLENGE = "challenges"


class Source(StrEnum):
    """Where a skill of the list comes from. A spelling that several claim belongs to the first in this order."""

    COMPANY = "company"
    ADDED = "added"
    ESCO = "esco"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One entry of a list: its code, its name per language, other spellings of it, and what it is a part of."""

    code: str
    labels: Mapping[str, str]
    synonyms: tuple[str, ...] = ()
    broader: str | None = None
    """The skill or group that is one step more general."""
    source: Source = Source.COMPANY
    uri: str | None = None
    """Where a published classification defines it."""

    @property
    def spellings(self) -> tuple[str, ...]:
        """Return everything that means this term."""
        return (self.code, *self.labels.values(), *self.synonyms)


Phrase = tuple[str, ...]


class ClashingTerms(ValueError):
    """Two entries of a list claim one spelling; the list has to be mended before it can be used."""


class TermList:
    """One list with its index from folded words to code."""

    def __init__(self, terms: tuple[Term, ...]) -> None:
        """Index codes, labels and synonyms; a spelling belongs to one code only, and the company's own come first."""
        self.terms = terms
        self._codes: dict[Phrase, str] = {}
        order = list(Source)
        for term in sorted(terms, key=lambda term: order.index(term.source)):
            for spelling in term.spellings:
                self._learn(tokens(spelling), term)
        self._longest = max((len(phrase) for phrase in self._codes), default=0)

    def _learn(self, phrase: Phrase, term: Term) -> None:
        if phrase and self._codes.setdefault(phrase, term.code) != term.code and term.source is Source.COMPANY:
            raise ClashingTerms(f"{' '.join(phrase)} is claimed by {self._codes[phrase]} and {term.code}")

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

    def __init__(self, lists: Mapping[Kind, tuple[Term, ...]], fillers: Iterable[str] = (), groups: tuple[Term, ...] = ()) -> None:
        """Index the lists. `groups` are steps of the hierarchy of skills, no skills: they are not found by words."""
        self._lists = {kind: TermList(lists.get(kind, ())) for kind in Kind}
        self._fillers = frozenset(fold(word) for word in fillers)
        self.groups = groups
        self.broader: Mapping[str, str | None] = {term.code: term.broader for term in (*groups, *self.skills)}
        """R6: the hierarchy: each skill and group with what it is a part of."""
        _check_hierarchy(self.broader)

    @property
    def skills(self) -> tuple[Term, ...]:
        """Return the list of skills."""
        return self._lists[Kind.SKILL].terms

    def labels(self, kind: Kind) -> dict[str, Mapping[str, str]]:
        """Return code → names by language."""
        return {term.code: term.labels for term in self._lists[kind].terms}

    def skill(self, code: str) -> Term | None:
        """Return a skill of the list by its code."""
        return next((term for term in self.skills if term.code == code), None)

    def owner_of(self, spelling: str) -> str | None:
        """Return the skill whose spelling this is."""
        return self._lists[Kind.SKILL].exact(tokens(spelling))

    def nearest(self, code: str) -> list[str]:
        """Return what a person may have meant by `code`, never to be merged by itself: whose spelling it is, else what is written alike."""
        if owner := self.owner_of(code):
            return [owner]
        return difflib.get_close_matches(code, sorted(self.broader), n=3, cutoff=0.75)

    def with_changes(self, added: Sequence[Term], merged: Mapping[str, str]) -> "Vocabulary":
        """Return the list as it is with what the company added, and with the skills gone that became part of others.

        Every spelling of a merged skill means the other one from then on; so does its code, when it was a free tag.
        """
        if not added and not merged:
            return self
        terms = {term.code: term for term in (*self.skills, *added)}
        for code, into in merged.items():
            if into in terms and into != code:
                spellings = terms[code].spellings if code in terms else (code,)
                terms[into] = replace(terms[into], synonyms=tuple(dict.fromkeys((*terms[into].synonyms, *spellings))))
        steps = {each.code: each.broader for each in (*self.groups, *terms.values())}
        kept = [replace(term, broader=_place(term, steps, merged)) for term in terms.values() if term.code not in merged]
        lists = {kind: self._lists[kind].terms for kind in Kind} | {Kind.SKILL: tuple(kept)}
        return Vocabulary(lists, self._fillers, self.groups)

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
            code = tag_code(words) or None
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


def _place(term: Term, steps: Mapping[str, str | None], merged: Mapping[str, str]) -> str | None:
    """Return what a term is a part of after merging: never itself, nothing where the way up is gone or runs in a circle."""
    way, seen, at = list[str](), set[str](), term.broader
    while at is not None:
        if at not in steps or at in seen:
            return None
        seen.add(at)
        name = merged.get(at, at)
        if name == term.code:
            at = steps[at]
        else:
            way.append(name)
            at = steps.get(name)
    return way[0] if way else None


def _check_hierarchy(broader: Mapping[str, str | None]) -> None:
    """Refuse a step upward to nothing, or in a circle."""
    for code in broader:
        seen, at = {code}, broader[code]
        while at is not None:
            if at not in broader:
                raise ClashingTerms(f"{code} is part of {at}, which is neither a skill nor a group")
            if at in seen:
                raise ClashingTerms(f"{code} is part of itself")
            seen.add(at)
            at = broader[at]
