"""R17, N6: the four lists for each side, from evidence found in both profiles, code by code. Challenges are never listed (R9)."""

from collections.abc import Iterable, Mapping, Sequence

from services.matching.domain.rules import Related, RuleSet
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
        self._related: dict[str, list[Related]] = {}
        for pair in rules.related:
            self._related.setdefault(pair.wanted, []).append(pair)

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
        """Return the offers that meet wants, the most useful first; one that is only related to the want says so."""
        found: dict[Evidence, float] = {}
        for code in filter(self._counts, sorted(wanter.wants)):
            priority = wanter.wants[code] or self._unknown_priority
            if code in offerer.offers:
                if self._is_met(code, wanter, offerer):
                    found[Evidence("skill", code)] = priority * self._strength(offerer, code)
            elif (near := self._nearest(code, wanter, offerer)) is not None:
                worth = priority * self._worth(offerer, near)
                found[Evidence("related", near.offered)] = max(found.get(Evidence("related", near.offered), 0.0), worth)
        told = {evidence.code for evidence in found if evidence.kind == "skill"}
        kept = [evidence for evidence in found if evidence.kind == "skill" or evidence.code not in told]
        return sorted(kept, key=lambda evidence: (-found[evidence], evidence.code))

    def _nearest(self, code: str, wanter: Person, offerer: Person) -> Related | None:
        """Return the most useful related offer; none for a wanter who knows something near the want themselves."""
        near = self._related.get(code, ())
        if code in wanter.offers or any(pair.offered in wanter.offers for pair in near):
            return None
        there = [pair for pair in near if pair.offered in offerer.offers and self._counts(pair.offered)]
        return min(there, key=lambda pair: (-self._worth(offerer, pair), pair.offered), default=None)

    def _worth(self, offerer: Person, pair: Related) -> float:
        return self._strength(offerer, pair.offered) * self._related_share * pair.nearness

    def _strength(self, offerer: Person, code: str) -> int:
        return offerer.offers[code] or self._unknown_strength

    def _is_met(self, code: str, wanter: Person, offerer: Person) -> bool:
        """R6: a want that the wanter offers too counts only against a stated, higher strength."""
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
