"""A pairing rests until a date, and goes on after it (architecture section 6)."""

from dataclasses import dataclass
from datetime import datetime

from services.scheduling.application.bookkeeping import keep
from services.scheduling.application.plan_sessions import plan, plan_no_more
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.domain.schedule import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class PausePairing:
    """No sessions until an instant."""

    pairing_id: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePairing:
    """The rest ended (matching says so; the date alone does not)."""

    pairing_id: str


async def pause_pairing(command: PausePairing, uow: UnitOfWork) -> None:
    """Cancel the future sessions and plan no more."""
    schedule = await uow.schedules.find(command.pairing_id)
    if schedule is None:
        return
    before = schedule.reservations()
    schedule.pause(command.until, uow.clock.now())
    await plan_no_more(schedule, uow)
    await keep(schedule, before, uow)


async def resume_pairing(command: ResumePairing, uow: UnitOfWork) -> None:
    """Book again: the series goes on in its old rhythm, each session new to the calendars."""
    schedule = await uow.schedules.find(command.pairing_id)
    if schedule is None or schedule.status is not Status.PAUSED:
        return
    before = schedule.reservations()
    schedule.resume()
    await plan(schedule, uow)
    await keep(schedule, before, uow)
