"""Matching on one screen: the only file that sees every room."""

from collections.abc import Awaitable, Callable
from typing import Any

from services.matching.adapters.library import MongoLibrary
from services.matching.adapters.records import REPLICAS
from services.matching.adapters.round_engine import ProcessRoundEngine
from services.matching.adapters.shapes import Shapes
from services.matching.adapters.suggestion_desk import SuggestionDesk
from services.matching.adapters.unit_of_work import INDEXES, MongoUnitOfWork
from services.matching.application.ports import UnitOfWork
from services.matching.entrypoints.consumers import declare_routes
from services.matching.entrypoints.http_pairings import CharterRoutes, PairingRoutes
from services.matching.entrypoints.http_preview import PreviewRoutes
from services.matching.entrypoints.http_programmes import DoNotPairRoutes, ProgrammeRoutes
from services.matching.entrypoints.http_rounds import RoundRoutes
from services.matching.entrypoints.http_suggestions import SuggestionRoutes
from services.matching.entrypoints.jobs import Runner, Transact, timer_handlers
from services.matching.settings import MatchingSettings
from shared.foundation import Foundation
from shared.kernel.cause import Cause
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell
from shared.persistence.leases import Lease
from shared.service import Service


def build(f: Foundation[MatchingSettings]) -> Service:
    """Wire matching together; two calls share nothing."""
    shapes, rounds_bell = Shapes(), Doorbell()
    library = MongoLibrary(f.database, shapes)
    engine = ProcessRoundEngine(shapes, f.tasks, threads=f.settings.solver_threads)

    def bind(tx: Transaction, cause: Cause) -> UnitOfWork:
        return MongoUnitOfWork(
            tx,
            outbox=f.outbox(tx, cause),
            timers=f.timers(tx, cause),
            clock=f.clock,
            cause=cause,
            randomness=f.randomness,
            shapes=shapes,
            rounds_bell=rounds_bell,
        )

    async def transact(label: str, cause: Cause, work: Callable[[UnitOfWork], Awaitable[Any]]) -> Any:
        return await f.database.transact(label, lambda tx: work(bind(tx, cause)))

    desk, runner = SuggestionDesk(transact, library, clock=f.clock, tasks=f.tasks), _runner(f, transact, library, engine, rounds_bell)
    commands, consumer = f.commands(bind), f.consumer(bind)
    declare_routes(consumer)
    return Service(
        title="Tandem matching",
        indexes=INDEXES,
        replicas=REPLICAS,
        consumer=consumer,
        routers=[
            ProgrammeRoutes(commands, library).router,
            PreviewRoutes(transact, ProcessRoundEngine(shapes, f.tasks, threads=1)).router,
            RoundRoutes(commands, library, engine).router,
            DoNotPairRoutes(commands).router,
            SuggestionRoutes(transact, desk).router,
            *(routes(commands, library).router for routes in (PairingRoutes, CharterRoutes)),
        ],
        timers=f.timer_runner(bind, timer_handlers()),
        jobs={"rounds": runner.run, "suggestions": desk.run, "engine-warmth": engine.warm},
    )


def _runner(
    f: Foundation[MatchingSettings], transact: Transact, library: MongoLibrary, engine: ProcessRoundEngine, bell: Doorbell
) -> Runner:
    return Runner(
        transact=transact,
        reader=library,
        engine=engine,
        bell=bell,
        lease=Lease(f.database, "rounds", randomness=f.randomness, replica=f.shared.kafka.group_instance_id),
        tasks=f.tasks,
        randomness=f.randomness,
    )
