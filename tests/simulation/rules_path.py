"""Rules of the message path: nothing lost, nothing twice, always in order; leases, timers, dead letters."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from shared.persistence.leases import LASTS
from tests.simulation.facts import event_id
from tests.simulation.oracle import Evidence, Rule, deadline
from tests.simulation.troubles import CONSUMED, HANDLED

TIMER_SLACK_SECONDS = 20.0
TROUBLED_LINES = ("event.failed", "event.dead")


# --- at every checkpoint --------------------------------------------------------------------------------------------


def nothing_on_a_topic_was_not_committed(evidence: Evidence) -> Iterator[str]:
    """I1, I2: what is on a topic was committed, byte for byte; only the poison that was put in stands beside."""
    facts, poison = evidence.ledger.by_id, {(each.topic, each.partition, each.offset) for each in evidence.servers.troubles.poison}
    for record in evidence.servers.broker.appended:
        fact = facts.get(event_id(record))
        if fact is None:
            if (record.topic, record.partition, record.offset) not in poison:
                yield f"{record.topic} holds {event_id(record)}, which nobody committed"
        elif (fact.topic, fact.key.encode(), fact.value, fact.headers) != (record.topic, record.key, record.value, record.headers):
            yield f"{record.topic} holds {fact.id} otherwise than committed"


def first_copies_ascend_per_key(evidence: Evidence) -> Iterator[str]:
    """I4: on a topic the first copies of a key's facts come in the order of their versions."""
    seen, last = dict[str, None](), dict[tuple[str, str], tuple[int, int]]()
    for record in evidence.servers.broker.appended:
        fact = evidence.ledger.by_id.get(event_id(record))
        if fact is None or fact.id in seen:
            continue
        seen[fact.id] = None
        place = (fact.version, fact.index)
        if place <= last.get((fact.topic, fact.key), (0, 0)):
            yield f"{fact.topic}: {fact.key} has {place} after {last[fact.topic, fact.key]}"
        last[fact.topic, fact.key] = place


def versions_have_no_gap(evidence: Evidence) -> Iterator[str]:
    """I6: the versions that an aggregate's facts carry are 1, 2, 3 … in the order of commits; so do announced dead letters of a key."""
    for service, facts in evidence.ledger.by_service.items():
        last: dict[tuple[str, str], int] = {}
        for fact in facts:
            place = (fact.topic, fact.key)
            before = last.get(place, 0)
            if fact.version not in {before, before + 1} or fact.version == 0:
                yield f"{service}: {fact.key} has version {fact.version} after {before} ({fact.name})"
            last[place] = fact.version


def no_version_is_told_twice(evidence: Evidence) -> Iterator[str]:
    """I6: the facts of one version come from one commit."""
    commits: dict[tuple[str, str, int], int] = {}
    for fact in evidence.ledger.by_id.values():
        if commits.setdefault((fact.topic, fact.key, fact.version), fact.commit) != fact.commit:
            yield f"{fact.topic}: version {fact.version} of {fact.key} was committed twice"


def facts_come_with_their_state(evidence: Evidence) -> Iterator[str]:
    """N2: a fact is committed in the transaction of the change that it tells of."""
    for service, database in evidence.servers.databases.items():
        for entry in database.log:
            names = {name for (name, _), row in entry.writes.items() if row is not None}
            if "outbox" in names and not names - {"outbox", "inbox", "idempotency_keys"}:
                yield f"{service}: commit {entry.number} ({entry.label}) tells of no change"


def no_change_is_lost(evidence: Evidence) -> Iterator[str]:
    """N2: each commit of an aggregate follows the one before it: nobody writes over what they have not read."""
    for service, database in evidence.servers.databases.items():
        revisions: dict[Any, int] = {}
        for entry in database.log:
            for place, row in entry.writes.items():
                if row is None:
                    revisions.pop(place, None)
                elif "revision" in row and "body" in row:
                    if row["revision"] <= revisions.get(place, 0):
                        yield f"{service}: {place} has revision {row['revision']} after {revisions.get(place, 0)}"
                    revisions[place] = row["revision"]


def each_event_is_marked_once_with_its_effect(evidence: Evidence) -> Iterator[str]:
    """I3: an inbox row is written once per event, in a transaction of the consumer."""
    for service, database in evidence.servers.databases.items():
        marked = Counter[str]()
        for entry in database.log:
            rows = [place[1] for place, row in entry.writes.items() if place[0] == "inbox" and row is not None]
            if rows and entry.label == "plain":
                yield f"{service}: inbox rows outside a transaction"
            marked.update(rows)
        yield from (f"{service}: {each} was marked {times} times" for each, times in marked.items() if times > 1)


def one_incarnation_sends_an_event_once(evidence: Evidence) -> Iterator[str]:
    """N2: second copies come from another incarnation of the relay, never from the same."""
    sent = Counter((each.producer, each.event) for each in evidence.servers.broker.senders)
    yield from (f"{producer} sent {event} {times} times" for (producer, event), times in sent.items() if times > 1)


def _leases(evidence: Evidence, service: str, name: str) -> list[dict[str, Any]]:
    """Return the versions of a lease in the order of their commits."""
    rows = (entry.writes.get(("leases", name)) for entry in evidence.servers.databases[service].log)
    return [row for row in rows if row is not None]


def senders_hold_the_lease(evidence: Evidence) -> Iterator[str]:
    """N2: every send began, on the sender's clock, inside a lease that was committed under the sender's own name."""
    ends: dict[str, list[datetime]] = {}
    for service in evidence.servers.databases:
        for row in _leases(evidence, service, "relay"):
            ends.setdefault(row["replica"], []).append(row["until"])
    for sent in evidence.servers.broker.senders:
        replica = sent.producer.partition("#")[0]
        if not any(sent.began_at < until for until in ends.get(replica, ())):
            yield f"{sent.producer} sent {sent.event} at {sent.began_at} without the lease"


def a_lease_is_taken_after_its_end(evidence: Evidence) -> Iterator[str]:
    """N2: another replica takes a lease only after the last one ended on its own clock."""
    for service in evidence.servers.databases:
        for name in ("relay", "timers"):
            rows = _leases(evidence, service, name)
            for before, after in pairwise(rows):
                if before["replica"] != after["replica"] and after["until"] - LASTS < before["until"]:
                    yield f"{service}: {after['replica']} took {name} from {before['replica']}, which had it until {before['until']}"


def nothing_dies_that_was_not_poison(evidence: Evidence) -> Iterator[str]:
    """I7: only the poison that was put in (and handlers with a planned bug) makes dead letters, each once."""
    expected = evidence.expected_dead
    for service, database in evidence.servers.databases.items():
        opened = Counter[str]()
        for entry in database.log:
            for (name, each), row in entry.writes.items():
                if name == "dead_letters" and row is not None and row["state"] == "open" and not row["audit"]:
                    opened[each] += 1
                    if (service, each) not in expected:
                        yield f"{service}: dead letter {row['type']} {row['code']} of {row['lane']}"
        yield from (f"{service}: {each} died {times} times" for each, times in opened.items() if times > 1)


def nothing_was_logged_as_an_error(evidence: Evidence) -> Iterator[str]:
    """No bug was survived: that is still a bug. Poison and planned bugs are told, of course."""
    known = {event for _, event in evidence.expected_dead}
    for line in evidence.written:
        if line.get("event") not in TROUBLED_LINES or line.get("event_id") not in known:
            yield f"{line['at']} {line.get('event')} {line.get('part', '')} {line['fault']!r}"
    yield from (str(trouble.get("message")) for trouble in evidence.troubles)


# --- at rest --------------------------------------------------------------------------------------------------------


def every_fact_is_on_its_topic(evidence: Evidence) -> Iterator[str]:
    """I1: what was committed is told."""
    seen = dict.fromkeys(event_id(record) for record in evidence.servers.broker.appended)
    yield from (f"{fact.topic}: {fact.name} of {fact.key} is missing" for fact in evidence.settled() if fact.id not in seen)


def every_event_was_dealt_with(evidence: Evidence) -> Iterator[str]:
    """I3: each consumer has marked every event that it reacts to."""
    settled = evidence.settled()
    for service, database in evidence.servers.databases.items():
        known = {each.removeprefix(f"{service}:") for each in database.names.get("inbox", {})}
        for fact in settled:
            if fact.topic in CONSUMED[service] and fact.type in HANDLED[service] and fact.id not in known:
                yield f"{service} never dealt with {fact.name} of {fact.key}"


def all_poison_was_buried_and_nothing_is_held(evidence: Evidence) -> Iterator[str]:
    """I7: dead letters are the poison that was put in; after redrive and discard nothing is held and nothing is stuck."""
    for poison in evidence.servers.troubles.poison:
        for service in poison.services:
            rows = [row for row in evidence.servers.databases[service].documents("dead_letters") if row["_id"] == poison.event_id]
            if [row["state"] for row in rows] != ["discarded"]:
                yield f"{service}: poison {poison.event_id} is {[row['state'] for row in rows]}"
    for service, database in evidence.servers.databases.items():
        yield from (f"{service}: {row['_id']} is still open" for row in database.documents("dead_letters") if row["state"] == "open")
        old = [row for row in database.documents("lanes") if row["since"] < deadline(evidence.servers)]
        yield from (f"{service}: {row['_id']} is held" for row in old)
        yield from (f"{service}: timer {row['_id']} {row['state']}" for row in database.documents("timers") if row["state"] != "waiting")


def due_timers_have_fired(evidence: Evidence) -> Iterator[str]:
    """N2: no timer waits long beyond its time."""
    world = evidence.servers.world
    now = world.business_now()
    for service, database in evidence.servers.databases.items():
        for row in database.documents("timers"):
            if row["wake_at"] < now - timedelta(seconds=TIMER_SLACK_SECONDS * world.rate):
                yield f"{service}: timer {row['kind']} {row['_id']} due {row['due_at']} at {now}"


ALWAYS: tuple[Rule, ...] = (
    nothing_on_a_topic_was_not_committed,
    first_copies_ascend_per_key,
    versions_have_no_gap,
    no_version_is_told_twice,
    facts_come_with_their_state,
    no_change_is_lost,
    each_event_is_marked_once_with_its_effect,
    one_incarnation_sends_an_event_once,
    senders_hold_the_lease,
    a_lease_is_taken_after_its_end,
    nothing_dies_that_was_not_poison,
    nothing_was_logged_as_an_error,
)
AT_REST: tuple[Rule, ...] = (
    every_fact_is_on_its_topic,
    every_event_was_dealt_with,
    all_poison_was_buried_and_nothing_is_held,
    due_timers_have_fired,
)
