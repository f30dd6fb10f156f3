"""An admin opens a round (N4, N7)."""

from dataclasses import dataclass

from services.matching.application.ports import UnitOfWork
from services.matching.domain.round import Round


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRound:
    """`seed` decides ties; the same seed on the same snapshot gives the same result."""

    programme_id: str
    seed: int | None = None
    publishes_itself: bool = False
    """Whether nobody wants to look at it before members hear of it."""


async def open_round(command: OpenRound, uow: UnitOfWork) -> Round:
    """Fix rules and seed; the round runner freezes and solves it from here."""
    programme = await uow.programmes.get(command.programme_id)
    opened = Round.open(
        id=uow.new_id(),
        programme_id=programme.id,
        rules=programme.rules,
        seed=command.seed,
        at=uow.clock.now(),
        correlation_id=uow.cause.correlation_id,
        publishes_itself=command.publishes_itself,
    )
    programme.begin_round(opened.id)
    await uow.programmes.save(programme)
    await uow.rounds.add(opened)
    uow.wake_rounds()
    return opened
