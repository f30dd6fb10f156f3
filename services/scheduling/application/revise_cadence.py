"""All members signed a revised charter: the new cadence is in force (R31)."""

from dataclasses import dataclass

from services.scheduling.application.bookkeeping import keep
from services.scheduling.application.plan_sessions import plan
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.domain.cadence import Cadence


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviseCadence:
    """The cadence that holds from now on."""

    pairing_id: str
    cadence: Cadence


async def revise_cadence(command: ReviseCadence, uow: UnitOfWork) -> None:
    """R31: plan the series anew when its times changed; a paused pairing gets it when it goes on."""
    schedule = await uow.schedules.find(command.pairing_id)
    if schedule is None or schedule.cadence == command.cadence:
        return
    before = schedule.reservations()
    schedule.adopt(command.cadence, uow.clock.now())
    if schedule.is_active:
        await plan(schedule, uow)
    await keep(schedule, before, uow)
