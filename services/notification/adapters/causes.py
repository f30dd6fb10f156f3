"""Whose correlation a fact carries: that of the event which asked for the message, also when many are settled at once (N17)."""

from collections.abc import Callable
from datetime import datetime

from shared.contracts.base import Contract
from shared.kernel.cause import Cause
from shared.messaging.outbox import Outbox


class Causes:
    """Why the facts of one transaction happen, by delivery and by member; `of_all` is why the transaction itself runs."""

    def __init__(self, of_all: Cause) -> None:
        """Know nothing else yet."""
        self.of_all = of_all
        self._known: dict[str, Cause] = {}

    def learn(self, delivery_id: str, member_id: str, cause: Cause) -> None:
        """Remember why a delivery exists; a fact about its member's address has the same cause."""
        self._known[delivery_id] = self._known[member_id] = cause

    def of(self, data: Contract) -> Cause:
        """Return the cause of a fact."""
        return self._known.get(getattr(data, "delivery_id", "")) or self._known.get(data.key) or self.of_all


class CausedOutbox:
    """The outbox as the recipients' store sees it (`FactSink`)."""

    def __init__(self, outbox: Callable[[Cause], Outbox], causes: Causes) -> None:
        """`outbox` opens the transaction's outbox for one cause."""
        self._outbox, self._causes = outbox, causes

    def moment_after(self, earlier: datetime | None) -> datetime:
        """Return the place in time of a change that follows `earlier`."""
        return self._outbox(Cause(correlation_id="")).moment_after(earlier)

    async def add(self, data: Contract, *, sequence: int, at: datetime | None = None) -> str:
        """Take one fact along under its own cause."""
        return await self._outbox(self._causes.of(data)).add(data, sequence=sequence, at=at)
