"""What happened since the freeze to those whom a draft pairs: looked at piece by piece before a repair (N7, C)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations

from services.matching.application.beginning import tie_ids
from services.matching.application.ports import UnitOfWork
from services.matching.domain.card import Card
from services.matching.domain.draft import Draft, Two, two
from services.matching.domain.place import Place, Tie, place_id, tie_id
from services.matching.domain.programme import Programme
from services.matching.domain.publication import loss_of
from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.round import Round, RoundState
from services.matching.domain.snapshot import Group, Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One piece of a draft and how its members stand now."""

    leaf: Leaf
    programme: Programme
    cards: dict[str, Card]
    places: dict[str, Place]
    ties: dict[str, Tie]
    at: datetime

    def loss(self, member: str, others: Sequence[str] = (), learn: int | None = None) -> str | None:
        """Return why a member can no longer be proposed to these others, None when everything still holds; `learn`: as a mentee."""
        ties = [self.ties[name] for other in others if (name := tie_id(member, other)) in self.ties]
        cards = [self.cards[other] for other in others if other in self.cards]
        return loss_of(self.cards.get(member), self.places.get(member), ties, cards, at=self.at, learn=learn)

    def free(self, member: str, learn: int | None = None) -> int:
        """Return the seats that are free now, in the role as `Place.free_to` has it."""
        place = self.places.get(member)
        return 0 if place is None else place.free_to(learn)


@dataclass(slots=True, kw_only=True)
class Touched:
    """What was found so far: who cannot keep their groups and why, how many seats they have left, who must be kept apart."""

    reasons: dict[str, str] = field(default_factory=dict)
    seats_left: dict[str, int] = field(default_factory=dict)
    apart: set[Two] = field(default_factory=set)
    _taken: Counter[tuple[str, bool]] = field(default_factory=Counter)

    def look(self, seen: Seen) -> None:
        """Look at one piece."""
        for group in seen.leaf.groups:
            self._taken.update((member, member == group.mentee) for member in group.members)
            for member in group.members:
                self._look_at(member, group, seen)
        for member in seen.leaf.unmatched:  # nobody is touched by their leaving, but they cannot be given to somebody else
            if seen.loss(member) is not None:
                self.seats_left[member] = 0

    def _look_at(self, member: str, group: Group, seen: Seen) -> None:
        learn = seen.programme.learning_seats(member, group.mentee)
        reason = seen.loss(member, [other for other in group.members if other != member], learn)
        if reason is None and seen.free(member, learn) < self._taken[member, learn is not None]:
            reason = UnmatchedReason.NO_FREE_SEAT.value
        if reason is None:
            return
        self.reasons[member] = reason
        if reason == UnmatchedReason.ROUND_OVERTAKEN:
            self.apart |= {two(pair) for pair in combinations(group.members, 2) if member in pair}
        else:
            self.seats_left[member] = seen.free(member, learn) if reason == UnmatchedReason.NO_FREE_SEAT else 0


async def repair_due(round_id: str, uow: UnitOfWork) -> Draft | None:
    """Return the draft whose pieces are to be looked at, None when there is no repair to prepare."""
    frozen = await uow.rounds.get(round_id)
    due = frozen.pending if frozen.state is RoundState.FROZEN else None
    if due is None or not due.is_repair or due.seats_left is not None:
        return None
    return frozen.drafts[-1]


async def see_leaf(round_id: str, draft: int, number: int, uow: UnitOfWork) -> Seen:
    """Read one piece and how everybody in it stands now."""
    current, leaf = await uow.rounds.get(round_id), await uow.snapshots.leaf(round_id, draft, number)
    members = sorted({member for group in leaf.groups for member in group.members} | {*leaf.unmatched})
    places = await uow.places.find_many(place_id(current.programme_id, each) for each in members)
    return Seen(
        leaf=leaf,
        programme=await uow.programmes.get(current.programme_id),
        cards=await uow.cards.find_many(members),
        places={place.member_id: place for place in places},
        ties={tie.id: tie for tie in await uow.ties.find_many(name for group in leaf.groups for name in tie_ids(group.members))},
        at=uow.clock.now(),
    )


async def finish_looking(round_id: str, found: Touched, uow: UnitOfWork) -> Round:
    """Name the conflicts; the optimiser goes on from what is stored now, whatever happens later."""
    frozen = await uow.rounds.get(round_id)
    if frozen.state is RoundState.FROZEN and frozen.due.is_repair and frozen.due.seats_left is None:
        frozen.found_touched(found.seats_left, found.reasons, found.apart)
        await uow.rounds.save(frozen)
    return frozen
