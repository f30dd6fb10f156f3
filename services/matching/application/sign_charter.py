"""A member signs the charter (N8)."""

from dataclasses import dataclass

from services.matching.application.access import own_pairing
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing


@dataclass(frozen=True, slots=True, kw_only=True)
class SignCharter:
    """`digest` names the content that the signer has read."""

    pairing_id: str
    member_id: str
    digest: str


async def sign_charter(command: SignCharter, uow: UnitOfWork) -> Pairing:
    """Add a signature; the last one activates the pairing or puts a revision in force."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    pairing.sign_charter(command.member_id, command.digest, uow.clock.now())
    await uow.pairings.save(pairing)
    return pairing
