"""Tell members a piece of news: one durable delivery each, in the transaction of the event (N2, N16)."""

from dataclasses import dataclass

from services.notification.application.ports import UnitOfWork
from services.notification.domain.audience import audience
from services.notification.domain.delivery import deliveries_of
from services.notification.domain.matter import News
from services.notification.domain.replicas import PairingSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class TellMembers:
    """Tell this. The same news a second time changes nothing."""

    news: News


async def tell_members(command: TellMembers, uow: UnitOfWork, *, pairing: PairingSeen | None = None) -> None:
    """Queue one message for everybody whom the news concerns."""
    told = audience(command.news, pairing)
    await uow.deliveries.add(deliveries_of(command.news, told, uow.wall.now()))
