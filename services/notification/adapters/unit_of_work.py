"""One transaction, with everything the use cases may touch."""

from dataclasses import dataclass
from datetime import timedelta

from services.notification.adapters.outgoing import outgoing
from services.notification.adapters.records import RECIPIENTS, Records
from services.notification.adapters.repositories import MongoDeliveries, MongoRecipients, MongoReplicas
from services.notification.application.ports import Timers
from services.notification.domain.recipient import Recipient
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
    tx: Transaction, *, outbox: Outbox, timers: Timers, records: Records, bell: Doorbell, clock: Clock, remind_before: timedelta
) -> MongoUnitOfWork:
    """Bind everything to `tx`."""
    return MongoUnitOfWork(
        recipients=MongoRecipients(AggregateStore(tx, RECIPIENTS, Recipient, outbox=outbox, outgoing=outgoing)),
        deliveries=MongoDeliveries(tx, records, bell),
        replicas=MongoReplicas(tx, records),
        timers=timers,
        clock=clock,
        wall=tx.wall,
        remind_before=remind_before,
    )
