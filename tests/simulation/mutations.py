"""Planted breaks of the message path: each replaces one function by a wrong one, for one run. The oracle must find every one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from shared.http.commands import CommandRunner, cause_of
from shared.kernel.aggregate import Aggregate
from shared.messaging import consuming
from shared.messaging.consuming import Consumer
from shared.messaging.failures import AWAY, Trouble
from shared.messaging.inbox import Inbox
from shared.messaging.lanes import Lanes
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.messaging.outbox import _Rows
from shared.messaging.parked import ParkedWorker
from shared.messaging.relay import Relay
from shared.persistence.database import Document, Transaction
from shared.persistence.leases import Lease
from shared.timers.runner import TimerRunner
from shared.timers.timers import COLLECTION as TIMERS
from shared.timers.timers import due_of
from tests.simulation.broker import SimulatedLink
from tests.simulation.faults import Fault
from tests.support.memory.database import MemorySession


@dataclass(frozen=True, slots=True)
class Mutation:
    """One break: its name, the rule that finds it, and what is replaced where."""

    name: str
    rule: str
    owner: Any
    attribute: str
    wrong: Any
    faults: tuple[Fault, ...] = ()
    """Faults that the break needs to show."""
    lasts: float = 16.0
    seed: int = 1
    """Where to begin: a seed whose company does what the break is about."""

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Have it in place."""
        with patch.object(self.owner, self.attribute, self.wrong):
            yield


async def _mark_outside(self: Inbox, event_ids: Any) -> list[str]:
    """Mark events in a plain call: the mark stays when the effect is rolled back."""
    now, prefix = self._tx.wall.now(), f"{self._group}:"
    rows = [{"_id": f"{prefix}{each}", "at": now, "expires_at": now + self._keep} for each in dict.fromkeys(event_ids)]
    new = await self._tx.database.collection("inbox").upsert_missing(rows)
    return [each[len(prefix) :] for each in new]


async def _mark_again(self: Inbox, event_ids: Any) -> list[str]:
    """Take every event for new, however often it comes."""
    now, ids = self._tx.wall.now(), list(dict.fromkeys(event_ids))
    for each in ids:
        row = {"_id": f"{self._group}:{each}", "at": now, "expires_at": now + self._keep}
        await self._tx.collection("inbox").replace_one({"_id": row["_id"]}, row, upsert=True)
    return ids


async def _write_outside(self: Any) -> None:
    """Write facts in a plain call before the commit: they are told even when nothing happens."""
    await self._tx.database.collection(OUTBOX).insert_many(self._rows)


async def _write_last_only(self: Any) -> None:
    """Lose all facts of a change but the last."""
    await self._tx.collection(OUTBOX).insert_many(self._rows[-1:])


async def _send_at_once(self: Relay, rows: list[Document]) -> tuple[list[str], Any]:
    """Have all records of a key in flight at the same time."""
    answers = await self._sender.send(rows)
    return [row["_id"] for row, fault in zip(rows, answers, strict=True) if fault is None], next((each for each in answers if each), None)


async def _forget_first(self: Relay, rows: list[Document]) -> tuple[list[str], Any]:
    """Delete rows before the broker has them."""
    await self._database.collection(OUTBOX).delete_many({"_id": {"$in": [row["_id"] for row in rows]}})
    return await _SEND(self, rows)


async def _forget_nothing_sent(self: Relay) -> None:
    """Forget what was sent without deleting it: the same incarnation sends it again and again."""
    self._sent.clear()


async def _run_without_key(self: CommandRunner[Any], request: Any, principal: Any, name: str, work: Any, **_: Any) -> Any:
    """Carry a command out however often it comes."""
    cause = cause_of(request)

    async def once(tx: Transaction) -> Any:
        return await work(self._bind(tx, cause))

    return await self._database.transact(f"command.{name}", once)


async def _give_up(self: Consumer[Any], topic: Any, items: list[Any]) -> Sequence[Any]:
    """Go on with the next batch when this one cannot be done now."""
    try:
        return await self._batch(topic, items)
    except AWAY:
        return []


async def _fire_after_deleting(self: TimerRunner[Any], tx: Transaction, row: Document) -> None:
    """Delete a timer before its work is committed."""
    due = due_of(row)
    await self._database.collection(TIMERS).delete_many({"_id": due.id})
    await self._handlers[due.kind](due, self._bind(tx, due.cause))


async def _send_under_new_ids(self: Relay, rows: list[Document]) -> tuple[list[str], Any]:
    """Give each record an id of its own when it is sent."""
    renamed = [row | {"headers": [[name, b"new" if name == "ce_id" else value] for name, value in row["headers"]]} for row in rows]
    return await _SEND(self, renamed)


async def _send_nothing(self: Relay, **_: Any) -> bool:
    """Let the outbox be."""
    return False


def _record_uncounted(self: Aggregate, event: Any) -> None:
    """Give every fact the same version."""
    self.version = 1
    self._recorded.append((1, event))


def _write_over(self: MemorySession, place: Any, document: Any) -> None:
    """Write whatever others wrote since: what a database without snapshots would do."""
    self.writes[place] = document


def _told_as_refusal(fault: Exception) -> Trouble:
    """Take what cannot be done yet for what can never be done."""
    return Trouble(getattr(fault, "code", "bug"))


async def _die(self: ParkedWorker[Any]) -> int:
    """Have a bug."""
    raise ZeroDivisionError


async def _hold_for_ever(self: Lanes, name: str) -> bool:
    """Keep a key held though its dead letter is closed."""
    return False


async def _fire_nothing(self: TimerRunner[Any]) -> float:
    """Let every timer wait."""
    return 1.0


_SEND = Relay._send
LOST_ANSWERS = tuple(
    Fault("reply-lost", process, "http", at=at) for process in ("matching-1", "matching-2") for at in (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)
)
CRASHES = tuple(
    Fault("crash-after", process, point, nth)
    for process, point, nth in (
        ("matching-1", "insert:inbox", 3),
        ("scheduling-1", "insert:inbox", 4),
        ("matching-2", "insert:inbox", 6),
        ("scheduling-1", "poll", 9),
        ("notification-1", "insert:inbox", 5),
    )
)
REDELIVERED = tuple(
    Fault("crash-before", process, "offsets", nth)
    for process, nth in (("matching-1", 2), ("matching-2", 3), ("scheduling-1", 2), ("scheduling-1", 5), ("notification-1", 3))
)
STOPPED_SENDS = tuple(
    Fault("crash-before", process, "append", nth) for process in ("profile-1", "matching-1", "scheduling-1") for nth in (3, 8)
)
LONG_AWAY = tuple(Fault("away", f"database:{name}", at=8.0, amount=26.0) for name in ("matching", "scheduling"))
CUT_TIMERS = tuple(
    Fault("crash-before", process, "commit:timer", at=at)
    for process in ("profile-1", "profile-2", "matching-1", "matching-2")
    for at in (0.0, 2.0, 4.0, 6.0, 8.0)
)
POISON = tuple(Fault("poison", service, at=at, amount=kind) for service, at, kind in (("matching", 4.0, 1), ("notification", 5.0, 0)))
NOT_YET = tuple(Fault("not-yet", service, at=1.0, amount=5.0) for service in ("matching", "scheduling", "notification"))

PATH = (
    Mutation("ids-made-when-sent", "nothing-on-a-topic-was-not-committed", Relay, "_send", _send_under_new_ids),
    Mutation("relay-asleep", "comes-to-rest", Relay, "run_once", _send_nothing, lasts=8.0),
    Mutation("one-key-sent-in-parallel", "first-copies-ascend-per-key", Relay, "_send", _send_at_once),
    Mutation("facts-lost-in-the-outbox", "versions-have-no-gap", _Rows, "_write", _write_last_only),
    Mutation("versions-not-counted", "no-version-is-told-twice", Aggregate, "record", _record_uncounted),
    Mutation("outbox-outside-the-transaction", "facts-come-with-their-state", _Rows, "_write", _write_outside),
    Mutation("conflicts-not-noticed", "no-change-is-lost", MemorySession, "write", _write_over),
    Mutation("inbox-outside-the-transaction", "each-event-is-marked-once-with-its-effect", Inbox, "mark", _mark_outside),
    Mutation("every-event-is-new", "each-event-is-marked-once-with-its-effect", Inbox, "mark", _mark_again, REDELIVERED),
    Mutation("sent-rows-not-deleted", "one-incarnation-sends-an-event-once", Relay, "_forget", _forget_nothing_sent),
    Mutation("relay-without-fencing", "senders-hold-the-lease", Lease, "held", property(lambda _: True)),
    Mutation("leases-stolen", "a-lease-is-taken-after-its-end", Lease, "_is_my_former_self", lambda *_: True),
    Mutation("not-yet-taken-for-never", "nothing-dies-that-was-not-poison", consuming, "trouble_of", _told_as_refusal, NOT_YET),
    Mutation("a-part-that-dies", "nothing-was-logged-as-an-error", ParkedWorker, "run_due", _die),
    Mutation("deleted-before-acknowledged", "every-fact-is-on-its-topic", Relay, "_send", _forget_first, STOPPED_SENDS),
    Mutation("offsets-before-work", "every-event-was-dealt-with", SimulatedLink, "offsets_first", True, CRASHES, lasts=22.0),
    Mutation("gives-up-and-goes-on", "every-event-was-dealt-with", Consumer, "_until_done", _give_up, LONG_AWAY, lasts=36.0),
    Mutation("keys-held-for-ever", "all-poison-was-buried-and-nothing-is-held", Lanes, "release", _hold_for_ever, POISON),
    Mutation("timers-asleep", "due-timers-have-fired", TimerRunner, "run_due", _fire_nothing, lasts=34.0),
    Mutation("no-idempotency-key", "a-command-takes-effect-once", CommandRunner, "run", _run_without_key, LOST_ANSWERS, lasts=22.0),
    Mutation(
        "timer-deleted-before-its-work", "what-was-to-end-has-ended", TimerRunner, "_fire", _fire_after_deleting, CUT_TIMERS, lasts=34.0
    ),
)
