"""A member says yes."""

from dataclasses import dataclass

from services.matching.application.access import own_pairing
from services.matching.application.ending import expiry_timer
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import place_id
from services.matching.domain.refusals import NotEnrolled


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptPairing:
    """`member_id` accepts the proposal."""

    pairing_id: str
    member_id: str


async def accept_pairing(command: AcceptPairing, uow: UnitOfWork) -> Pairing:
    """Take a seat and say yes, both or neither (C): of twenty accepts racing for one seat one wins."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    pairing.accept(command.member_id, uow.clock.now())
    place = await uow.places.find(place_id(pairing.programme_id, command.member_id))
    if place is None:
        raise NotEnrolled
    place.hold(pairing.id, await _learning_seats(pairing, command.member_id, uow))
    await uow.places.save(place)
    if not pairing.unanswered:
        await uow.timers.cancel(expiry_timer(pairing.id))
    await uow.pairings.save(pairing)
    return pairing


async def _learning_seats(pairing: Pairing, member_id: str, uow: UnitOfWork) -> int | None:
    if pairing.mentee_id is None:
        return None
    return (await uow.programmes.get(pairing.programme_id)).learning_seats(member_id, pairing.mentee_id)
