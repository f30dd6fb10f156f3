"""Outcomes are written down at once, and together: whatever ends while a transaction runs goes into the next one."""

import asyncio
from collections.abc import Callable

from services.notification.application.ports import UnitOfWork
from services.notification.application.settle_deliveries import SettleDeliveries, settle_deliveries
from services.notification.domain.delivery import Delivery, Outcome
from shared.kernel.cause import Cause
from shared.kernel.errors import OutcomeUnknown
from shared.persistence.database import Database, Transaction

TRIES_MAX = 3


class Settlement:
    """Group commit for attempts. Settling twice changes nothing, so an unknown commit is simply asked for again (N2)."""

    def __init__(self, database: Database, bind: Callable[[Transaction, Cause], UnitOfWork]) -> None:
        """`bind` makes the unit of work of a transaction."""
        self._database, self._bind = database, bind
        self._waiting: dict[str, dict[str, Outcome]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def settle(self, delivery: Delivery, claim: str, outcome: Outcome) -> None:
        """Return when the outcome is committed."""
        self._waiting.setdefault(claim, {})[delivery.id] = outcome
        async with self._one_at_a_time:
            if delivery.id not in self._waiting.get(claim, {}):
                return
            outcomes = self._waiting.pop(claim)
            try:
                await self._write(SettleDeliveries(claim=claim, outcomes=outcomes))
            except BaseException:
                del outcomes[delivery.id]  # the others are not committed either: each of them tries again
                if outcomes:
                    self._waiting[claim] = outcomes | self._waiting.get(claim, {})
                raise

    async def _write(self, command: SettleDeliveries) -> None:
        async def work(tx: Transaction) -> None:
            await settle_deliveries(command, self._bind(tx, Cause(correlation_id=command.claim)))

        for attempt in range(TRIES_MAX):
            try:
                await self._database.transact("deliveries.settle", work)
            except OutcomeUnknown:
                if attempt + 1 == TRIES_MAX:
                    raise
            else:
                return
