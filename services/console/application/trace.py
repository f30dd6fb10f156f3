"""Follow one command: the facts and log lines of a correlation id, or of all that happened to a subject, as a tree (N17)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from services.console.application.ports import Facts, LinesOf, Told, tell_nobody
from services.console.domain.facts import Fact
from services.console.domain.path import Step, as_tree, connected, of_fact, of_line

CORRELATIONS_MAX = 1_000
TOLD_EVERY = 500


@dataclass(slots=True)
class Trace:
    """What was found, as trees."""

    name: str
    steps: list[Step] = field(default_factory=list)

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {"trace": self.name, "steps": [one.as_plain() for one in self.steps]}


async def trace(name: str, facts: Facts | None, lines_of: LinesOf, told: Told = tell_nobody) -> Trace:
    """Return the way of `name`: a correlation id, or the id of a member, pairing, round or programme.

    Of a subject it is what tells of it, what led to that, and what it led to: an import of thousands shows one of them.
    Without `facts` it is what log lines tell of a correlation id.
    """
    steps = await _read(facts, told, "looking for it", lambda fact: name == _correlation(fact) or _tells_of(fact, name))
    correlations = dict.fromkeys([name, *(step.correlation for step in steps)][:CORRELATIONS_MAX])
    is_subject = bool(steps) and all(name != step.correlation for step in steps)
    if is_subject:
        about = dict.fromkeys(step.id for step in steps)
        steps = connected(await _read(facts, told, "its causes and effects", lambda fact: _correlation(fact) in correlations), about)
    lines = [of_line(line) for line in lines_of(correlations)]
    if is_subject:
        named = {name, *(step.id for step in steps)}
        lines = [line for line in lines if named & {line.subject, line.id, line.cause}]
    return Trace(name, as_tree(sorted(steps, key=lambda step: step.at), sorted(lines, key=lambda step: step.at)))


async def _read(facts: Facts | None, told: Told, stage: str, wanted: Callable[[Fact], bool]) -> list[Step]:
    """Read all topics up to their present end; keep of what is wanted the step only, not what it says."""
    steps: list[Step] = []
    read = 0
    if facts is None:
        return steps
    async for fact in facts.tail(from_beginning=True, until_end=True):
        read += 1
        if read % TOLD_EVERY == 0:
            told(stage, read, None)
        if wanted(fact):
            steps.append(of_fact(fact))
    return steps


def _correlation(fact: Fact) -> str:
    return fact.attributes.get("correlationid", "")


def _tells_of(fact: Fact, name: str) -> bool:
    said = fact.data.values() if isinstance(fact.data, dict) else ()
    return name == fact.key or any(name == value or (isinstance(value, list) and name in value) for value in said)
