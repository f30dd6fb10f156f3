"""A member's card changed: what scheduling knows of them is replaced, and their future sessions are looked at (N16)."""

from dataclasses import dataclass

from services.scheduling.application.plan_sessions import plan_soon
from services.scheduling.application.ports import Card, UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepCard:
    """The newest record of a member."""

    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetCard:
    """A member's record was erased (N18)."""

    member_id: str


async def keep_card(command: KeepCard, uow: UnitOfWork) -> None:
    """N16: keep the newest record; when the member can meet at other times, their schedules are planned again.

    Only the future changes. An older record than the one known is dropped. Before anybody asked for a card there is
    no schedule to look at, so that a first import costs little.
    """
    known = await uow.cards.find(command.card.member_id)
    if known is not None and known.sequence >= command.card.sequence:
        return
    await uow.cards.put(command.card)
    if known is None or command.card.same_times(known):
        return
    for schedule in await uow.schedules.of_member(command.card.member_id):
        if schedule.is_active:
            await plan_soon(schedule, uow)


async def forget_card(command: ForgetCard, uow: UnitOfWork) -> None:
    """N18: nothing of an erased member stays but opaque ids in past sessions."""
    await uow.cards.forget(command.member_id)
