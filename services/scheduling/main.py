"""Scheduling's table of contents: what it is called by, what it reacts to, what becomes due."""

from services.scheduling.adapters.repositories import INDEXES, REPLICAS
from services.scheduling.adapters.unit_of_work import MongoUnitOfWork, unit_of_work
from services.scheduling.entrypoints import consumers, jobs
from services.scheduling.entrypoints.http import Queries, SessionRoutes
from services.scheduling.settings import SchedulingSettings
from shared.foundation import Foundation
from shared.kernel.cause import Cause
from shared.persistence.database import Transaction
from shared.service import Service

NAME = "scheduling"


def build(f: Foundation[SchedulingSettings]) -> Service:
    """Put the service together. Nothing is shared between two calls."""
    horizon = f.settings.horizon()

    def bind(tx: Transaction, cause: Cause) -> MongoUnitOfWork:
        return unit_of_work(
            tx, outbox=f.outbox(tx, cause), timers=f.timers(tx, cause), clock=f.clock, randomness=f.randomness, horizon=horizon
        )

    consumer = f.consumer(bind)
    consumers.subscribe(consumer)
    sessions = SessionRoutes(f.commands(bind), Queries(f.database, bind), f.settings.minimum_group_size)
    return Service(
        title="Tandem scheduling",
        routers=[sessions.router()],
        consumer=consumer,
        indexes=INDEXES,
        replicas=REPLICAS,
        timers=f.timer_runner(bind, jobs.HANDLERS),
    )
