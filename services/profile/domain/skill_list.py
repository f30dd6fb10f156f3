"""The company's changes to its list of skills: what was added, what became part of another. The list itself comes from a file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from services.profile.domain import events
from services.profile.domain.refusals import SkillIsListed, SkillIsPartOfItself, SkillMergedAlready, SpellingTaken, UnknownSkill
from services.profile.domain.text import slug
from services.profile.domain.vocabulary import Source, Term, Vocabulary
from shared.kernel.aggregate import Aggregate

COMPANY = "company"
"""There is one list; its id is also its key on Kafka."""


@dataclass(kw_only=True)
class SkillList(Aggregate):
    """Changes by HR; `published` is the hierarchy as other services know it (R6: related skills count in part)."""

    added: tuple[Term, ...] = ()
    merged: dict[str, str] = field(default_factory=dict)
    """Code → the code that it is part of now; never a chain."""
    published_hierarchy: dict[str, str | None] | None = None
    published_merged: dict[str, str] = field(default_factory=dict)

    def over(self, base: Vocabulary) -> Vocabulary:
        """Return the list as it is with these changes."""
        return base.with_changes(self.added, self.merged)

    def add(self, term: Term, base: Vocabulary) -> bool:
        """Add a skill, or replace one that was added before. Return False when it is so already."""
        known = self.over(base)
        listed, others = known.skill(term.code), {group.code for group in base.groups}
        term = replace(term, source=Source.ADDED)
        if term in self.added:
            return False
        if (listed and listed.source is not Source.ADDED) or term.code in others or term.code in self.merged:
            raise SkillIsListed(code=term.code)
        for spelling in term.spellings:
            if (owner := known.owner_of(spelling)) not in {None, term.code}:
                raise SpellingTaken(spelling=spelling, code=owner)
        if term.broader is not None and term.broader not in known.broader:
            raise UnknownSkill(code=term.broader, nearest=known.nearest(term.broader))
        if term.code in _way_up(term.broader, known.broader):
            raise SkillIsPartOfItself(code=term.code)
        self.added = (*(each for each in self.added if each.code != term.code), term)
        self._publish(base)
        return True

    def merge(self, code: str, into: str, base: Vocabulary) -> bool:
        """Let every spelling of `code` mean `into`; `code` may be a free tag. Return False when it is so already."""
        known = self.over(base)
        into = self.merged.get(into, into)
        if self.merged.get(code) == into:
            return False
        if known.skill(into) is None:
            raise UnknownSkill(code=into, nearest=known.nearest(into))
        if code == into:
            raise SkillIsPartOfItself(code=code)
        if code in self.merged:
            raise SkillMergedAlready(code=code, into=self.merged[code])
        self.merged = {old: into if new == code else new for old, new in self.merged.items()} | {code: into}
        self._publish(base)
        return True

    def keep_published(self, base: Vocabulary) -> bool:
        """Tell the hierarchy when it is another than was told before (a new file, a first start). Return whether it was."""
        return self._publish(base)

    def _publish(self, base: Vocabulary) -> bool:
        hierarchy = dict(self.over(base).broader)
        if (hierarchy, self.merged) == (self.published_hierarchy, self.published_merged):
            return False
        self.published_hierarchy, self.published_merged = hierarchy, dict(self.merged)
        self.record(events.SkillListPublished(list_id=self.id, skills=hierarchy, merged=dict(self.merged)))
        return True


def recodings(terms: Iterable[Term], merged: Mapping[str, str]) -> dict[str, str]:
    """Return which codes members may still have that mean another one: merged ones, and free tags that are spellings by now."""
    spelled = {slug(spelling): term.code for term in terms for spelling in term.spellings}
    return {old: new for old, new in (spelled | dict(merged)).items() if old and old != new}


def _way_up(code: str | None, broader: Mapping[str, str | None]) -> set[str]:
    found: set[str] = set()
    while code is not None and code not in found:
        found.add(code)
        code = broader.get(code)
    return found
