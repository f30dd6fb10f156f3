"""What an operator may do with dead letters: list, show, read, redrive, discard. Data only as its contract allows (N2, N9)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from shared.contracts.catalogue import BY_TYPE
from shared.contracts.redaction import redacted
from shared.kernel.errors import NotFound, Refusal
from shared.messaging.burial import COLLECTION, OPEN
from shared.messaging.consuming import Consumer
from shared.messaging.decoding import Message
from shared.messaging.failures import AWAY, trouble_of
from shared.messaging.lanes import PARKED, Lanes
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.database import Document, Transaction

U = TypeVar("U")
SHOWN = ("state", "topic", "partition", "offset", "timestamp", "type", "code", "attempts", "first_at", "last_at", "correlation_id", "audit")
WITHOUT_PAYLOAD = {"value": 0, "headers": 0}


class DeadLetterClosed(Refusal):
    """The dead letter was redriven or discarded already."""

    code: ClassVar[str] = "dead-letter-closed"
    title: ClassVar[str] = "This dead letter is closed already."


class ReasonMissing(Refusal):
    """A dead letter is given up for a reason, and the reason is kept."""

    code: ClassVar[str] = "reason-missing"
    status: ClassVar[int] = 422
    title: ClassVar[str] = "Say why it is discarded."


class NobodyHandlesIt(Refusal):
    """No route of this service takes events of this type any more."""

    code: ClassVar[str] = "no-route"
    title: ClassVar[str] = "Nothing here handles this event any more; discard it."


class DeadLetters(Generic[U]):
    """The dead letters of one service. Each step is audited in the letter's row: who, when, what came of it."""

    def __init__(self, consumer: Consumer[U]) -> None:
        """Redrive by the same handlers as the consumer."""
        self._consumer = consumer
        self._database = consumer.database
        self._log = get_log()

    async def list(self, *, state: str = OPEN, code: str | None = None, limit: int = 100) -> list[dict[str, Any]]:
        """Return dead letters of a state (open, redriven, discarded) and a cause, oldest first, with what each one holds up."""
        wanted = {"state": state} if code is None else {"state": state, "code": code}
        rows = self._database.collection(COLLECTION)
        found = await rows.find(wanted, sort=[("last_at", 1)], limit=limit, projection=WITHOUT_PAYLOAD)
        behind = await self._held([row["lane"] for row in found if row["state"] == OPEN])
        return [_shown(row) | {"held": behind.get(row["lane"], 0)} for row in found]

    async def show(self, event_id: str) -> dict[str, Any]:
        """Return one dead letter with the names of its headers, its size, and how many events of its key wait behind it."""
        row = await self._row(event_id)
        size = None if row["value"] is None else len(row["value"])
        behind = await self._held([row["lane"]]) if row["state"] == OPEN else {}
        return _shown(row) | {"headers": [name for name, _ in row["headers"]], "size": size, "held": behind.get(row["lane"], 0)}

    async def read(self, event_id: str, *, by: str) -> dict[str, Any] | None:
        """N9: return the data as far as its contract calls it ids, codes, times and numbers; that somebody read it is audited.

        None when it cannot be read, or no contract says what its fields mean.
        """
        row = await self._row(event_id)
        entry = _entry(self._database.wall.now(), by, "read", "shown")
        await self._database.collection(COLLECTION).update_one({"_id": event_id}, {"$push": {"audit": entry}})
        self._log.info(log_events.DEAD_LETTER_READ, event_id=event_id, principal=by)
        contract = BY_TYPE.get(row["type"])
        return None if contract is None else redacted(contract, row["value"])

    async def _row(self, event_id: str) -> Document:
        row = await self._database.collection(COLLECTION).find_one({"_id": event_id})
        if row is None:
            raise NotFound(id=event_id)
        return row

    async def _held(self, lanes: Sequence[str]) -> dict[str, int]:
        if not lanes:
            return {}
        groups: list[Mapping[str, Any]] = [
            {"$match": {"lane": {"$in": list(dict.fromkeys(lanes))}}},
            {"$group": {"_id": "$lane", "held": {"$sum": 1}}},
        ]
        return {row["_id"]: row["held"] for row in await self._database.collection(PARKED).aggregate(groups)}

    async def redrive(self, event_id: str, *, by: str) -> dict[str, str | None]:
        """Run the event's handler again; on success its lane goes on. Return the outcome and, when it failed, its code."""
        try:
            await self._database.transact("dead-letter.redrive", lambda tx: self._run_again(tx, event_id, by))
        except (*AWAY, NotFound, DeadLetterClosed, NobodyHandlesIt):
            raise
        except Exception as fault:  # noqa: BLE001 - the handler failed once more: the letter stays open
            code = trouble_of(fault).code
            await self._database.transact("dead-letter.failed", lambda tx: self._failed_again(tx, event_id, by, code))
            outcome: dict[str, str | None] = {"outcome": "failed", "code": code}
        else:
            self._consumer.parked_bell.ring()
            outcome = {"outcome": "redriven", "code": None}
        self._log.info(log_events.DEAD_LETTER_REDRIVEN, event_id=event_id, principal=by, **outcome)
        return outcome

    async def discard(self, event_id: str, *, by: str, reason: str) -> None:
        """Give a dead letter up: its payload goes, its row and the reason stay, its lane goes on."""
        if not reason.strip():
            raise ReasonMissing
        await self._database.transact("dead-letter.discard", lambda tx: self._give_up(tx, event_id, by, reason))
        self._consumer.parked_bell.ring()
        self._log.info(log_events.DEAD_LETTER_DISCARDED, event_id=event_id, principal=by)

    async def _run_again(self, tx: Transaction, event_id: str, by: str) -> None:
        row = await _open_row(tx, event_id)
        item = self._consumer.decode(Message.from_row(row))
        if item is None:
            raise NobodyHandlesIt(id=event_id)
        await self._consumer.applier.execute(tx, item)
        self._consumer.applier.tell_applied(tx, [item])
        change = {"state": "redriven", "last_at": tx.wall.now(), "attempts": row["attempts"] + 1}
        await _close(tx, row, change, _entry(tx.wall.now(), by, "redrive", "redriven"))

    async def _failed_again(self, tx: Transaction, event_id: str, by: str, code: str) -> None:
        row = await _open_row(tx, event_id)
        change = {"code": code, "attempts": row["attempts"] + 1, "last_at": tx.wall.now()}
        update = {"$set": change, "$push": {"audit": _entry(tx.wall.now(), by, "redrive", code)}}
        await tx.collection(COLLECTION).update_one({"_id": event_id}, update)

    async def _give_up(self, tx: Transaction, event_id: str, by: str, reason: str) -> None:
        row = await _open_row(tx, event_id)
        change = {"state": "discarded", "last_at": tx.wall.now(), "value": None, "headers": []}
        await _close(tx, row, change, _entry(tx.wall.now(), by, "discard", "discarded") | {"reason": reason.strip()})


async def _open_row(tx: Transaction, event_id: str) -> Document:
    row = await tx.collection(COLLECTION).find_one({"_id": event_id})
    if row is None:
        raise NotFound(id=event_id)
    if row["state"] != OPEN:
        raise DeadLetterClosed(id=event_id, state=row["state"])
    return row


async def _close(tx: Transaction, row: Document, change: dict[str, Any], entry: dict[str, Any]) -> None:
    await tx.collection(COLLECTION).update_one({"_id": row["_id"]}, {"$set": change, "$push": {"audit": entry}})
    lanes = Lanes(tx)
    await lanes.load([row["lane"]])
    if lanes.head_of(row["lane"]) == row["_id"]:
        await lanes.release(row["lane"])


def _entry(at: datetime, by: str, action: str, outcome: str) -> dict[str, Any]:
    return {"at": at, "by": by, "action": action, "outcome": outcome}


def _shown(row: Document) -> dict[str, Any]:
    return {"event_id": row["_id"]} | {name: row[name] for name in SHOWN}
