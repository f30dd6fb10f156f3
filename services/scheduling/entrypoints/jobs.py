"""What scheduling does when a durable timer is due."""

from collections.abc import Awaitable, Callable, Mapping

from services.scheduling.application import plan_sessions
from services.scheduling.application.ports import UnitOfWork
from shared.timers.timers import Due


async def on_plan_due(due: Due, uow: UnitOfWork) -> None:
    """R30: the series moves on, or somebody's hours changed: plan again."""
    await plan_sessions.plan_sessions(plan_sessions.PlanSessions(pairing_id=due.data["pairing_id"]), uow)


HANDLERS: Mapping[str, Callable[[Due, UnitOfWork], Awaitable[None]]] = {plan_sessions.TIMER: on_plan_due}
