"""Setting a dead event aside: its row, its lane held, its announcement, all in the transaction that marks it handled (N2)."""

from typing import Any

from shared.contracts.operations import PARKED_BY_SERVICE
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness
from shared.messaging.decoding import Item
from shared.messaging.lanes import Lanes
from shared.messaging.outbox import Outbox
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.indexes import Index

COLLECTION, ANNOUNCED = "dead_letters", "dead_letter_keys"
INDEXES = (Index(collection=COLLECTION, keys=(("state", 1), ("last_at", 1))), Index(collection=ANNOUNCED))
OPEN = "open"


class Undertaker:
    """Buries dead events of one service."""

    def __init__(self, *, service: str, clock: Clock, randomness: Randomness, doorbell: Doorbell) -> None:
        """Announces on the service's dead-letter topic: codes and places, never the payload."""
        self._service = service
        self._clock = clock
        self._randomness = randomness
        self._doorbell = doorbell

    async def bury(self, tx: Transaction, lanes: Lanes, item: Item[Any], *, code: str, attempts: int) -> None:
        """Keep the event whole, hold its lane behind it, and announce it."""
        now = tx.wall.now()
        row = item.message.stored() | {
            "_id": item.event_id,
            "lane": item.lane,
            "type": item.type,
            "state": OPEN,
            "code": code,
            "attempts": attempts,
            "first_at": now,
            "last_at": now,
            "correlation_id": item.cause.correlation_id,
            "audit": [],
        }
        await tx.collection(COLLECTION).insert_one(row)
        await lanes.hold_behind_dead(item)
        await self._announce(tx, item, code)

    async def _announce(self, tx: Transaction, item: Item[Any], code: str) -> None:
        outbox = Outbox(
            tx, service=self._service, cause=item.cause, clock=self._clock, randomness=self._randomness, doorbell=self._doorbell
        )
        contract = PARKED_BY_SERVICE[self._service](
            service=self._service,
            message_key=item.key,
            event_id=item.event_id,
            event_type=item.type,
            origin_topic=item.message.topic,
            partition=item.message.partition,
            offset=item.message.offset,
            code=code,
        )
        await outbox.add(contract, sequence=await self._next_number(tx, item.key))

    async def _next_number(self, tx: Transaction, key: str) -> int:
        numbers = tx.collection(ANNOUNCED)
        found = await numbers.find_one({"_id": key})
        number: int = 1 if found is None else found["number"] + 1
        await numbers.replace_one({"_id": key}, {"_id": key, "number": number}, upsert=True)
        return number
