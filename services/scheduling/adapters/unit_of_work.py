"""One transaction of scheduling: repositories, diaries, timers and outbox bound together (architecture section 3)."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from services.scheduling.adapters.outgoing import outgoing
from services.scheduling.adapters.recurrence import DateutilRecurrence
from services.scheduling.adapters.repositories import SCHEDULES, MongoCards, MongoDiaries, MongoSchedules, index_of
from services.scheduling.domain import events
from services.scheduling.domain.desk import Horizon
from services.scheduling.domain.schedule import Schedule
from shared.contracts.base import Contract
from shared.kernel.aggregate import DomainEvent
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.messaging.outbox import Outbox
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Transaction
from shared.timers.timers import Timers


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoUnitOfWork:
    """`UnitOfWork` over one transaction."""

    schedules: MongoSchedules
    cards: MongoCards
    diaries: MongoDiaries
    timers: Timers
    recurrence: DateutilRecurrence
    clock: Clock
    ids: Callable[[], str]
    horizon: Horizon


def unit_of_work(
    tx: Transaction, *, outbox: Outbox, timers: Timers, clock: Clock, randomness: Randomness, horizon: Horizon
) -> MongoUnitOfWork:
    """Bind everything that a use case may touch to `tx`."""
    store = AggregateStore(tx, SCHEDULES, Schedule, outbox=outbox, outgoing=partial(_told, tx), index=index_of)
    return MongoUnitOfWork(
        schedules=MongoSchedules(store, tx),
        cards=MongoCards(tx),
        diaries=MongoDiaries(tx),
        timers=timers,
        recurrence=DateutilRecurrence(),
        clock=clock,
        ids=partial(new_id, randomness),
        horizon=horizon,
    )


def _told(tx: Transaction, schedule: Schedule, event: DomainEvent) -> Contract:
    """Map a fact; what an operator should hear of is also logged, once its transaction has committed (N17)."""
    if isinstance(event, events.SessionNotBooked):
        session = event.session
        tell = partial(get_log().warning, log_events.SESSION_NOT_BOOKED, kind=session.kind.value, code=str(session.reason))
        tx.after_commit(partial(tell, pairing_id=schedule.id, session_id=session.id))
    return outgoing(schedule, event)
