"""Look at a running system as the oracle of the tests does: topics without a gap, replicas as facts say, nothing stuck (N1, N2)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.console.application.ports import SERVICES, Api, Facts, Told, tell_nobody
from services.console.application.replay import Replay, Replayed, nothing_to_replay, replay
from services.console.application.status import ServiceStatus, status
from services.console.domain.endings import Exit, Refused
from services.console.domain.ledger import Ledger

STUCK_SECONDS = 60.0
TOLD_EVERY = 500


@dataclass(slots=True)
class Report:
    """What was found. `problems` are sentences of ids, counts and codes; none: all is well."""

    facts: Ledger = field(default_factory=Ledger)
    services: list[ServiceStatus] = field(default_factory=list)
    replicas: list[Replayed] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        """Return what is wrong, the worst first."""
        found = [f"topics: {self.facts.gaps} gaps"] * bool(self.facts.gaps)
        found += [f"topics: {self.facts.disorders} facts out of order"] * bool(self.facts.disorders)
        found += [f"topics: {self.facts.unreadable} records without an id or a number"] * bool(self.facts.unreadable)
        for one in self.replicas:
            found += [f"{one.service}: {one.unequal} keys are not known to be as the facts say"] * bool(one.unequal)
        for service in self.services:
            found += [f"{service.service}: {line}" for line in _stuck(service)]
        return found

    @property
    def exit_code(self) -> Exit:
        """Return 1 when something is wrong."""
        return Exit.FAILED if self.problems else Exit.DONE

    def as_plain(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "problems": self.problems,
            "facts": self.facts.as_plain(),
            "services": [one.as_plain() for one in self.services],
            "replicas": [one.as_plain() for one in self.replicas],
        }


async def verify(services: Sequence[str], api: Api, facts: Facts, told: Told = tell_nobody) -> Report:
    """Read all topics up to their present end, have each service hold its replicas against them, ask all how they are."""
    report = Report()
    async for fact in facts.tail(from_beginning=True, until_end=True):
        report.facts.take(fact)
        if report.facts.facts % TOLD_EVERY == 0:
            told("topics", report.facts.facts, None)
    for service in services or SERVICES:
        try:
            report.replicas.append(await replay(Replay(service=service, repair=False), api, told))
        except Refused as refusal:
            if not nothing_to_replay(refusal):
                raise
    report.services = await status(api, services or SERVICES)
    return report


def _stuck(one: ServiceStatus) -> list[str]:
    if one.trouble is not None:
        return [one.trouble]
    figures = {
        "dead letters": one.figure("dead_letters"),
        "events held behind others": one.figure("parked"),
        "timers overdue": one.figure("timers", "overdue"),
        "timers stuck": one.figure("timers", "stuck"),
    }
    found = [f"{count} {name}" for name, count in figures.items() if count]
    oldest = one.figure("outbox", "oldest_seconds") or 0
    return found + ([f"a row is stuck in the outbox for {oldest:.0f} s"] if oldest > STUCK_SECONDS else [])
