"""Follow one command: all facts of a correlation id, or of all that happened to a subject, and the log lines that belong to them (N17)."""

from dataclasses import dataclass, field
from typing import Any

from services.console.application.ports import Facts, LinesOf
from services.console.domain.facts import Fact
from services.console.domain.path import Step, as_tree, connected, of_fact, of_line

CORRELATIONS_MAX = 1_000


@dataclass(slots=True)
class Trace:
    """What was found: facts as trees, log lines in the order of time."""

    name: str
    facts: list[Step] = field(default_factory=list)
    lines: list[Step] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"trace": self.name, "facts": [one.as_plain() for one in self.facts], "lines": [one.as_plain() for one in self.lines]}


async def trace(name: str, facts: Facts, lines_of: LinesOf) -> Trace:
    """Return the way of `name`: a correlation id, or the id of a member, pairing, round or programme.

    Of a subject it is what tells of it, what led to that, and what it led to: an import of thousands shows one of them.
    """
    found = [fact async for fact in facts.tail(from_beginning=True, until_end=True) if name == _correlation(fact) or _tells_of(fact, name)]
    correlations = dict.fromkeys([name, *map(_correlation, found)][:CORRELATIONS_MAX])
    is_subject = bool(found) and all(name != _correlation(fact) for fact in found)
    if is_subject:
        about = dict.fromkeys(fact.attributes.get("id", "") for fact in found)
        found = [fact async for fact in facts.tail(from_beginning=True, until_end=True) if _correlation(fact) in correlations]
        steps = connected([of_fact(fact) for fact in found], about)
    else:
        steps = [of_fact(fact) for fact in found]
    lines = [of_line(line) for line in lines_of(correlations)]
    if is_subject:
        named = {name, *(step.id for step in steps)}
        lines = [line for line in lines if named & {line.subject, line.id}]
    return Trace(name, as_tree(sorted(steps, key=lambda step: step.at)), sorted(lines, key=lambda step: step.at))


def _correlation(fact: Fact) -> str:
    return fact.attributes.get("correlationid", "")


def _tells_of(fact: Fact, name: str) -> bool:
    said = fact.data.values() if isinstance(fact.data, dict) else ()
    return name == fact.key or any(name == value or (isinstance(value, list) and name in value) for value in said)
