"""What every use case does around a decision: load, look at the common time, keep schedule and diaries in step."""

from datetime import timedelta

from services.scheduling.application.ports import UnitOfWork
from services.scheduling.domain import slots
from services.scheduling.domain.common_time import CommonTime
from services.scheduling.domain.desk import Desk
from services.scheduling.domain.schedule import Schedule
from shared.kernel.errors import NotFound

DIARY_WINDOW = timedelta(days=400)
"""How far ahead diaries are read: a little more than anybody may book (`agreement.FARTHEST_AHEAD`)."""


async def schedule_for(pairing_id: str, member_id: str, uow: UnitOfWork) -> Schedule:
    """Return the schedule of one of the member's own pairings; others do not exist for them (architecture section 8)."""
    schedule = await uow.schedules.find(pairing_id)
    if schedule is None or member_id not in schedule.members:
        raise NotFound(pairing_id=pairing_id)
    return schedule


async def desk_for(schedule: Schedule, uow: UnitOfWork) -> Desk:
    """Return what decisions about a pairing's times look at: its members' common time from now on (N16).

    What the pairing itself reserves is read from the schedule: it may have changed since the diaries were written.
    """
    now = uow.clock.now()
    cards = await uow.cards.of(schedule.members)
    first, last = slots.first_from(now) - 1, slots.first_from(now + DIARY_WINDOW)
    taken = await uow.diaries.taken(schedule.id, schedule.members, first, last)
    taken += [quarter for quarters in schedule.reservations().values() for quarter in quarters]
    common = CommonTime([card.availability() for card in cards], taken)
    return Desk(now=now, common=common, horizon=uow.horizon, new_id=uow.ids)


async def keep(schedule: Schedule, before: dict[str, range], uow: UnitOfWork) -> None:
    """Store the schedule and bring the members' diaries in step with it, in one transaction (C: never booked twice).

    `before` is what the schedule reserved when it was loaded. What is freed is freed first, so that a session can
    move by less than its own length.
    """
    after = schedule.reservations()
    freed = [session_id for session_id, quarters in before.items() if after.get(session_id) != quarters]
    new = {session_id: quarters for session_id, quarters in after.items() if before.get(session_id) != quarters}
    if freed:
        await uow.diaries.release(freed)
    if new:
        await uow.diaries.take(schedule.id, schedule.members, new)
    if schedule.revision:
        await uow.schedules.save(schedule)
    else:
        await uow.schedules.add(schedule)
