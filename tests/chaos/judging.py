"""The simulation's oracle over what the real suite left behind: topics, commits, mails and logs."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from deploy.local.stack import Stack
from tests.chaos.copies import Copies, Struck, second_copies
from tests.chaos.traffic import Traffic
from tests.chaos.witness import WatchedDatabase
from tests.simulation import rules_business, rules_path
from tests.simulation.facts import Ledger
from tests.simulation.oracle import Evidence, Rule, Violation, judge

NOT_HERE = (rules_path.one_incarnation_sends_an_event_once, rules_path.senders_hold_the_lease, rules_path.nothing_was_logged_as_an_error)
"""A topic does not say which process sent a record; what was logged as an error is reported beside, by kind."""
RULES: tuple[Rule, ...] = tuple(
    rule for rule in (*rules_path.ALWAYS, *rules_path.AT_REST, *rules_business.ALWAYS, *rules_business.AT_REST) if rule not in NOT_HERE
)


SHOWN = (("service", "name"), ("event", "action"), ("tandem", "part"), ("log", "logger"), ("error", "type"), ("error", "code"))
"""What is said of an error line."""


@dataclass
class Broker:
    """The topics as they stand at the end. Nothing waits there: the harness saw every group's lag at zero."""

    appended: list[Any]

    def waiting(self, *_: Any) -> list[Any]:
        """Return nothing."""
        return []


@dataclass
class Mails:
    """What the mail server took."""

    taken: list[tuple[str, str]]
    refused: list[str] = field(default_factory=list)


@dataclass
class Troubles:
    """No poison is put in and no bug is planned here."""

    poison: list[Any] = field(default_factory=list)
    bugs: dict[Any, None] = field(default_factory=dict)


@dataclass
class LeftBehind:
    """What the rules ask of the servers."""

    databases: dict[str, WatchedDatabase]
    broker: Broker
    mail: Mails
    world: Any
    troubles: Troubles = field(default_factory=Troubles)


@dataclass(frozen=True)
class AtRest:
    """The world at the moment of the last look: time stands still for the rules."""

    seed: int
    rate: float
    loop: Any
    now: datetime

    def business_now(self) -> datetime:
        """Return business time."""
        return self.now


@dataclass(frozen=True)
class Judgement:
    """What the oracle found."""

    violations: list[Violation]
    facts: int
    records: int
    copies: Copies
    commits: int
    mails: int
    mails_again: int
    commands: Counter[str]
    unanswered: int
    reached: Counter[str]


def judged(
    stack: Stack, traffic: Traffic, databases: dict[str, WatchedDatabase], records: list[Any], *, struck: Sequence[Struck], now: datetime
) -> Judgement:
    """Return what every rule says of a run that has come to rest, and whether each second copy follows something that was `struck`."""
    taken = [(mail.recipients[0], str(mail.message["Message-ID"])) for mail in stack.mail.received]
    world = AtRest(traffic.world.seed, traffic.world.rate, traffic.world.loop, now)
    servers = cast(Any, LeftBehind(databases, Broker(records), Mails(taken), world))
    ledger = Ledger(servers)
    evidence = Evidence(servers, traffic.company, ledger, [], [])
    violations = judge(evidence, RULES)
    copies = second_copies(records, {name: fact.service for name, fact in ledger.by_id.items()}, traffic.front.replicas, struck)
    messages = [message for _, message in taken]
    return Judgement(
        violations=[*violations, *(Violation("a-second-copy-follows-a-fault-of-its-relay", each) for each in copies.alarms)],
        facts=len(ledger.by_id),
        records=len(records),
        copies=copies,
        commits=sum(len(database.log) for database in databases.values()),
        mails=len(messages),
        mails_again=len(messages) - len(set(messages)),
        commands=Counter(command.name for command in traffic.company.commands if command.status is not None),
        unanswered=sum(command.status is None for command in traffic.company.commands),
        reached=Counter(f"{fact.service}:{fact.name}" for fact in ledger.by_id.values()),
    )


def errors_logged(logs: Path) -> Counter[str]:
    """Count the error lines of all services by action, part and kind of fault: no text, which may come from a library."""
    found: Counter[str] = Counter()
    for path in sorted(logs.glob("*.ndjson")):
        for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
            line = _parsed(text)
            if line.get("log.level") in {"error", "critical"}:
                parts = [line.get(group, {}).get(name) for group, name in SHOWN]
                found[" ".join(str(part) for part in parts if part)] += 1
    return found


def _parsed(text: str) -> dict[str, Any]:
    try:
        line = json.loads(text)
    except ValueError:  # a line that the process was killed in
        return {}
    return line if isinstance(line, dict) else {}
