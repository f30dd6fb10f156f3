"""A proposal's time is over."""

from datetime import datetime

from services.matching.application.ending import save_ended
from services.matching.application.ports import UnitOfWork


async def expire_pairing(pairing_id: str, at: datetime, uow: UnitOfWork) -> None:
    """End the proposal if it is still unanswered and due; a late or repeated timer changes nothing."""
    pairing = await uow.pairings.find(pairing_id)
    if pairing is not None and pairing.expire(at):
        await save_ended(pairing, uow)
