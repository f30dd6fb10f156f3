"""Planted breaks: each replaces one function of the path by a wrong one, for one run. The oracle must find every one of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from services.matching.application import follow_member
from services.matching.domain.place import Place
from services.scheduling.adapters.repositories import MongoDiaries
from shared.http.commands import CommandRunner, cause_of
from shared.messaging.consuming import Consumer
from shared.messaging.failures import AWAY
from shared.messaging.inbox import Inbox
from shared.messaging.outbox import COLLECTION as OUTBOX
from shared.messaging.outbox import _Rows
from shared.messaging.relay import Relay
from shared.persistence.database import Document, Transaction
from shared.timers.runner import TimerRunner
from shared.timers.timers import COLLECTION as TIMERS
from shared.timers.timers import due_of
from tests.simulation.broker import SimulatedLink
from tests.simulation.faults import Fault


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
    lasts: float = 22.0

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


async def _mark_nothing(self: Inbox, event_ids: Any) -> list[str]:
    """Take every event for new."""
    return list(dict.fromkeys(event_ids))


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
    ids = [row["_id"] for row in rows]
    await self._database.collection(OUTBOX).delete_many({"_id": {"$in": ids}})
    answers = await self._sender.send(rows)
    return ids, next((each for each in answers if each), None)


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


async def _let_leavers_stay(command: Any, uow: Any) -> None:
    """Do nothing when somebody leaves."""


async def _reserve_nothing(self: MongoDiaries, pairing_id: str, member_ids: Any, sessions: Any) -> None:
    """Book without reserving the members' time."""


def _hold_anyway(self: Place, pairing_id: str) -> None:
    """Take a seat that is not free."""
    self.holds = (*self.holds, pairing_id)


LOST_ANSWERS = tuple(
    Fault("reply-lost", f"{process}", point, nth)
    for process, point in (("matching-1", "commit:command"), ("matching-2", "commit:command"), ("scheduling-1", "commit:batch"))
    for nth in (2, 5, 9)
)
CRASHES = tuple(
    Fault("crash-after", process, point, nth)
    for process, point, nth in (
        ("matching-1", "upsert:inbox", 3),
        ("scheduling-1", "upsert:inbox", 4),
        ("matching-2", "upsert:inbox", 6),
        ("scheduling-1", "poll", 9),
        ("notification-1", "upsert:inbox", 5),
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
    Fault("crash-before", process, "commit:timer", nth) for process in ("profile-1", "matching-1", "matching-2") for nth in (1, 2, 3)
)

MUTATIONS = (
    Mutation("inbox-outside-the-transaction", "each-event-is-marked-once-with-its-effect", Inbox, "mark", _mark_outside),
    Mutation("no-inbox", "each-event-is-marked-once-with-its-effect", Inbox, "mark", _mark_nothing),
    Mutation("outbox-outside-the-transaction", "facts-come-with-their-state", _Rows, "_write", _write_outside),
    Mutation("facts-lost-in-the-outbox", "versions-have-no-gap", _Rows, "_write", _write_last_only),
    Mutation("one-key-sent-in-parallel", "first-copies-ascend-per-key", Relay, "_send", _send_at_once),
    Mutation("deleted-before-acknowledged", "every-fact-is-on-its-topic-as-committed", Relay, "_send", _forget_first, STOPPED_SENDS),
    Mutation("sent-rows-not-deleted", "one-incarnation-sends-an-event-once", Relay, "_forget", _forget_nothing_sent, lasts=8.0),
    Mutation("no-idempotency-key", "a-command-takes-effect-once", CommandRunner, "run", _run_without_key, LOST_ANSWERS),
    Mutation("gives-up-and-goes-on", "replicas-equal-their-source", Consumer, "_until_done", _give_up, LONG_AWAY, lasts=36.0),
    Mutation("timer-deleted-before-its-work", "what-was-to-end-has-ended", TimerRunner, "_fire", _fire_after_deleting, CUT_TIMERS),
    Mutation("leavers-stay", "leavers-have-no-open-pairing", follow_member, "follow_leaver", _let_leavers_stay),
    Mutation("time-not-reserved", "nobody-is-booked-twice", MongoDiaries, "take", _reserve_nothing),
    Mutation("seats-not-counted", "nobody-is-over-capacity", Place, "hold", _hold_anyway),
    Mutation("offsets-before-work", "each-event-is-marked-once-with-its-effect", SimulatedLink, "offsets_first", True, CRASHES),
)
