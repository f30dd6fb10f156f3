"""Second copies: a topic may hold a record again under its old id, but only when something had befallen the relay that sent it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.base import instant_text
from tests.chaos.faults import Fault, Kind
from tests.simulation.facts import event_id

STAYS = timedelta(seconds=5)
"""What a fault did to connections and leases may show so long after its end."""


@dataclass
class Struck:
    """A fault that befell the suite: from when to when, on the wall's clock. Without an end it is not mended yet."""

    fault: Fault
    began: datetime
    ended: datetime | None = None

    def shows_between(self, first: datetime, again: datetime) -> bool:
        """Say whether it was there at some time between two copies."""
        return self.began <= again and (self.ended is None or self.ended + STAYS >= first)


@dataclass
class Copies:
    """How many second copies follow which kind of fault, and what is to be said of those that follow none."""

    after: Counter[str] = field(default_factory=Counter)
    alarms: list[str] = field(default_factory=list)


def second_copies(
    records: Iterable[Any], owners: Mapping[str, str], replicas: Mapping[str, Collection[str]], struck: Sequence[Struck]
) -> Copies:
    """Account for each second copy (N2): between it and the one before, something befell a process of its owner, a broker or a database.

    `owners` tells the service of an event by its id. When a record was made, the topic says itself: its relay wrote the time.
    """
    found, last = Copies(), dict[str, datetime]()
    for record in records:
        name, at = event_id(record), datetime.fromtimestamp(record.timestamp / 1000, UTC)
        before, last[name] = last.get(name), at
        if before is None:
            continue
        owner = owners.get(name, "")
        causes = [each for each in struck if _befalls(each.fault, owner, replicas) and each.shows_between(before, at)]
        if causes:
            found.after[max(causes, key=lambda each: each.began).fault.kind] += 1
        else:
            found.alarms.append(
                f"{record.topic}: {name} of {owner} at {instant_text(before)} and {instant_text(at)}, after no fault of its relay"
            )
    return found


def _befalls(fault: Fault, service: str, replicas: Mapping[str, Collection[str]]) -> bool:
    """Say whether a fault can make a service's relay forget what it sent: its own process or way, any broker, the database, everything."""
    if fault.kind is Kind.DISK_FULL:
        return False
    return fault.target in replicas.get(service, ()) or not any(fault.target in names for names in replicas.values())
