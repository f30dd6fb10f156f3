"""A member says what they wish to hear, and in which language."""

from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork
from services.notification.domain.recipient import Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPreferences:
    """The whole wish; it replaces the former one."""

    member_id: str
    preferences: Preferences


async def set_preferences(command: SetPreferences, uow: UnitOfWork) -> Preferences:
    """N16: unsubscribe by kind."""
    recipient = await uow.recipients.of(command.member_id)
    recipient.prefer(command.preferences)
    await uow.recipients.save(recipient)
    return recipient.preferences
