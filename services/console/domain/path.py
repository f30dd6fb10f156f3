"""The way of one command as a tree by what led to what: the command, facts, log lines of what they led to. Ids and codes only (N9, N17)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.console.domain.facts import Fact

SAID = ("command", "route", "kind", "type", "topic", "template", "channel", "outcome", "label")
"""What a log line may say of its work besides ids: names and codes."""
ACCEPTED, OF_EVENTS = "command.accepted", "event."


@dataclass(slots=True)
class Step:
    """One thing that happened, and what it led to."""

    at: str
    service: str
    what: str
    subject: str = ""
    id: str = ""
    cause: str = ""
    correlation: str = ""
    code: str = ""
    leads_to: list["Step"] = field(default_factory=list)

    @property
    def is_line(self) -> bool:
        """Say whether it is a log line's and not a fact."""
        return not self.what.startswith("tandem.")

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints; empty things are left out."""
        plain = {name: getattr(self, name) for name in ("at", "service", "what", "subject", "id", "cause", "correlation", "code")}
        found: dict[str, Any] = {name: value for name, value in plain.items() if value}
        return found | ({"leads_to": [one.as_plain() for one in self.leads_to]} if self.leads_to else {})


def of_fact(fact: Fact) -> Step:
    """Return the step that a fact tells of."""
    said = fact.attributes
    return Step(
        at=said.get("time", ""),
        service=said.get("source", "").rpartition("/")[2],
        what=fact.type,
        subject=fact.key,
        id=said.get("id", ""),
        cause=said.get("causationid", ""),
        correlation=said.get("correlationid", ""),
    )


def of_line(line: Mapping[str, Any]) -> Step:
    """Return the step that a log line tells of."""
    tandem = line.get("tandem") or {}
    said = " ".join(str(tandem[name]) for name in SAID if tandem.get(name))
    action = (line.get("event") or {}).get("action") or line.get("message", "")
    return Step(
        at=str(line.get("@timestamp", "")),
        service=(line.get("service") or {}).get("name", ""),
        what=f"{action} {said}".strip(),
        subject=str(tandem.get("pairing_id") or tandem.get("member_id") or tandem.get("round_id") or ""),
        id=str(tandem.get("delivery_id") or ""),
        cause=str(tandem.get("event_id") or tandem.get("cause_id") or ""),
        correlation=(line.get("trace") or {}).get("id", ""),
        code=(line.get("error") or {}).get("code", "") if isinstance(line.get("error"), Mapping) else "",
    )


def as_tree(facts: Sequence[Step], lines: Sequence[Step]) -> list[Step]:
    """Return the steps that nothing here led to, each with what it led to, in the order given; second copies are left out.

    A line belongs to the fact that it tells of. Whatever else has the correlation id of one accepted command belongs to that command.
    """
    by_id: dict[str, Step] = {}
    for step in facts:
        by_id.setdefault(step.id, step)
    unique = list(by_id.values())
    for line in lines:
        if line.cause and line.what.startswith(OF_EVENTS):  # without its fact the line stands for it
            by_id.setdefault(line.cause, line)
    commands = [line for line in lines if line.what.startswith(ACCEPTED)]
    of_command = {command.correlation: command for command in commands}
    times = Counter(command.correlation for command in commands)
    roots: list[Step] = []
    for step in [*commands, *unique, *(line for line in lines if not line.what.startswith(ACCEPTED))]:
        cause = by_id.get(step.cause)
        if cause is None or cause is step:
            cause = of_command.get(step.correlation) if times[step.correlation] == 1 else None
        (roots if cause is None or cause is step else cause.leads_to).append(step)
    return roots


def connected(facts: Sequence[Step], about: Iterable[str]) -> list[Step]:
    """Return the facts of these ids, what led to them, and what they led to."""
    by_id = {step.id: step for step in facts}
    effects: dict[str, list[str]] = {}
    for step in by_id.values():
        effects.setdefault(step.cause, []).append(step.id)
    wanted: dict[str, None] = {}
    for begin in about:
        cause = by_id[begin].cause if begin in by_id else ""
        while cause in by_id and cause not in wanted:
            wanted[cause] = None
            cause = by_id[cause].cause
        waiting = [begin]
        while waiting:
            one = waiting.pop()
            wanted[one] = None
            waiting += [each for each in effects.get(one, []) if each not in wanted]
    return [step for name, step in by_id.items() if name in wanted]
