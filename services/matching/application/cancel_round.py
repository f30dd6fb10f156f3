"""A round is given up before publication; nobody was told anything."""

from dataclasses import dataclass

from services.matching.application.ports import UnitOfWork
from services.matching.domain.round import Round


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRound:
    """`reason` is a code: by an admin, or because the optimiser cannot answer."""

    round_id: str
    reason: str = "cancelled-by-admin"


async def cancel_round(command: CancelRound, uow: UnitOfWork) -> Round:
    """Cancel and make room for the next round; a running optimiser is ended by the runner."""
    given_up = await uow.rounds.get(command.round_id)
    given_up.cancel(command.reason, uow.clock.now())
    programme = await uow.programmes.get(given_up.programme_id)
    programme.end_round(given_up.id)
    await uow.programmes.save(programme)
    await uow.rounds.save(given_up)
    uow.wake_rounds()
    return given_up
