"""A pairing became active: its first session is booked, and the series after it (N8, R30)."""

from dataclasses import dataclass

from services.scheduling.application.bookkeeping import keep
from services.scheduling.application.plan_sessions import plan
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.domain.cadence import Cadence
from services.scheduling.domain.schedule import Schedule
from services.scheduling.domain.session import CancelReason


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivatePairing:
    """All members signed the charter; its cadence is in force."""

    pairing_id: str
    programme_id: str
    members: tuple[str, ...]
    cadence: Cadence


async def activate_pairing(command: ActivatePairing, uow: UnitOfWork) -> None:
    """N8, R30: open the schedule and plan it. A second activation changes nothing; with a leaver nothing is booked."""
    if await uow.schedules.find(command.pairing_id) is not None:
        return
    schedule = Schedule.open(
        pairing_id=command.pairing_id, programme_id=command.programme_id, members=command.members, cadence=command.cadence
    )
    if all(card.active for card in await uow.cards.of(schedule.members)):
        await plan(schedule, uow)
    else:
        schedule.close(CancelReason.MEMBER_LEFT, uow.clock.now())
    await keep(schedule, {}, uow)
