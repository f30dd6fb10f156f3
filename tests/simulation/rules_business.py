"""Rules of the business: replicas, charters, seats, sessions, mails, people who leave or are erased."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.simulation.facts import Fact
from tests.simulation.oracle import Evidence, Rule, deadline
from tests.simulation.rules_path import TIMER_SLACK_SECONDS
from tests.simulation.troubles import NONSENSE

CREATED = 201
ENDED = ("pairing.declined", "pairing.expired", "pairing.closed")


# --- at every checkpoint --------------------------------------------------------------------------------------------


def active_pairings_are_signed_by_all(evidence: Evidence) -> Iterator[str]:
    """N8: nobody's pairing becomes active without the signature of every member, under one digest."""
    signed: dict[str, dict[str, str]] = {}
    for fact in evidence.ledger.by_service["matching"]:
        if fact.name == "pairing.charter-signed":
            signed.setdefault(fact.key, {})[fact.data["member_id"]] = fact.data["charter_digest"]
        elif fact.name == "pairing.activated":
            have = signed.get(fact.key, {})
            if sorted(have) != sorted(fact.data["members"]) or len(set(have.values())) != 1:
                yield f"{fact.key} is active with signatures of {sorted(have)}"


def nobody_is_over_capacity(evidence: Evidence) -> Iterator[str]:
    """C: in the order of commits nobody has more pairings they said yes to than seats."""
    seats: dict[str, int] = {}
    for fact in evidence.ledger.by_service["profile"]:
        if fact.name == "member.enrolled":
            seats[fact.data["member_id"]] = max(fact.data["capacity"], seats.get(fact.data["member_id"], 0))
    taken: dict[str, dict[str, None]] = {}
    for fact in evidence.ledger.by_service["matching"]:
        if fact.name == "pairing.accepted":
            mine = taken.setdefault(fact.data["member_id"], {})
            mine[fact.key] = None
            if len(mine) > seats.get(fact.data["member_id"], 0):
                yield f"{fact.data['member_id']} has {len(mine)} pairings on {seats.get(fact.data['member_id'])} seats"
        elif fact.name in ENDED:
            for mine in taken.values():
                mine.pop(fact.key, None)


def nobody_is_booked_twice(evidence: Evidence) -> Iterator[str]:
    """C: in the order of commits no member has two sessions that overlap."""
    booked: dict[str, tuple[list[str], str, str]] = {}
    for fact in evidence.ledger.by_service["scheduling"]:
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


def nothing_strange_was_answered(evidence: Evidence) -> Iterator[str]:
    """No caller meets a fault of ours, or a refusal that their request did not deserve."""
    yield from evidence.company.strange


def nobody_is_paired_with_whom_they_barred(evidence: Evidence) -> Iterator[str]:
    """R5, C: in the order of commits no pairing begins between two who are never to be paired."""
    barred: dict[tuple[str, ...], int] = {}
    for entry in evidence.servers.databases["matching"].log:
        for (name, _), row in entry.writes.items():
            if name == "ties" and row is not None:
                members = tuple(sorted(row["body"]["members"]))
                if row["body"]["barred_by"]:
                    barred.setdefault(members, entry.number)
                else:
                    barred.pop(members, None)
    for fact in evidence.ledger.named("matching", "pairing.proposed"):
        if fact.commit > barred.get(tuple(sorted(fact.data["members"])), fact.commit):
            yield f"{fact.key} pairs {fact.data['members']}, who are barred"


def a_command_takes_effect_once(evidence: Evidence) -> Iterator[str]:
    """I10: each proposal that a member made became one pairing, each that was refused none, and nothing else became one."""
    made = Counter(fact.correlation_id for fact in evidence.ledger.named("matching", "pairing.proposed") if fact.data["initiator_id"])
    for command in evidence.company.commands:
        if command.name == "propose" and command.status is not None and made[command.key] != (command.status == CREATED):
            yield f"{command.key} was answered {command.status} and made {made[command.key]} pairings"
    yield from (f"{key} made {times} pairings" for key, times in made.items() if times > 1)


def mails_are_of_one_delivery_each(evidence: Evidence) -> Iterator[str]:
    """N2: every mail that arrived is of a delivery that was committed, under its own Message-ID, to its recipient."""
    log = evidence.servers.databases["notification"].log
    committed = {each for entry in log for name, each in entry.writes if name == "deliveries"}
    for _, message in evidence.servers.mail.taken:
        if message.strip("<").partition("@")[0] not in committed:
            yield f"mail {message} is of no delivery"


# --- at rest --------------------------------------------------------------------------------------------------------


def what_was_to_end_has_ended(evidence: Evidence) -> Iterator[str]:
    """Durable timers: no pause and no proposal outlives its date by long."""
    before = evidence.servers.world.business_now() - timedelta(seconds=TIMER_SLACK_SECONDS * evidence.servers.world.rate)
    paused: dict[str, str] = {}
    for fact in evidence.ledger.by_service["profile"]:
        if fact.name == "member.paused":
            paused[fact.key] = fact.data["until"]
        elif fact.name in {"member.resumed", "member.left"}:
            paused.pop(fact.key, None)
    proposed: dict[str, str] = {}
    for fact in evidence.ledger.by_service["matching"]:
        if fact.name == "pairing.proposed":
            proposed[fact.key] = fact.data["expires_at"]
        elif fact.name in {"pairing.formed", *ENDED}:
            proposed.pop(fact.key, None)
    for kind, waiting in (("pause", paused), ("proposal", proposed)):
        yield from (f"{kind} of {key} should have ended at {end}" for key, end in waiting.items() if datetime.fromisoformat(end) < before)


def leavers_have_no_open_pairing(evidence: Evidence) -> Iterator[str]:
    """N3: a leaver's pairings end."""
    left = {fact.key for fact in evidence.ledger.by_service["profile"] if fact.name == "member.left"}
    open_: dict[str, list[str]] = {}
    for fact in evidence.ledger.by_service["matching"]:
        if fact.name == "pairing.proposed":
            open_[fact.key] = fact.data["members"]
        elif fact.name in ENDED:
            open_.pop(fact.key, None)
    yield from (f"{key} is open with a leaver" for key, members in open_.items() if left & set(members))


def schedules_follow_pairings(evidence: Evidence) -> Iterator[str]:
    """I8: there is a schedule for each activated pairing, open as long as the pairing is."""
    schedules = {row["_id"]: row for row in evidence.servers.databases["scheduling"].documents("schedules")}
    open_: dict[str, bool] = {}
    for fact in evidence.ledger.by_service["matching"]:
        if fact.name == "pairing.activated":
            open_[fact.key] = True
        elif fact.name == "pairing.closed" and fact.key in open_:
            open_[fact.key] = False
    for key, is_open in open_.items():
        if key not in schedules:
            yield f"no schedule of {key}"
        elif schedules[key]["ix"]["closed"] is is_open:
            yield f"schedule of {key} is {'closed' if is_open else 'open'}, the pairing is not"


def sessions_are_counted_once(evidence: Evidence) -> Iterator[str]:
    """N19, effects once: matching counts each held and missed session exactly once."""
    told = {
        name: Counter(fact.key for fact in evidence.ledger.by_service["scheduling"] if fact.name == f"session.{name}")
        for name in ("held", "missed")
    }
    health = {row["_id"]: row for row in evidence.servers.databases["matching"].documents("pairing_health")}
    for name, counts in told.items():
        for key, times in counts.items():
            if health.get(key, {}).get(name) != times:
                yield f"{key}: {times} sessions {name}, counted {health.get(key, {}).get(name)}"


def replicas_equal_their_source(evidence: Evidence) -> Iterator[str]:
    """I8: every replica of a card and of a contact is the newest one that profile told of, and gone when it is erased."""
    newest: dict[tuple[str, str], Fact] = {}
    for fact in evidence.ledger.by_service["profile"]:
        if fact.topic in {"tandem-profile-card", "tandem-profile-contact"}:
            newest[fact.topic, fact.key] = fact
    for (topic, key), fact in newest.items():
        if fact.at >= deadline(evidence.servers):
            continue  # it may still be under way
        if topic == "tandem-profile-contact":
            yield from _contact_differs(evidence, key, fact)
            continue
        for service in ("matching", "scheduling"):
            cards = {row["_id"]: row["sequence"] for row in evidence.servers.databases[service].documents("cards")}
            known = cards.get(key) or None  # 0 stands where a card was looked for before it came, or after it was gone
            told = fact.version if fact.value is not None else None
            if known != told:
                yield f"{service}: card of {key} is {known}, told was {told}"


def _contact_differs(evidence: Evidence, key: str, fact: Fact) -> Iterator[str]:
    rows = {row["_id"]: row["body"] for row in evidence.servers.databases["notification"].documents("recipients")}
    known = (rows.get(key) or {}).get("contact") or {}
    told = fact.data if fact.value is not None else {}
    if known.get("email") != told.get("email"):
        yield f"notification: the contact of {key} is not the one that was told"


def mails_are_sent_once(evidence: Evidence) -> Iterator[str]:
    """N2: a delivery marked as sent was sent, one that failed was refused, and each became one fact."""
    taken = {message.strip("<").partition("@")[0] for _, message in evidence.servers.mail.taken}
    refused = {message.strip("<").partition("@")[0] for message in evidence.servers.mail.refused}
    for row in evidence.servers.databases["notification"].documents("deliveries"):
        if row["state"] == "sent" and row["_id"] not in taken:
            yield f"delivery {row['_id']} {row['kind']} is marked as sent and never arrived"
        if row["state"] == "failed" and row["_id"] not in refused:
            yield f"delivery {row['_id']} {row['kind']} failed, and nobody refused it"
    told = Counter(fact.data["delivery_id"] for fact in evidence.ledger.named("notification", "delivery.sent"))
    yield from (f"delivery {each} was told as sent {times} times" for each, times in told.items() if times > 1)


def the_erased_are_gone(evidence: Evidence) -> Iterator[str]:
    """N18: after an erasure the last word about a member on each state topic is a tombstone, and no service keeps a name."""
    for fact in evidence.ledger.named("profile", "member.erased"):
        for topic in ("tandem-profile-card", "tandem-profile-contact"):
            records = [record for record in evidence.servers.broker.appended if (record.topic, record.key) == (topic, fact.key.encode())]
            told = [record for record in records if record.value != NONSENSE]
            if told and told[-1].value is not None:
                yield f"{topic} still holds {fact.key}"


ALWAYS: tuple[Rule, ...] = (
    active_pairings_are_signed_by_all,
    nobody_is_over_capacity,
    nobody_is_booked_twice,
    nobody_is_paired_with_whom_they_barred,
    a_command_takes_effect_once,
    mails_are_of_one_delivery_each,
    nothing_strange_was_answered,
)
AT_REST: tuple[Rule, ...] = (
    what_was_to_end_has_ended,
    leavers_have_no_open_pairing,
    schedules_follow_pairings,
    sessions_are_counted_once,
    replicas_equal_their_source,
    mails_are_sent_once,
    the_erased_are_gone,
)
