"""What becomes due in notification."""

from services.notification.application.follow_session import REMINDER
from services.notification.application.ports import UnitOfWork
from services.notification.application.remind_members import RemindMembers, remind_members
from shared.timers.timers import Due


async def on_reminder_due(due: Due, uow: UnitOfWork) -> None:
    """N16: remind of a session that is still ahead."""
    command = RemindMembers(
        session_id=str(due.data["session_id"]), sequence=int(due.data["sequence"]), correlation_id=due.cause.correlation_id
    )
    await remind_members(command, uow)


HANDLERS = {REMINDER: on_reminder_due}
"""By kind of timer."""
TOGETHER = (REMINDER,)
"""Many sessions start at the same hour: their reminders share a transaction."""
