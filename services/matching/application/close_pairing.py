"""A member ends a pairing, or takes back a proposal (R7, C: a polite way to leave)."""

from dataclasses import dataclass

from services.matching.application.access import own_pairing
from services.matching.application.ending import save_ended
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePairing:
    """`reason` is one of the codes that members may give."""

    pairing_id: str
    member_id: str
    reason: str


async def close_pairing(command: ClosePairing, uow: UnitOfWork) -> Pairing:
    """Close and free the seats."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    pairing.close(command.member_id, command.reason, uow.clock.now())
    await save_ended(pairing, uow)
    return pairing
