"""A member says no to a proposal."""

from dataclasses import dataclass

from services.matching.application.access import own_pairing
from services.matching.application.ending import save_ended
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from services.matching.domain.refusals import UnknownReason

REASONS = ("no-time", "no-fit", "knows-each-other", "not-now", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclinePairing:
    """`member_id` declines, with a reason code if they like; it stays with matching and is told to nobody."""

    pairing_id: str
    member_id: str
    reason: str | None = None


async def decline_pairing(command: DeclinePairing, uow: UnitOfWork) -> Pairing:
    """End the proposal politely and free the seats that it held."""
    if command.reason is not None and command.reason not in REASONS:
        raise UnknownReason(allowed=list(REASONS))
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    pairing.decline(command.member_id, uow.clock.now(), command.reason)
    await save_ended(pairing, uow)
    return pairing
