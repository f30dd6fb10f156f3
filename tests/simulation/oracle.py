"""The oracle: what must be true of every run, one function per rule (`rules_path`, `rules_business`). Reads logs of servers only."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.company import Company
from tests.simulation.facts import Fact, Ledger
from tests.simulation.node import Servers
from tests.simulation.troubles import CONSUMED
from tests.simulation.world import EPOCH

GRACE = timedelta(seconds=4)
"""Business goes on for ever; what is younger than this at the end may still be under way."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that was broken, and the first thing that shows it."""

    rule: str
    what: str


@dataclass(frozen=True)
class Evidence:
    """All that the rules look at."""

    servers: Servers
    company: Company
    ledger: Ledger
    written: list[dict[str, Any]]
    """What was logged as an error."""
    troubles: list[dict[str, Any]]
    """What nobody caught."""

    @property
    def expected_dead(self) -> dict[tuple[str, str], None]:
        """Return service and event of everything that may become a dead letter: the poison that was put in, and planned bugs."""
        troubles = self.servers.troubles
        poison = {(service, each.event_id): None for each in troubles.poison for service in each.services}
        return poison | troubles.bugs

    def settled(self) -> list[Fact]:
        """Return the facts that must have gone their whole way by now."""
        before = deadline(self.servers)
        return [fact for fact in self.ledger.by_id.values() if fact.at < before]


Rule = Callable[[Evidence], Iterator[str]]


def deadline(servers: Servers) -> datetime:
    """Return the technical time before which everything must be done by now."""
    return EPOCH + timedelta(seconds=servers.world.loop.time()) - GRACE


def unrest(servers: Servers) -> list[str]:
    """Return what waits too long: rows in an outbox, records unread, events held or dead, timers overdue, deliveries due."""
    found, before = [], deadline(servers)
    for service, database in servers.databases.items():
        waiting = {"outbox": [row for row in database.documents("outbox") if row["at"] < before]}
        waiting |= {name: database.documents(name) for name in ("parked", "lanes")}  # of any age: what is told late is as old as its fact
        found += [f"{service}: {len(rows)} rows in {name}" for name, rows in waiting.items() if rows]
        overdue = servers.world.business_now() - GRACE * servers.world.rate
        if rows := [row for row in database.documents("timers") if row["state"] == "waiting" and row["wake_at"] < overdue]:
            found.append(f"{service}: {len(rows)} timers overdue")
        if rows := [row for row in database.documents("dead_letters") if row["state"] == "open"]:
            found.append(f"{service}: {len(rows)} dead letters open")
        for topic in CONSUMED[service]:
            records = servers.broker.waiting(service, topic, 1_000_000)
            if lag := len(records):
                found.append(f"{service}: {lag} records of {topic} unread")
    rows = [row["body"] for row in servers.databases["notification"].documents("deliveries") if row["state"] == "pending"]
    pending = sum(datetime.fromisoformat(body["queued_at"]) < before for body in rows)
    return [*found, f"notification: {pending} deliveries pending"] if pending else found


def reached(evidence: Evidence) -> Counter[str]:
    """Count which states a run came to: facts by name, dead letters by their end, keys held, leases that changed hands."""
    states = Counter(f"{fact.service}:{fact.name}" for fact in evidence.ledger.by_id.values())
    for service, database in evidence.servers.databases.items():
        states.update(f"{service}: dead letter {row['state']}" for row in database.documents("dead_letters"))
        holders: dict[str, str] = {}
        for entry in database.log:
            for (name, each), row in entry.writes.items():
                if name == "lanes" and row is None:
                    states[f"{service}: key released"] += 1
                elif name == "leases" and row is not None and holders.setdefault(each, row["replica"]) != row["replica"]:
                    states[f"{service}: lease taken over"] += 1
                    holders[each] = row["replica"]
    return states


def judge(evidence: Evidence, rules: Sequence[Rule]) -> list[Violation]:
    """Return the first violation of each rule."""
    evidence.ledger.read()
    found = []
    for rule in rules:
        first = next(rule(evidence), None)
        if first is not None:
            found.append(Violation(name_of(rule), first))
    return found


def name_of(rule: Rule) -> str:
    """Return what a rule is called."""
    return rule.__name__.replace("_", "-")
