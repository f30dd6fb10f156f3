"""What every end of a pairing has in common: seats are given back, ties are loosened, timers are stopped."""

from itertools import combinations

from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import place_id, tie_id


def expiry_timer(pairing_id: str) -> str:
    """Return the id of the timer that ends an unanswered proposal."""
    return f"pairing-expiry:{pairing_id}"


def pause_timer(pairing_id: str) -> str:
    """Return the id of the timer that ends a rest."""
    return f"pairing-pause-end:{pairing_id}"


def review_timer(pairing_id: str) -> str:
    """Return the id of the timer that ends a review."""
    return f"pairing-review-end:{pairing_id}"


async def save_ended(pairing: Pairing, uow: UnitOfWork) -> None:
    """Store a pairing that just ended and free what it held, in the same transaction (C: capacity)."""
    at = pairing.ended_at or uow.clock.now()
    for place in await uow.places.find_many(place_id(pairing.programme_id, member) for member in pairing.members):
        place.release(pairing.id)
        await uow.places.save(place)
    for tie in await uow.ties.find_many(tie_id(one, other) for one, other in combinations(pairing.members, 2)):
        tie.end(pairing.id, at)
        await uow.ties.save(tie)
    for timer in (expiry_timer(pairing.id), pause_timer(pairing.id), review_timer(pairing.id)):
        await uow.timers.cancel(timer)
    await uow.pairings.save(pairing)
