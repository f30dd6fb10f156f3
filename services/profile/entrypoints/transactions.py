"""Units of work that are no HTTP command: reads, steps of an import, work on many members in turn."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.profile.application.ports import UnitOfWork
from shared.kernel.cause import Cause
from shared.persistence.database import Database, Transaction

T = TypeVar("T")


class Transactions:
    """Runs work in one transaction each."""

    def __init__(self, database: Database, bind: Callable[[Transaction, Cause], UnitOfWork]) -> None:
        """`bind` makes the unit of work of a transaction."""
        self._database = database
        self._bind = bind

    async def run(self, label: str, work: Callable[[UnitOfWork], Awaitable[T]], cause: Cause) -> T:
        """Carry out `work` and commit; it may run more than once."""

        async def once(tx: Transaction) -> T:
            return await work(self._bind(tx, cause))

        return await self._database.transact(f"profile.{label}", once)
