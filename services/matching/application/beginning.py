"""What every beginning of a pairing has in common: ties, the proposal itself, its explanations, its expiry."""

from collections.abc import Mapping
from itertools import combinations

from services.matching.application.ending import expiry_timer
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import Tie, tie_id
from services.matching.domain.snapshot import Explanation


async def ties_among(members: tuple[str, ...], uow: UnitOfWork) -> dict[str, Tie]:
    """Return the tie of each two of these members by its id, new ones where there were none."""
    ids = {tie_id(one, other): (one, other) for one, other in combinations(members, 2)}
    found = {tie.id: tie for tie in await uow.ties.find_many(ids)}
    return {name: found.get(name) or Tie.between(*pair) for name, pair in ids.items()}


async def save_begun(pairing: Pairing, ties: Mapping[str, Tie], explanations: dict[str, Explanation], uow: UnitOfWork) -> None:
    """Store a new proposal. Its seats are held and saved by the caller, who knows all places of this transaction."""
    for tie in ties.values():
        tie.begin(pairing.id)
        await (uow.ties.save(tie) if tie.revision else uow.ties.add(tie))
    await uow.explanations.save(pairing.id, explanations)
    await uow.timers.set(expiry_timer(pairing.id), pairing.expires_at, "pairing-expiry", {"pairing_id": pairing.id})
    await uow.pairings.add(pairing)
