"""Who may know of a pairing: its members. For everybody else it does not exist."""

from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from shared.kernel.errors import NotFound


async def own_pairing(pairing_id: str, member_id: str, uow: UnitOfWork) -> Pairing:
    """Return a pairing to one of its members.

    Raises:
        NotFound: there is none, or the asker is not in it; both look alike (N9).

    """
    pairing = await uow.pairings.find(pairing_id)
    if pairing is None or member_id not in pairing.members:
        raise NotFound(id=pairing_id)
    return pairing
