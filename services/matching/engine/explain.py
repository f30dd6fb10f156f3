"""R17, N6: the four lists for each side, from evidence found in both profiles, code by code. Challenges are never listed (R9)."""

from collections.abc import Iterable, Mapping, Sequence

from services.matching.domain.rules import RuleSet
from services.matching.engine.person import Person
from services.matching.engine.result import Evidence, Explanation

_PLACES = ("department", "job_family", "site")


class Explainer:
    """Explains pairings by one rule set: which offers count for which wants, and which words say nothing."""

    def __init__(self, rules: RuleSet) -> None:
        """Take the rule set whose scores are explained."""
        self._empty = {word.casefold() for word in rules.placeholders}
        self._unknown_strength = rules.gain.unknown_strength
        self._unknown_priority = rules.gain.unknown_priority
        self._related_share = rules.gain.related_share
        self._related: dict[str, list[str]] = {}
        for wanted, offered in rules.related:
            self._related.setdefault(wanted, []).append(offered)

    def explain(self, member: Person, partners: Sequence[Person]) -> Explanation:
        """Return the four lists that `member` sees; `partners` are one person, or two in a trio."""
        gets = self._merged(self.met(member, other) for other in partners)
        gives = self._merged(self.met(other, member) for other in partners)
        shared = self._merged(self._shared(member, other) for other in partners)
        different = self._merged(self._different(member, other) for other in partners)
        told = {*gets, *gives}
        return Explanation(
            member.id,
            tuple(evidence for evidence in shared if evidence not in told),
            tuple(evidence for evidence in different if evidence not in shared),
            gives,
            gets,
        )

    def met(self, wanter: Person, offerer: Person) -> list[Evidence]:
        """Return the offers that meet wants, the most useful first."""
        found: dict[str, float] = {}
        for code in sorted(wanter.wants):
            if not self._counts(code):
                continue
            priority = wanter.wants[code] or self._unknown_priority
            if self._is_met(code, wanter, offerer):
                found[code] = max(found.get(code, 0.0), priority * (offerer.offers[code] or self._unknown_strength))
            elif code not in offerer.offers and code not in wanter.offers:
                for near in self._related.get(code, ()):
                    if near in offerer.offers:
                        worth = priority * (offerer.offers[near] or self._unknown_strength) * self._related_share
                        found[near] = max(found.get(near, 0.0), worth)
        return [Evidence("skill", code) for code in sorted(found, key=lambda code: (-found[code], code))]

    def _is_met(self, code: str, wanter: Person, offerer: Person) -> bool:
        """R6: a want that the wanter offers too counts only against a stated, higher strength."""
        if code not in offerer.offers:
            return False
        if code not in wanter.offers:
            return True
        return (offerer.offers[code] or 0) > (wanter.offers[code] or self._unknown_strength)

    def _counts(self, code: str | None) -> bool:
        return bool(code) and str(code).casefold() not in self._empty

    def _shared(self, one: Person, other: Person) -> list[Evidence]:
        """Return what both have: goals, skills, journey, languages, places, level."""
        found = [Evidence("goal", code) for code in _common(one.goals, other.goals) if self._counts(code)]
        found += [Evidence("skill", code) for code in _common(one.offers, other.offers) if self._counts(code)]
        found += [Evidence("experience", code) for code in _common(one.experience, other.experience) if self._counts(code)]
        for kind in _PLACES:
            mine, yours = getattr(one, kind), getattr(other, kind)
            if self._counts(mine) and mine == yours:
                found.append(Evidence(kind, mine))
        if one.level is not None and one.level == other.level:
            found.append(Evidence("level", str(one.level)))
        found += [Evidence("language", code) for code in _common(one.languages, other.languages) if self._counts(code)]
        return found

    def _different(self, one: Person, other: Person) -> list[Evidence]:
        """Return what the other brings that is new: places, level, journey; named by the other's codes."""
        found = []
        for kind in _PLACES:
            mine, yours = getattr(one, kind), getattr(other, kind)
            if self._counts(mine) and self._counts(yours) and mine != yours:
                found.append(Evidence(kind, yours))
        if one.level is not None and other.level is not None and one.level != other.level:
            found.append(Evidence("level", str(other.level)))
        return found + [Evidence("experience", code) for code in sorted({*other.experience} - {*one.experience}) if self._counts(code)]

    @staticmethod
    def _merged(lists: Iterable[Iterable[Evidence]]) -> tuple[Evidence, ...]:
        """Join lists in order, each evidence once."""
        found: dict[Evidence, None] = {}
        for evidence in lists:
            found.update(dict.fromkeys(evidence))
        return tuple(found)


def _common(mine: Iterable[str] | Mapping[str, object], yours: Iterable[str] | Mapping[str, object]) -> list[str]:
    return sorted({*mine} & {*yours})
