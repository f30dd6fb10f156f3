"""One transaction of scheduling: repositories, diaries, timers and outbox bound together (architecture section 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from services.scheduling.adapters.outgoing import outgoing
from services.scheduling.adapters.recurrence import DateutilRecurrence
from services.scheduling.adapters.repositories import SCHEDULES, MongoCards, MongoDiaries, MongoSchedules, index_of
from services.scheduling.domain import events
from services.scheduling.domain.planning import Horizon
from services.scheduling.domain.schedule import Schedule
from shared.contracts.base import Contract
from shared.kernel.aggregate import DomainEvent
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.messaging.outbox import Outbox
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.timers.timers import Timers

SERVICE = "scheduling"


class CausedTimers:
    """`TimerBook`: durable timers that remember why they were set (N17)."""

    def __init__(self, timers: Timers, cause: Cause) -> None:
        """Bind to one transaction and its cause."""
        self._timers = timers
        self._cause = cause

    async def set(self, id: str, due_at: datetime, kind: str, data: dict[str, Any]) -> None:  # noqa: A002 - the word of shared.timers
        """Set a timer; the same id replaces."""
        await self._timers.set(id, due_at, kind, data, self._cause)

    async def cancel(self, id: str) -> None:  # noqa: A002 - the word of shared.timers
        """Cancel a timer."""
        await self._timers.cancel(id)


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoUnitOfWork:
    """`UnitOfWork` over one transaction."""

    schedules: MongoSchedules
    cards: MongoCards
    diaries: MongoDiaries
    timers: CausedTimers
    recurrence: DateutilRecurrence
    clock: Clock
    ids: Callable[[], str]
    horizon: Horizon


@dataclass(frozen=True, slots=True, kw_only=True)
class Binder:
    """Makes the unit of work of a transaction; built once by `main.py`. Calling it is the `bind` of all three edges."""

    clock: Clock
    randomness: Randomness
    outbox_bell: Doorbell
    timer_bell: Doorbell
    horizon: Horizon

    def __call__(self, tx: Transaction, cause: Cause) -> MongoUnitOfWork:
        """Bind everything to `tx`."""
        outbox = Outbox(tx, service=SERVICE, cause=cause, clock=self.clock, randomness=self.randomness, doorbell=self.outbox_bell)
        store = AggregateStore(tx, SCHEDULES, Schedule, outbox=outbox, outgoing=partial(_told, tx), index=index_of)
        return MongoUnitOfWork(
            schedules=MongoSchedules(store, tx),
            cards=MongoCards(tx),
            diaries=MongoDiaries(tx),
            timers=CausedTimers(Timers(tx, self.timer_bell), cause),
            recurrence=DateutilRecurrence(),
            clock=self.clock,
            ids=partial(new_id, self.randomness),
            horizon=self.horizon,
        )


def _told(tx: Transaction, schedule: Schedule, event: DomainEvent) -> Contract:
    """Map a fact; one that an operator may want to hear of is also logged, once its transaction has committed (N17)."""
    if isinstance(event, events.SessionNotBooked):
        facts = {"pairing_id": schedule.id, "session_id": event.session.id, "kind": event.session.kind.value, "code": str(event.session.reason)}
        tx.after_commit(partial(get_log().warning, log_events.SESSION_NOT_BOOKED, **facts))
    return outgoing(schedule, event)
