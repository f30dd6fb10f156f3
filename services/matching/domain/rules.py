"""The rule set of a programme: every number of the matching model, with its default and its range (N5, N7).

The engine has no constants of its own. A rule set is a value: it comes from a mapping (JSON, a file, HTTP), is
checked as a whole, and every fault is told at once, with its path. `services/matching/engine/README.md` says what
each number does and why its default is what it is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self, cast

from shared.kernel.errors import Invalid

Kind = Literal["peer", "mentor", "circle"]
KINDS: tuple[Kind, ...] = ("peer", "mentor", "circle")


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One fault of a rule set: where, which rule, and in words what would be right."""

    path: str
    code: str
    sentence: str


class RulesInvalid(Invalid):
    """A rule set breaks one or more of its own rules; `problems` names them all."""

    code = "rules-invalid"
    title = "The rule set is not valid."

    def __init__(self, problems: list[RuleProblem]) -> None:
        """Keep all problems; the facts say each in a sentence, so that an administrator can mend all at once."""
        super().__init__(
            paths=[problem.path for problem in problems],
            codes=[problem.code for problem in problems],
            problems=[f"{problem.path}: {problem.sentence}" for problem in problems],
        )
        self.problems = tuple(problems)

    def __str__(self) -> str:
        """Tell every problem on a line of its own."""
        return "\n".join(f"{problem.path}: {problem.sentence}" for problem in self.problems)


def _number(default: float, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _whole(default: int, low: int, high: int) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "whole": True})


def _optional(default: int | None, low: int, high: int) -> Any:
    return field(default=default, metadata={"low": low, "high": high, "whole": True, "optional": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class GainRules:
    """How much one side gains from the other (R6)."""

    unknown_priority: int = _whole(2, 1, 3)
    unknown_strength: int = _whole(3, 1, 5)
    scarcity_floor: float = _number(0.25, 0.01, 1)
    enough_wants: float = _number(1.5, 0.1, 10)
    """A gain is full only against at least so many typical wants: one easy wish is not everything."""
    full_wants: int = _whole(3, 1, 20)
    """So many of the heaviest wants count in full towards the total wish, the others by `rest_share`."""
    rest_share: float = _number(0.25, 0, 1)
    related_share: float = _number(0.5, 0, 1)
    """What an offer of a related skill is worth against the wanted one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonRules:
    """Weights of the common part S. Those of `fit` to `difference` sum to 1."""

    fit: float = _number(0.25, 0, 1)
    goals: float = _number(0.20, 0, 1)
    challenges: float = _number(0.20, 0, 1)
    level: float = _number(0.25, 0, 1)
    difference: float = _number(0.10, 0, 1)
    availability: float = _number(0.0, 0, 0.5)
    """Share of S given to weekly overlap where a programme asks for it; the others shrink to make room."""
    communication: float = _number(0.0, 0, 0.5)
    """Share of S given to the same way of communicating (R19)."""
    enough_overlap_minutes: int = _whole(120, 30, 2400)
    one_difference: float = _number(0.7, 0, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SamenessRules:
    """R15-R18, N5: how alike two people are, and where the inverted U stands (quantiles of the pool)."""

    experience: float = _number(0.35, 0, 1)
    goals: float = _number(0.15, 0, 1)
    challenges: float = _number(0.15, 0, 1)
    level: float = _number(0.15, 0, 1)
    place: float = _number(0.20, 0, 1)
    rise_to: float = _number(0.25, 0, 1)
    fall_from: float = _number(0.95, 0, 1)
    fall_to: float = _number(0.995, 0, 1)
    neutral: float = _number(0.75, 0, 1)
    sample: int = _whole(30_000, 1_000, 2_000_000)
    level_span: int = _whole(4, 1, 50)
    """A difference of so many levels is no likeness at all (R8)."""
    years_span: float = _number(4.0, 1.1, 100)
    """Experience that differs by this factor (three years added to both) is no likeness at all (R8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """R5, R8: what bars a pair, whatever its score."""

    reporting_line: bool = True
    recruiter: bool = True
    common_language: bool = True
    minimum_overlap_minutes: int = _whole(60, 0, 2400)
    maximum_level_gap: int | None = _optional(4, 0, 50)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectiveRules:
    """What a round maximises (N4); bonuses in micro-points."""

    alpha: float = _number(0.5, 0, 1)
    """Share of a side's utility that is its gain; the rest is the common part."""
    one_way: float = _number(0.55, 0, 1)
    """Reciprocity factor of a pair in which only one side gains."""
    both_must_gain: bool = False
    coverage_bonus: int = _whole(300_000, 0, 1_000_000)
    fairness_bonus: int = _whole(150_000, 0, 1_000_000)
    trios: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchRules:
    """How hard the engine searches; changes quality and time, never validity."""

    candidates: int = _whole(20, 1, 200)
    pricing_passes: int = _whole(1, 0, 5)
    step: int = _whole(500, 1, 100_000)
    polish_passes: int = _whole(20, 0, 200)


_PLACEHOLDERS = (
    "other",
    "others",
    "n/a",
    "na",
    "none",
    "nothing",
    "null",
    "nil",
    "unknown",
    "tbd",
    "-",
    "--",
    "?",
    ".",
    "keine",
    "sonstiges",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSet:
    """All numbers of one programme's matching, as one version (N7)."""

    version: int = _whole(1, 1, 1_000_000_000)
    kind: Kind = "peer"
    gain: GainRules = GainRules()
    common: CommonRules = CommonRules()
    sameness: SamenessRules = SamenessRules()
    gates: GateRules = GateRules()
    objective: ObjectiveRules = ObjectiveRules()
    search: SearchRules = SearchRules()
    placeholders: tuple[str, ...] = _PLACEHOLDERS
    """Codes that mean "nothing said"; they count as missing."""
    related: tuple[tuple[str, str], ...] = ()
    """Pairs (wanted skill, offered skill): who offers the second can help with the first, by `gain.related_share`."""

    def __post_init__(self) -> None:
        """Refuse numbers that contradict each other or lie outside their range."""
        problems = list(_ranges(self, ""))
        if not problems:
            problems = list(_relations(self))
        if problems:
            raise RulesInvalid(problems)

    @classmethod
    def from_mapping(cls, document: Mapping[str, Any]) -> Self:
        """Read a rule set from a mapping; what is absent takes its default. Raises `RulesInvalid` naming every fault."""
        problems: list[RuleProblem] = []
        values = _read(cls, document, "", problems)
        if problems:
            raise RulesInvalid(problems)
        return cls(**values)

    def to_mapping(self) -> dict[str, Any]:
        """Return the whole rule set as JSON-able data; `from_mapping` reads it back."""
        return cast("dict[str, Any]", _jsonable(asdict(self)))


_GROUPS: Mapping[str, type] = {
    "gain": GainRules,
    "common": CommonRules,
    "sameness": SamenessRules,
    "gates": GateRules,
    "objective": ObjectiveRules,
    "search": SearchRules,
}


def _jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _jsonable(entry) for key, entry in value.items()}
    if isinstance(value, tuple):
        return [_jsonable(entry) for entry in value]
    return value


def _read(type_: type, document: Any, path: str, problems: list[RuleProblem]) -> dict[str, Any]:
    """Turn `document` into arguments of `type_`, noting unknown names and wrong shapes."""
    if not isinstance(document, Mapping):
        problems.append(RuleProblem(path.rstrip(".") or "(rules)", "not-an-object", "must be an object with named numbers"))
        return {}
    known = {entry.name: entry for entry in fields(type_)}
    values: dict[str, Any] = {}
    for name in sorted(str(key) for key in document):
        here, value = f"{path}{name}", document[name]
        if name not in known:
            problems.append(RuleProblem(here, "unknown-rule", f"is not a rule; known here: {', '.join(sorted(known))}"))
        elif path == "" and name in _GROUPS:
            values[name] = _group(_GROUPS[name], value, f"{name}.", problems)
        elif name in {"placeholders", "related"}:
            values[name] = _codes(name, value, problems)
        else:
            values[name] = float(value) if _is_decimal(known[name].default, value) else value
    return values


def _is_decimal(default: Any, value: Any) -> bool:
    return isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)


def _group(type_: type, document: Any, path: str, problems: list[RuleProblem]) -> Any:
    values = _read(type_, document, path, problems)
    return type_(**values)


def _codes(name: str, value: Any, problems: list[RuleProblem]) -> tuple[Any, ...]:
    width = 2 if name == "related" else 0
    if isinstance(value, list | tuple):
        if not width and all(isinstance(entry, str) for entry in value):
            return tuple(value)
        if width and all(_is_code_pair(entry) for entry in value):
            return tuple((entry[0], entry[1]) for entry in value)
    wanted = "a list of pairs [wanted skill, offered skill]" if width else "a list of words"
    problems.append(RuleProblem(name, "not-a-list", f"must be {wanted}"))
    return ()


def _is_code_pair(entry: Any) -> bool:
    return isinstance(entry, list | tuple) and len(entry) == 2 and all(isinstance(code, str) for code in entry)  # noqa: PLR2004 (a pair)


def _ranges(value: Any, path: str) -> Iterator[RuleProblem]:
    """Yield each number outside its range, in this value and in the groups below it."""
    for entry in fields(value):
        here, number, rule = f"{path}{entry.name}", getattr(value, entry.name), entry.metadata
        if path == "" and entry.name in _GROUPS:
            yield from _ranges(number, f"{entry.name}.")
        elif "low" in rule:
            if number is None and rule.get("optional"):
                continue
            if isinstance(number, bool) or not isinstance(number, int if rule.get("whole") else int | float):
                yield RuleProblem(here, "not-a-number", f"must be a {'whole ' if rule.get('whole') else ''}number")
            elif not rule["low"] <= number <= rule["high"]:
                yield RuleProblem(here, "out-of-range", f"must lie between {rule['low']} and {rule['high']}, is {number}")
        elif isinstance(entry.default, bool) and not isinstance(number, bool):
            yield RuleProblem(here, "not-a-truth-value", "must be true or false")


def _relations(rules: RuleSet) -> Iterator[RuleProblem]:
    """Yield contradictions between numbers which are each in range."""
    common, sameness = rules.common, rules.sameness
    if rules.kind not in KINDS:
        yield RuleProblem("kind", "unknown-kind", f"must be one of {', '.join(KINDS)}")
    if abs(common.fit + common.goals + common.challenges + common.level + common.difference - 1) > 1e-9:  # noqa: PLR2004
        yield RuleProblem("common", "weights-sum", "fit, goals, challenges, level and difference must sum to 1")
    if abs(sameness.experience + sameness.goals + sameness.challenges + sameness.level + sameness.place - 1) > 1e-9:  # noqa: PLR2004
        yield RuleProblem("sameness", "weights-sum", "experience, goals, challenges, level and place must sum to 1")
    if not sameness.rise_to <= sameness.fall_from <= sameness.fall_to:
        yield RuleProblem("sameness", "quantile-order", "rise_to, fall_from and fall_to must not descend")
    if any(wanted == offered for wanted, offered in rules.related):
        yield RuleProblem("related", "related-to-itself", "a skill cannot be related to itself")
