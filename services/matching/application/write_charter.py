"""A member writes or edits the charter (R2, R7, N8)."""

from dataclasses import dataclass

from services.matching.application.access import own_pairing
from services.matching.application.ports import UnitOfWork
from services.matching.domain.charter import Charter
from services.matching.domain.pairing import Pairing
from shared.kernel.errors import PreconditionFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCharter:
    """`edition` is the one that the writer has read; nobody overwrites what they have not seen."""

    pairing_id: str
    member_id: str
    charter: Charter
    edition: int | None


async def write_charter(command: WriteCharter, uow: UnitOfWork) -> Pairing:
    """Replace the draft; any edit voids earlier signatures. On an active pairing the charter in force stays beside it."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    if command.edition is not None and command.edition != pairing.chartering.edition:
        raise PreconditionFailed(revision=pairing.chartering.edition)
    pairing.write_charter(command.member_id, command.charter)
    await uow.pairings.save(pairing)
    return pairing
