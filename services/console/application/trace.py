"""Follow one command: all facts of a correlation id, or of all that happened to a subject, and the log lines that belong to them (N17)."""

from dataclasses import dataclass, field
from typing import Any

from services.console.application.ports import Facts, LinesOf
from services.console.domain.facts import Fact
from services.console.domain.path import Step, as_tree, of_fact, of_line

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
    """Return the way of `name`, a correlation id or the key of a member, pairing, round or programme.

    A subject is read in two passes: what happened to it, then the whole way of the commands that did it.
    """
    found = [fact async for fact in facts.tail(from_beginning=True, until_end=True) if name in {_correlation(fact), fact.key}]
    correlations = dict.fromkeys([name, *(_correlation(fact) for fact in found)][:CORRELATIONS_MAX])
    if any(_correlation(fact) != name for fact in found):
        found = [fact async for fact in facts.tail(from_beginning=True, until_end=True) if _correlation(fact) in correlations]
    steps = sorted((of_fact(fact) for fact in found), key=lambda step: step.at)
    lines = sorted((of_line(line) for line in lines_of(correlations)), key=lambda step: step.at)
    return Trace(name, as_tree(steps), lines)


def _correlation(fact: Fact) -> str:
    return fact.attributes.get("correlationid", "")
