"""The oracle: what must be true of every run, one function per rule. Reads logs of servers only."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.company import Company
from tests.simulation.facts import Fact, all_facts, event_id, facts_of
from tests.simulation.node import RATE, Servers
from tests.simulation.world import EPOCH

ENDED = ("pairing.declined", "pairing.expired", "pairing.closed")
CONSUMED = {
    "matching": ("tandem-profile-card", "tandem-profile-member", "tandem-scheduling-session"),
    "scheduling": ("tandem-matching-pairing", "tandem-profile-card", "tandem-profile-member"),
    "notification": (
        "tandem-matching-pairing",
        "tandem-matching-round",
        "tandem-profile-contact",
        "tandem-profile-member",
        "tandem-scheduling-session",
    ),
}
GRACE = timedelta(seconds=5)
"""Business goes on for ever; what is younger than this at the end may still be under way."""
TIMER_SLACK = timedelta(seconds=20 * RATE)


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
    written: list[dict[str, Any]]
    troubles: list[dict[str, Any]]


def deadline(servers: Servers) -> datetime:
    """Return the technical time before which everything must be done by now."""
    return EPOCH + timedelta(seconds=servers.world.loop.time()) - GRACE


def unrest(servers: Servers) -> list[str]:
    """Return what waits too long: rows in an outbox, records unread, events parked, deliveries due."""
    found, before = [], deadline(servers)
    for service, database in servers.databases.items():
        for name, since in (("outbox", "at"), ("parked", "first_at")):
            if rows := [row for row in database.documents(name) if row[since] < before]:
                found.append(f"{service}: {len(rows)} rows in {name}")
        for topic in CONSUMED.get(service, ()):
            records = servers.broker.waiting(service, topic, 1_000_000)
            if lag := sum(record.timestamp < before.timestamp() * 1000 for record in records):
                found.append(f"{service}: {lag} records of {topic} unread")
    if "notification" in servers.databases:
        rows = [row["body"] for row in servers.databases["notification"].documents("deliveries") if row["state"] == "pending"]
        waiting = sum(datetime.fromisoformat(body["queued_at"]) < before for body in rows)
        found += [f"notification: {waiting} deliveries pending"] if waiting else []
    return found


def settled(servers: Servers) -> list[Fact]:
    """Return the facts that must have gone their whole way by now."""
    before = deadline(servers)
    return [fact for fact in all_facts(servers).values() if fact.at < before]


def reached(servers: Servers) -> Counter[str]:
    """Count the facts by name: which states of the business a run came to."""
    return Counter(f"{fact.service}:{fact.name}" for fact in all_facts(servers).values())


def judge(evidence: Evidence) -> list[Violation]:
    """Return the first violation of each rule."""
    found = []
    for rule in RULES:
        first = next(rule(evidence), None)
        if first is not None:
            found.append(Violation(rule.__name__.replace("_", "-"), first))
    return found


# --- the path -------------------------------------------------------------------------------------------------------


def every_fact_is_on_its_topic_as_committed(evidence: Evidence) -> Iterator[str]:
    """I1, I2: every committed fact is on its topic, byte for byte, and nothing else is there."""
    facts, seen = all_facts(evidence.servers), dict[str, None]()
    for record in evidence.servers.broker.appended:
        fact = facts.get(event_id(record))
        if fact is None:
            yield f"{record.topic} holds {event_id(record)}, which nobody committed"
        elif (fact.topic, fact.key.encode(), fact.value, fact.headers) != (record.topic, record.key, record.value, tuple(record.headers)):
            yield f"{record.topic} holds {fact.id} otherwise than committed"
        else:
            seen[fact.id] = None
    yield from (f"{fact.topic}: {fact.name} of {fact.key} is missing" for fact in settled(evidence.servers) if fact.id not in seen)


def first_copies_ascend_per_key(evidence: Evidence) -> Iterator[str]:
    """I4: on a topic the first copies of a key's facts come in the order of their versions."""
    facts, seen, last = all_facts(evidence.servers), dict[str, None](), dict[tuple[str, str], tuple[int, int]]()
    for record in evidence.servers.broker.appended:
        fact = facts.get(event_id(record))
        if fact is None or fact.id in seen:
            continue
        seen[fact.id] = None
        place = (fact.version, fact.index)
        if place <= last.get((fact.topic, fact.key), (0, 0)):
            yield f"{fact.topic}: {fact.key} has {place} after {last[fact.topic, fact.key]}"
        last[fact.topic, fact.key] = place


def versions_have_no_gap(evidence: Evidence) -> Iterator[str]:
    """I6: the versions that an aggregate's facts carry are 1, 2, 3 … in the order of commits."""
    for service in evidence.servers.databases:
        last: dict[str, int] = {}
        for fact in facts_of(evidence.servers, service):
            if fact.topic.endswith("dead-letter"):
                continue
            before = last.get(fact.key, 0)
            if fact.version not in {before, before + 1} or fact.version == 0:
                yield f"{service}: {fact.key} has version {fact.version} after {before} ({fact.name})"
            last[fact.key] = fact.version


def no_version_is_told_twice(evidence: Evidence) -> Iterator[str]:
    """I6: the facts of one version come from one commit."""
    commits: dict[tuple[str, str, int], int] = {}
    for fact in all_facts(evidence.servers).values():
        place = (fact.topic, fact.key, fact.version)
        if commits.setdefault(place, fact.commit) != fact.commit:
            yield f"{fact.topic}: version {fact.version} of {fact.key} was committed twice"


def facts_come_with_their_state(evidence: Evidence) -> Iterator[str]:
    """N2: a fact is committed in the transaction of the change that it tells of."""
    for service in evidence.servers.databases:
        for entry in evidence.servers.databases[service].log:
            names = {name for (name, _), row in entry.writes.items() if row is not None}
            if "outbox" in names and not names - {"outbox", "inbox", "idempotency_keys"}:
                yield f"{service}: commit {entry.number} ({entry.label}) tells of no change"


def no_change_is_lost(evidence: Evidence) -> Iterator[str]:
    """N2: each commit of an aggregate follows the one before it: nobody writes over what they have not read."""
    for service, database in evidence.servers.databases.items():
        revisions: dict[Any, int] = {}
        for entry in database.log:
            for place, row in entry.writes.items():
                if row is not None and "revision" in row and "body" in row:
                    if row["revision"] <= revisions.get(place, 0):
                        yield f"{service}: {place} has revision {row['revision']} after {revisions.get(place, 0)}"
                    revisions[place] = row["revision"]
                elif row is None:
                    revisions.pop(place, None)


def each_event_is_marked_once_with_its_effect(evidence: Evidence) -> Iterator[str]:
    """I3: an inbox row is written once per event, in a transaction of the consumer, and exists for every event read."""
    for service, topics in CONSUMED.items():
        database, marked = evidence.servers.databases.get(service), Counter[str]()
        if database is None:
            continue
        for entry in database.log:
            rows = [place[1] for place, row in entry.writes.items() if place[0] == "inbox" and row is not None]
            if rows and entry.label == "plain":
                yield f"{service}: inbox rows outside a transaction"
            marked.update(rows)
        yield from (f"{service}: {each} was marked {times} times" for each, times in marked.items() if times > 1)
        known = {each.removeprefix(f"{service}:") for each in marked}
        for fact in settled(evidence.servers):
            if fact.topic in topics and fact.type in _handled(service) and fact.id not in known:
                yield f"{service} never dealt with {fact.name} of {fact.key}"


def _handled(service: str) -> list[str]:
    from shared.contracts.catalogue import CONTRACTS  # noqa: PLC0415

    return [contract.TYPE for contract in CONTRACTS if service in contract.CONSUMERS]


def one_incarnation_sends_an_event_once(evidence: Evidence) -> Iterator[str]:
    """N2: second copies come from another incarnation of the relay, never from the same."""
    sent = Counter((producer, event) for producer, event, _ in evidence.servers.broker.senders)
    yield from (f"{producer} sent {event} {times} times" for (producer, event), times in sent.items() if times > 1)


def nothing_is_dead_or_stuck(evidence: Evidence) -> Iterator[str]:
    """I7: dead letters are the poison that was put in (here: none); no timer is stuck."""
    for service, database in evidence.servers.databases.items():
        yield from (f"{service}: dead letter {row['type']} {row['code']}" for row in database.documents("dead_letters"))
        yield from (f"{service}: timer {row['_id']} {row['state']}" for row in database.documents("timers") if row["state"] != "waiting")


def due_timers_have_fired(evidence: Evidence) -> Iterator[str]:
    """N2: no timer waits long beyond its time."""
    now = EPOCH + timedelta(seconds=evidence.servers.world.loop.time() * RATE)
    for service, database in evidence.servers.databases.items():
        for row in database.documents("timers"):
            if row["wake_at"] < now - TIMER_SLACK:
                yield f"{service}: timer {row['kind']} {row['_id']} due {row['due_at']} at {now}"


def what_was_to_end_has_ended(evidence: Evidence) -> Iterator[str]:
    """Durable timers: no pause and no proposal outlives its date by long."""
    before = EPOCH + timedelta(seconds=evidence.servers.world.loop.time() * RATE) - TIMER_SLACK
    paused: dict[str, str] = {}
    for fact in facts_of(evidence.servers, "profile"):
        if fact.name == "member.paused":
            paused[fact.key] = fact.data["until"]
        elif fact.name in {"member.resumed", "member.left"}:
            paused.pop(fact.key, None)
    proposed: dict[str, str] = {}
    for fact in facts_of(evidence.servers, "matching"):
        if fact.name == "pairing.proposed":
            proposed[fact.key] = fact.data["expires_at"]
        elif fact.name in {"pairing.formed", *ENDED}:
            proposed.pop(fact.key, None)
    for kind, waiting in (("pause", paused), ("proposal", proposed)):
        yield from (f"{kind} of {key} should have ended at {end}" for key, end in waiting.items() if datetime.fromisoformat(end) < before)


# --- the business ---------------------------------------------------------------------------------------------------


def replicas_equal_their_source(evidence: Evidence) -> Iterator[str]:
    """I8: every replica of a card is the newest one that profile told of."""
    newest: dict[str, Fact] = {}
    for fact in facts_of(evidence.servers, "profile"):
        if fact.name == "card.updated":
            newest[fact.key] = fact
    for service in ("matching", "scheduling"):
        cards = {row["_id"]: row for row in evidence.servers.databases[service].documents("cards")}
        for key, fact in newest.items():
            if key not in cards or cards[key].get("sequence", fact.version) != fact.version:
                yield f"{service}: card of {key} is {cards.get(key, {}).get('sequence')}, told was {fact.version}"


def active_pairings_are_signed_by_all(evidence: Evidence) -> Iterator[str]:
    """N8: nobody's pairing becomes active without the signature of every member, under one digest."""
    signed: dict[str, dict[str, str]] = {}
    for fact in facts_of(evidence.servers, "matching"):
        if fact.name == "pairing.charter-signed":
            signed.setdefault(fact.key, {})[fact.data["member_id"]] = fact.data["charter_digest"]
        elif fact.name == "pairing.activated":
            have = signed.get(fact.key, {})
            if sorted(have) != sorted(fact.data["members"]) or len(set(have.values())) != 1:
                yield f"{fact.key} is active with signatures of {sorted(have)}"


def nobody_is_over_capacity(evidence: Evidence) -> Iterator[str]:
    """C: in the order of commits nobody has more pairings they said yes to than seats."""
    seats: dict[str, int] = {}
    for fact in facts_of(evidence.servers, "profile"):
        if fact.name == "member.enrolled":
            seats[fact.data["member_id"]] = max(fact.data["capacity"], seats.get(fact.data["member_id"], 0))
    taken: dict[str, dict[str, None]] = {}
    for fact in facts_of(evidence.servers, "matching"):
        if fact.name == "pairing.accepted":
            mine = taken.setdefault(fact.data["member_id"], {})
            mine[fact.key] = None
            if len(mine) > seats.get(fact.data["member_id"], 0):
                yield f"{fact.data['member_id']} has {len(mine)} pairings on {seats.get(fact.data['member_id'])} seats"
        elif fact.name in ENDED:
            for mine in taken.values():
                mine.pop(fact.key, None)


def leavers_have_no_open_pairing(evidence: Evidence) -> Iterator[str]:
    """N3: a leaver's pairings end."""
    left = {fact.key for fact in facts_of(evidence.servers, "profile") if fact.name == "member.left"}
    open_: dict[str, list[str]] = {}
    for fact in facts_of(evidence.servers, "matching"):
        if fact.name == "pairing.proposed":
            open_[fact.key] = fact.data["members"]
        elif fact.name in ENDED:
            open_.pop(fact.key, None)
    yield from (f"{key} is open with a leaver" for key, members in open_.items() if left & set(members))


def schedules_follow_pairings(evidence: Evidence) -> Iterator[str]:
    """I8: there is a schedule for each activated pairing, open as long as the pairing is."""
    schedules = {row["_id"]: row for row in evidence.servers.databases["scheduling"].documents("schedules")}
    open_: dict[str, bool] = {}
    for fact in facts_of(evidence.servers, "matching"):
        if fact.name == "pairing.activated":
            open_[fact.key] = True
        elif fact.name == "pairing.closed" and fact.key in open_:
            open_[fact.key] = False
    for key, is_open in open_.items():
        if key not in schedules:
            yield f"no schedule of {key}"
        elif schedules[key]["ix"]["closed"] is is_open:
            yield f"schedule of {key} is {'closed' if is_open else 'open'}, the pairing is not"


def nobody_is_booked_twice(evidence: Evidence) -> Iterator[str]:
    """C: in the order of commits no member has two sessions that overlap."""
    booked: dict[str, tuple[list[str], str, str]] = {}
    for fact in facts_of(evidence.servers, "scheduling"):
        data = fact.data
        if fact.name in {"session.booked", "session.rescheduled"}:
            for other, (members, begins, ends) in booked.items():
                if (
                    other != data["session_id"]
                    and set(members) & set(data["members"])
                    and begins < data["ends_at"]
                    and data["starts_at"] < ends
                ):
                    yield f"{other} and {data['session_id']} overlap"
            booked[data["session_id"]] = (data["members"], data["starts_at"], data["ends_at"])
        elif fact.name in {"session.cancelled", "session.held", "session.missed"}:
            booked.pop(data["session_id"], None)


def sessions_are_counted_once(evidence: Evidence) -> Iterator[str]:
    """N19, effects once: matching counts each held and missed session exactly once."""
    told = {
        name: Counter(fact.key for fact in facts_of(evidence.servers, "scheduling") if fact.name == f"session.{name}")
        for name in ("held", "missed")
    }
    health = {row["_id"]: row for row in evidence.servers.databases["matching"].documents("pairing_health")}
    for name, counts in told.items():
        for key, times in counts.items():
            if health.get(key, {}).get(name) != times:
                yield f"{key}: {times} sessions {name}, counted {health.get(key, {}).get(name)}"


def a_command_takes_effect_once(evidence: Evidence) -> Iterator[str]:
    """I10: each proposal that a member made became one pairing, and nothing else became one."""
    made = Counter(
        dict(fact.headers)["ce_correlationid"].decode()
        for fact in facts_of(evidence.servers, "matching")
        if fact.name == "pairing.proposed" and fact.data["initiator_id"]
    )
    for command in evidence.company.commands:
        if command.name == "propose" and command.status is not None and (command.status == 201) != (made[command.key] == 1):
            yield f"{command.key} was answered {command.status} and made {made[command.key]} pairings"
    yield from (f"{key} made {times} pairings" for key, times in made.items() if times > 1)


def mails_are_sent_once(evidence: Evidence) -> Iterator[str]:
    """N2: a delivery marked as sent was sent, and under one Message-ID; two ids never stand for one delivery."""
    sent = [row for row in evidence.servers.databases["notification"].documents("deliveries") if row["state"] == "sent"]
    ids = Counter(message for _, message in evidence.servers.mail.taken)
    if len(ids) < len(sent):
        yield f"{len(sent)} deliveries are marked as sent, {len(ids)} mails arrived"
    failed = [row for row in evidence.servers.databases["notification"].documents("deliveries") if row["state"] == "failed"]
    yield from (f"delivery {row['_id']} {row['kind']} failed" for row in failed)


def nothing_strange_was_answered(evidence: Evidence) -> Iterator[str]:
    """No caller meets a fault of ours, or a refusal that their request did not deserve."""
    yield from evidence.company.strange


def nothing_was_logged_as_an_error(evidence: Evidence) -> Iterator[str]:
    """No bug was survived: that is still a bug."""
    yield from (f"{line['at']} {line.get('event')} {line.get('part', '')} {line['fault']!r}" for line in evidence.written)
    yield from (str(trouble.get("message")) for trouble in evidence.troubles)


RULES: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    every_fact_is_on_its_topic_as_committed,
    first_copies_ascend_per_key,
    versions_have_no_gap,
    no_version_is_told_twice,
    facts_come_with_their_state,
    no_change_is_lost,
    each_event_is_marked_once_with_its_effect,
    one_incarnation_sends_an_event_once,
    nothing_is_dead_or_stuck,
    due_timers_have_fired,
    what_was_to_end_has_ended,
    replicas_equal_their_source,
    active_pairings_are_signed_by_all,
    nobody_is_over_capacity,
    leavers_have_no_open_pairing,
    schedules_follow_pairings,
    nobody_is_booked_twice,
    sessions_are_counted_once,
    a_command_takes_effect_once,
    mails_are_sent_once,
    nothing_strange_was_answered,
    nothing_was_logged_as_an_error,
)
