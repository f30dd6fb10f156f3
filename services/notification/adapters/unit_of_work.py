"""One transaction, with everything the use cases may touch."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from services.notification.adapters.causes import CausedOutbox, Causes
from services.notification.adapters.outgoing import outgoing
from services.notification.adapters.records import RECIPIENTS, Records
from services.notification.adapters.repositories import MongoDeliveries, MongoRecipients, MongoReplicas
from services.notification.application.ports import Timers
from services.notification.domain.recipient import Recipient
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock
from shared.messaging.outbox import Outbox
from shared.persistence.aggregates import AggregateStore
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell


@dataclass(frozen=True, slots=True, kw_only=True)
class MongoUnitOfWork:
    """What `application.ports.UnitOfWork` asks for."""

    recipients: MongoRecipients
    deliveries: MongoDeliveries
    replicas: MongoReplicas
    timers: Timers
    clock: Clock
    wall: Clock
    remind_before: timedelta


def unit_of_work(
    tx: Transaction,
    cause: Cause,
    *,
    outbox: Callable[[Cause], Outbox],
    timers: Timers,
    records: Records,
    bell: Doorbell,
    clock: Clock,
    remind_before: timedelta,
) -> MongoUnitOfWork:
    """Bind everything to `tx`; `cause` is why it runs, unless a delivery has a cause of its own."""
    causes = Causes(cause)
    store = AggregateStore(tx, RECIPIENTS, Recipient, outbox=CausedOutbox(outbox, causes), outgoing=outgoing)
    return MongoUnitOfWork(
        recipients=MongoRecipients(tx, store),
        deliveries=MongoDeliveries(tx, records, bell, causes),
        replicas=MongoReplicas(tx, records),
        timers=timers,
        clock=clock,
        wall=tx.wall,
        remind_before=remind_before,
    )
