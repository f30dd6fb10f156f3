"""After a move both are asked whether to go on; silence keeps the pairing (N3, R49, R53)."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.application.access import own_pairing
from services.matching.application.ending import review_timer
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepPairing:
    """`member_id` wants to go on."""

    pairing_id: str
    member_id: str


async def keep_pairing(command: KeepPairing, uow: UnitOfWork) -> Pairing:
    """Answer a review; when all members want to go on it ends at once."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    pairing.keep(command.member_id)
    if pairing.review is None:
        await uow.timers.cancel(review_timer(pairing.id))
    await uow.pairings.save(pairing)
    return pairing


async def start_review(pairing: Pairing, reason: str, uow: UnitOfWork) -> None:
    """Ask the members of an active pairing whether to go on; a durable timer takes silence for a yes."""
    programme = await uow.programmes.get(pairing.programme_id)
    until = uow.clock.now() + programme.terms.review_lifetime
    if pairing.start_review(reason, until):
        await uow.timers.set(review_timer(pairing.id), until, "pairing-review-end", {"pairing_id": pairing.id})
        await uow.pairings.save(pairing)


async def end_review(pairing_id: str, at: datetime, uow: UnitOfWork) -> None:
    """Keep a pairing whose review nobody ended; a late or repeated timer changes nothing."""
    pairing = await uow.pairings.find(pairing_id)
    if pairing is not None and pairing.end_review(at):
        await uow.pairings.save(pairing)
