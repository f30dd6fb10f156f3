"""What every beginning of a pairing has in common: ties, the proposal itself, its explanations, its expiry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from services.matching.application.ending import expiry_timer
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import Tie, tie_id
from services.matching.domain.snapshot import Explanation


@dataclass(frozen=True, slots=True)
class Begun:
    """A new proposal and why, for each of its members."""

    pairing: Pairing
    explanations: Mapping[str, Explanation]


def tie_ids(members: Sequence[str]) -> list[str]:
    """Return the id of the tie of each two of these members."""
    return [tie_id(one, other) for one, other in combinations(members, 2)]


async def ties_among(members: Sequence[str], uow: UnitOfWork) -> dict[str, Tie]:
    """Return the ties that exist among these members, by id."""
    return {tie.id: tie for tie in await uow.ties.find_many(tie_ids(members))}


async def save_begun(begun: Sequence[Begun], known: Mapping[str, Tie], uow: UnitOfWork) -> None:
    """Store new proposals by few calls; `known` holds the ties that exist among their members.

    Seats are held and saved by the caller, who knows all places of this transaction.
    """
    ties: dict[str, Tie] = {}
    for each in begun:
        for one, other in combinations(each.pairing.members, 2):
            tie = known.get(tie_id(one, other)) or Tie.between(one, other)
            tie.begin(each.pairing.id)
            ties[tie.id] = tie
    new, met = [tie for tie in ties.values() if not tie.revision], [tie for tie in ties.values() if tie.revision]
    await uow.ties.add_many(new)
    await uow.ties.save_many(met)
    await uow.explanations.save({each.pairing.id: each.explanations for each in begun})
    expiries = [(expiry_timer(each.pairing.id), each.pairing.expires_at, {"pairing_id": each.pairing.id}) for each in begun]
    await uow.timers.add_many("pairing-expiry", expiries)
    await uow.pairings.add_many([each.pairing for each in begun])
