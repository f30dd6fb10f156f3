"""Outcomes are written down at once, and together: whatever ends while a transaction runs goes into the next one."""

import asyncio
from collections.abc import Callable

from services.notification.application.ports import UnitOfWork
from services.notification.application.settle_delivery import SettleDelivery, settle_delivery
from services.notification.domain.delivery import Delivery
from shared.kernel.cause import Cause
from shared.kernel.errors import OutcomeUnknown
from shared.persistence.database import Database, Transaction

TRIES_MAX = 3
Entry = tuple[Delivery, SettleDelivery]


class Settlement:
    """Group commit for attempts. Settling twice changes nothing, so an unknown commit is simply asked for again (N2)."""

    def __init__(self, database: Database, bind: Callable[[Transaction, Cause], UnitOfWork]) -> None:
        """`bind` makes the unit of work with the correlation of the delivery."""
        self._database, self._bind = database, bind
        self._waiting: list[Entry] = []
        self._one_at_a_time = asyncio.Lock()

    async def settle(self, delivery: Delivery, command: SettleDelivery) -> None:
        """Return when the outcome is committed."""
        entry = (delivery, command)
        self._waiting.append(entry)
        async with self._one_at_a_time:
            if entry in self._waiting:
                entries, self._waiting = self._waiting, []
                await self._write(entries)

    async def _write(self, entries: list[Entry]) -> None:
        for attempt in range(TRIES_MAX):
            try:
                await self._database.transact("deliveries.settle", lambda tx: self._all(tx, entries))
            except OutcomeUnknown:
                if attempt + 1 == TRIES_MAX:
                    raise
            else:
                return

    async def _all(self, tx: Transaction, entries: list[Entry]) -> None:
        for delivery, command in entries:
            cause = Cause(correlation_id=delivery.correlation_id, causation_id=delivery.cause_id)
            await settle_delivery(command, self._bind(tx, cause))
