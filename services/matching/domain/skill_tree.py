"""The hierarchy of skills as profile publishes it, and how near two skills are (R6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import takewhile

from services.matching.domain.rules import Related, RuleProblem, RuleSet, RulesInvalid


@dataclass(frozen=True, kw_only=True)
class SkillTree:
    """Each skill and group with what it is part of (None at the top). Codes are compared whole, never by substring."""

    broader: Mapping[str, str | None] = field(default_factory=dict)

    def way(self, code: str) -> tuple[str, ...]:
        """Return the way from the top down to a code, itself included; a circle ends where it began."""
        found: dict[str, None] = {}
        at: str | None = code
        while at is not None and at in self.broader and at not in found:
            found[at] = None
            at = self.broader[at]
        return tuple(found)[::-1]

    def knows(self, code: str) -> bool:
        """Return whether a code is on the company's list."""
        return code in self.broader

    def nearness(self, one: str, other: str) -> float:
        """Return how near two skills are, 0..1 (see `nearness`)."""
        return nearness(self.way(one), self.way(other))

    def related(self, wanted: Iterable[str], offered: Iterable[str], at_least: float) -> tuple[Related, ...]:
        """Return who can stand in for whom, in the order of the codes; only what has a common top is looked at."""
        ways = {code: way for code in sorted({*wanted, *offered}) if (way := self.way(code))}
        below: dict[str, list[str]] = {}
        for code in sorted(ways.keys() & {*offered}):
            below.setdefault(ways[code][0], []).append(code)
        found = []
        for code in sorted(ways.keys() & {*wanted}):
            for other in below.get(ways[code][0], ()):
                near = nearness(ways[code], ways[other])
                if other != code and near >= at_least:
                    found.append(Related(code, other, round(near, 4)))
        return tuple(found)


def nearness(mine: Sequence[str], yours: Sequence[str]) -> float:
    """Return how near the ends of two ways are: twice the depth of the last step that they share, by the sum of their depths.

    (Wu and Palmer, 1994.) The top has depth 1; skills without a common step are not near at all.
    """
    shared = sum(1 for _ in takewhile(lambda step: step[0] == step[1], zip(mine, yours, strict=False)))
    return 2 * shared / (len(mine) + len(yours)) if shared else 0.0


def check_codes(rules: RuleSet, tree: SkillTree) -> None:
    """Refuse rules that name skills which the company's list does not know; before the list is known nothing is refused.

    Raises:
        RulesInvalid: names each entry and code, and what is written much like it.

    """
    named = [(at, code) for at, pair in enumerate(rules.related) for code in (pair.wanted, pair.offered)]
    unknown = [(at, code) for at, code in named if tree.broader and not tree.knows(code)]
    if unknown:
        raise RulesInvalid([RuleProblem(f"related[{at}]", "unknown-skill", _unknown(code, tree)) for at, code in unknown])


def _unknown(code: str, tree: SkillTree) -> str:
    near = get_close_matches(code, sorted(tree.broader), n=3, cutoff=0.75)
    remedy = f"did you mean {' or '.join(near)}?" if near else "see `tandem skills list`, or add it with `tandem skills add`"
    return f"{code} is not on the company's list of skills; {remedy}"


def with_related(rules: RuleSet, tree: SkillTree, wanted: Mapping[str, int], offered: Mapping[str, int]) -> RuleSet:
    """Return the rules with what the hierarchy relates among these skills; what the rules say themselves comes first (N7).

    `wanted` and `offered` say how many people want and offer each. Only skills that are short are stood in for: where there
    is enough of the thing itself, a neighbour would only take the place of somebody who has it.
    """
    if rules.gain.related_share <= 0:
        return rules
    short = [code for code, people in wanted.items() if people > rules.gain.related_shortage * offered.get(code, 0)]
    said = {(pair.wanted, pair.offered) for pair in rules.related}
    more = [pair for pair in tree.related(short, offered, rules.gain.related_from) if (pair.wanted, pair.offered) not in said]
    return replace(rules, related=(*rules.related, *more))
