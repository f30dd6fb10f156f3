"""The rule set of a programme: every number of the matching model, with its default and its range (N5, N7).

The engine has no constants of its own. A rule set is a value: it comes from a mapping (JSON, a file, HTTP), is
checked as a whole, and every fault is told at once, with its path. `RULES.md` beside this file says what each
number does; `services/matching/engine/README.md` says why its default is what it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, Self, cast

from services.matching.domain.rule_reading import RuleProblem, RulesInvalid, number, optional, ranges, read, sum_of_weights, whole

__all__ = ["KINDS", "Kind", "Related", "RuleProblem", "RuleSet", "RulesInvalid"]

Kind = Literal["peer", "mentor", "circle"]
KINDS: tuple[Kind, ...] = ("peer", "mentor", "circle")


class Related(NamedTuple):
    """Who offers the second skill can help with the first in part: by its nearness (0..1) times `gain.related_share`."""

    wanted: str
    offered: str
    nearness: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class GainRules:
    """How much one side gains from the other (R6)."""

    unknown_priority: int = whole(2, 1, 3)
    unknown_strength: int = whole(3, 1, 5)
    scarcity_floor: float = number(0.25, 0.01, 1)
    enough_wants: float = number(1.5, 0.1, 10)
    """A gain is full only against at least so many typical wants: one easy wish is not everything."""
    full_wants: int = whole(3, 1, 20)
    """So many of the heaviest wants count in full towards the total wish, the others by `rest_share`."""
    rest_share: float = number(0.25, 0, 1)
    related_share: float = number(0.3, 0, 1)
    """What an offer of a related skill is worth against the wanted one, at nearness 1."""
    related_from: float = number(0.6, 0.01, 1)
    """Skills of the hierarchy that are less near than this are not related at all."""
    related_shortage: float = number(1.0, 0, 100)
    """The hierarchy stands in only for skills that more than so many people want for each who offers them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonRules:
    """Weights of the common part S. Those of `fit` to `difference` sum to 1."""

    fit: float = number(0.25, 0, 1)
    goals: float = number(0.20, 0, 1)
    challenges: float = number(0.20, 0, 1)
    level: float = number(0.25, 0, 1)
    difference: float = number(0.10, 0, 1)
    availability: float = number(0.0, 0, 0.5)
    """Share of S given to weekly overlap where a programme asks for it; the others shrink to make room."""
    communication: float = number(0.0, 0, 0.5)
    """Share of S given to the same way of communicating (R19)."""
    enough_overlap_minutes: int = whole(120, 30, 2400)
    one_difference: float = number(0.7, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamenessRules:
    """R15-R18, N5: how alike two people are, and where the inverted U stands (quantiles of the pool)."""

    experience: float = number(0.35, 0, 1)
    goals: float = number(0.15, 0, 1)
    challenges: float = number(0.15, 0, 1)
    level: float = number(0.15, 0, 1)
    place: float = number(0.20, 0, 1)
    rise_to: float = number(0.25, 0, 1)
    fall_from: float = number(0.95, 0, 1)
    fall_to: float = number(0.995, 0, 1)
    neutral: float = number(0.75, 0, 1)
    sample: int = whole(30_000, 1_000, 2_000_000)
    level_span: int = whole(4, 1, 50)
    """A difference of so many levels is no likeness at all (R8)."""
    years_span: float = number(4.0, 1.1, 100)
    """Experience that differs by this factor (`years_added` to both) is no likeness at all (R8)."""
    years_added: float = number(3.0, 0.1, 30)
    """One year more or less says little to people who have many, and not everything to those who have few."""
    journey: float = number(1.0, 0, 10)
    """How much a shared step of the career journey counts in `experience` against a shared skill (R25)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """R5, R8: what bars a pair, whatever its score."""

    reporting_line: bool = True
    recruiter: bool = True
    common_language: bool = True
    minimum_overlap_minutes: int = whole(60, 0, 2400)
    maximum_level_gap: int | None = optional(4, 0, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveRules:
    """What a round maximises (N4); bonuses in micro-points."""

    alpha: float = number(0.5, 0, 1)
    """Share of a side's utility that is its gain; the rest is the common part."""
    one_way: float = number(0.55, 0, 1)
    """Reciprocity factor of a pair in which only one side gains."""
    both_must_gain: bool = False
    coverage_bonus: int = whole(300_000, 0, 1_000_000)
    fairness_bonus: int = whole(150_000, 0, 1_000_000)
    trios: bool = True
    seats_max: int = whole(20, 1, 20)
    """Nobody gets more partners in one round, whatever they have room for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MentorRules:
    """R43, kind `mentor`: how far ahead a mentor should be."""

    level_lead: int = whole(2, 0, 20)
    """So many levels above the mentee a mentor is best; likeness of level counts from there."""
    level_band: int | None = optional(2, 0, 50)
    """A mentor whose lead is further from `level_lead` is barred (2 and 2: from the same level to four above)."""
    years_lead: float = number(2.0, 1, 20)
    """A mentor is best with so many times the mentee's experience."""
    mentors_at_once: int = whole(1, 1, 5)
    """So many mentors one person may have; how many mentees, their own seats say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircleRules:
    """R44, kind `circle`: how many sit together."""

    smallest: int = whole(3, 3, 6)
    largest: int = whole(6, 3, 6)
    full: int = whole(5, 3, 6)
    """Up to this size every further voice adds; a smaller circle counts as if the missing ones were silent."""
    attempts: int = whole(300, 0, 100_000)
    """How often the search breaks two circles up, in each block of a thousand people, to look for something better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRules:
    """How hard the engine searches; changes quality and time, never validity."""

    candidates: int = whole(20, 1, 200)
    pricing_passes: int = whole(1, 0, 5)
    step: int = whole(500, 1, 100_000)
    polish_passes: int = whole(20, 0, 200)


_PLACEHOLDERS = (
    *("other", "others", "n/a", "n.a.", "na", "not applicable", "not specified", "no answer", "none", "nothing", "null", "nil"),
    *("unknown", "tbd", "tba", "-", "--", "\u2013", "\u2014", "?", "??", ".", "/"),
    *("keine", "keiner", "keine angabe", "k.a.", "sonstige", "sonstiges", "andere", "unbekannt", "nicht zutreffend"),
)


_RELATED_SHAPE = "a list of pairs [wanted skill, offered skill], or [wanted skill, offered skill, nearness up to 1]"


def _word(entry: Any) -> str | None:
    return entry if isinstance(entry, str) else None


def _related(entry: Any) -> Related | None:
    match entry:
        case [str(wanted), str(offered)]:
            return Related(wanted, offered)
        case [str(wanted), str(offered), int() | float() as nearness] if not isinstance(nearness, bool):
            return Related(wanted, offered, float(nearness))
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All numbers of one programme's matching, as one version (N7)."""

    version: int = whole(1, 1, 1_000_000_000)
    kind: Kind = "peer"
    gain: GainRules = GainRules()
    common: CommonRules = CommonRules()
    sameness: SamenessRules = SamenessRules()
    gates: GateRules = GateRules()
    objective: ObjectiveRules = ObjectiveRules()
    mentor: MentorRules = MentorRules()
    circle: CircleRules = CircleRules()
    search: SearchRules = SearchRules()
    placeholders: tuple[str, ...] = field(default=_PLACEHOLDERS, metadata={"entry": _word, "shape": "a list of words"})
    """Codes that mean "nothing said"; they count as missing."""
    related: tuple[Related, ...] = field(default=(), metadata={"entry": _related, "shape": _RELATED_SHAPE})
    """Skills that stand in for others, beside those that the hierarchy of skills relates."""

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other or lie outside their range."""
        problems = list(ranges(self))
        if not problems:
            problems = list(_relations(self))
        if problems:
            raise RulesInvalid(problems)

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> Self:
        """Read a rule set from a mapping; what is absent takes its default. Raises `RulesInvalid` naming every fault."""
        problems: list[RuleProblem] = []
        values = read(cls, document, "", problems)
        try:
            rules = cls(**values)
        except RulesInvalid as fault:
            raise RulesInvalid([*problems, *fault.problems]) from None
        if problems:
            raise RulesInvalid(problems)
        return rules

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole rule set as JSON-able data; `from_mapping` reads it back."""
        return cast("dict[str, Any]", _jsonable(asdict(self)))


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_jsonable(entry) for entry in value]
    return value


def _relations(rules: RuleSet) -> Iterator[RuleProblem]:
    """Yield contradictions between numbers which are each in range."""
    sameness = rules.sameness
    if rules.kind not in KINDS:
        yield RuleProblem("kind", "unknown-kind", f"must be one of {', '.join(KINDS)}")
    yield from sum_of_weights("common", rules.common, ("fit", "goals", "challenges", "level", "difference"))
    yield from sum_of_weights("sameness", sameness, ("experience", "goals", "challenges", "level", "place"))
    if not sameness.rise_to <= sameness.fall_from <= sameness.fall_to:
        order = f"rise_to {sameness.rise_to:g}, fall_from {sameness.fall_from:g}, fall_to {sameness.fall_to:g}"
        yield RuleProblem("sameness", "quantile-order", f"rise_to, fall_from and fall_to must not descend, are {order}")
    circle = rules.circle
    if not circle.smallest <= circle.full <= circle.largest:
        sizes = f"smallest {circle.smallest}, full {circle.full}, largest {circle.largest}"
        yield RuleProblem("circle", "size-order", f"smallest, full and largest must not descend, are {sizes}")
    for at, pair in enumerate(rules.related):
        if pair.wanted == pair.offered:
            yield RuleProblem(f"related[{at}]", "related-to-itself", "a skill cannot be related to itself; remove the entry")
        elif not 0 < pair.nearness <= 1:
            yield RuleProblem(f"related[{at}]", "out-of-range", f"nearness must lie above 0 and up to 1, is {pair.nearness:g}")
