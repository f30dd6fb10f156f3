"""Reading and checking a rule set: every fault is told at once, with the key, what is wrong with it and what would be right (N7)."""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

from shared.kernel.errors import Invalid

TOLERANCE = 1e-9
"""How far weights may miss their sum by being written in decimals."""


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """One fault of a rule set: which key, which rule it breaks, and in words what is wrong and what would be right."""

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


def number(default: float, low: float, high: float) -> Any:
    """Declare a rule that is a number in a range."""
    return field(default=default, metadata={"low": low, "high": high})


def whole(default: int, low: int, high: int) -> Any:
    """Declare a rule that is a whole number in a range."""
    return field(default=default, metadata={"low": low, "high": high, "whole": True})


def optional(default: int | None, low: int, high: int) -> Any:
    """Declare a rule that is a whole number in a range, or null: no such limit."""
    return field(default=default, metadata={"low": low, "high": high, "whole": True, "optional": True})


def read(type_: type, document: Any, path: str, problems: list[RuleProblem]) -> dict[str, Any]:
    """Turn `document` into arguments of `type_`, noting unknown names and wrong shapes; groups are read as they are met."""
    if not isinstance(document, Mapping):
        problems.append(RuleProblem(path.rstrip(".") or "(rules)", "not-an-object", "must be an object with named numbers"))
        return {}
    known = {entry.name: entry for entry in fields(type_)}
    values: dict[str, Any] = {}
    for name in sorted(str(key) for key in document):
        here, value = f"{path}{name}", document[name]
        if name not in known:
            problems.append(RuleProblem(here, "unknown-rule", f"is not a rule; {_meant(name, known)}"))
            continue
        default = known[name].default
        if is_dataclass(default):
            group: Any = type(default)
            values[name] = group(**read(group, value, f"{here}.", problems))
        elif isinstance(default, tuple):
            values[name] = _list(known[name].metadata, here, value, problems)
        else:
            values[name] = float(value) if _is_decimal(default, value) else value
    return values


def _meant(name: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(sorted(known))}"


def _is_decimal(default: Any, value: Any) -> bool:
    return isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool)


def _list(rule: Mapping[str, Any], here: str, value: Any, problems: list[RuleProblem]) -> tuple[Any, ...]:
    """Read a list entry by entry; the field's metadata names its reader and says what an entry should be."""
    entries = [rule["entry"](entry) for entry in value] if isinstance(value, list | tuple) else [None]
    if None in entries:
        problems.append(RuleProblem(here, "not-a-list", f"must be {rule['shape']}"))
        return ()
    return tuple(entries)


def ranges(value: Any, path: str = "") -> Iterator[RuleProblem]:
    """Yield each number outside its range, in this value and in the groups below it."""
    for entry in fields(value):
        here, found, rule = f"{path}{entry.name}", getattr(value, entry.name), entry.metadata
        if is_dataclass(entry.default):
            yield from ranges(found, f"{here}.")
        elif "low" in rule and not (found is None and rule.get("optional")):
            yield from _range(here, found, rule)
        elif isinstance(entry.default, bool) and not isinstance(found, bool):
            yield RuleProblem(here, "not-a-truth-value", f"must be true or false, is {_shown(found)}")


def _range(here: str, found: Any, rule: Mapping[str, Any]) -> Iterator[RuleProblem]:
    span = f"between {rule['low']} and {rule['high']}" + (", or null for no limit" if rule.get("optional") else "")
    if isinstance(found, bool) or not isinstance(found, int if rule.get("whole") else int | float):
        yield RuleProblem(here, "not-a-number", f"must be a {'whole ' if rule.get('whole') else ''}number {span}, is {_shown(found)}")
    elif not rule["low"] <= found <= rule["high"]:
        yield RuleProblem(here, "out-of-range", f"must lie {span}, is {found}")


def _shown(found: Any) -> str:
    """Return what stands there when it is a short value, else only its kind: an error repeats no long text."""
    return repr(found) if isinstance(found, bool | int | float | None) else f"a {type(found).__name__}"


def sum_of_weights(path: str, group: Any, names: tuple[str, ...]) -> Iterator[RuleProblem]:
    """Yield a fault when weights that belong together do not sum to 1, with the numbers that would keep their proportions."""
    weights = {name: getattr(group, name) for name in names}
    total = sum(weights.values())
    if abs(total - 1) <= TOLERANCE:
        return
    remedy = ""
    if total > 0:
        scaled = {name: round(weight / total, 4) for name, weight in weights.items()}
        remedy = f"; in the same proportions: {', '.join(f'{name} {weight:g}' for name, weight in scaled.items())}"
    yield RuleProblem(path, "weights-sum", f"{', '.join(names[:-1])} and {names[-1]} must sum to 1, sum to {total:g}{remedy}")
