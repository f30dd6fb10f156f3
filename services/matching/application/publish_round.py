"""A solved round becomes proposals, piece by piece, each exactly once (N4, C)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.matching.application.beginning import Begun, save_begun, tie_ids
from services.matching.application.ports import UnitOfWork
from services.matching.domain.card import Card
from services.matching.domain.explaining import explain
from services.matching.domain.life import Origin
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import Place, Tie, place_id, tie_id
from services.matching.domain.programme import Programme
from services.matching.domain.publication import loss_of
from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.round import Round, RoundState
from services.matching.domain.snapshot import Explanation, Group, Leaf

NOT_WAITING = (UnmatchedReason.NO_FREE_SEAT, UnmatchedReason.PAUSED, UnmatchedReason.AWAY, UnmatchedReason.MEMBER_LEFT)
"""Reasons that are no waiting: fairness of the next round is for those who had a seat and got nobody."""


async def publish_round(round_id: str, uow: UnitOfWork, *, expected: str | None = None) -> Round:
    """Begin to tell members; the round runner does it piece by piece. `expected` is the result that the admin looked at."""
    solved = await uow.rounds.get(round_id)
    solved.publish(uow.cause.correlation_id, expected)
    await uow.rounds.save(solved)
    uow.wake_rounds()
    return solved


async def publish_leaf(round_id: str, uow: UnitOfWork) -> bool:
    """Publish the next piece and move on, in one transaction; return whether there is more to do.

    Killed at any point it goes on with the piece that was not committed: nothing lost, nothing twice.
    """
    current = await uow.rounds.get(round_id)
    if current.state is not RoundState.PUBLISHING or current.solution is None:
        return False
    if current.leaves_published >= current.solution.leaves:
        await _finish(current, uow)
        return False
    leaf = await uow.snapshots.leaf(round_id, current.drafts[-1].number, current.leaves_published)
    desk = await _laid_out(current, leaf, uow)
    for group in leaf.groups:
        desk.publish(group)
    for member, reason in leaf.unmatched.items():
        desk.leave_out(member, reason)
    await desk.save()
    current.leaf_published(len(desk.begun), dict(sorted(desk.unmatched.items())))
    await uow.rounds.save(current)
    return True


async def _finish(current: Round, uow: UnitOfWork) -> None:
    programme = await uow.programmes.get(current.programme_id)
    programme.end_round(current.id)
    current.finish(uow.clock.now())
    await uow.programmes.save(programme)
    await uow.rounds.save(current)


async def _laid_out(current: Round, leaf: Leaf, uow: UnitOfWork) -> "_Desk":
    members = list(dict.fromkeys([member for group in leaf.groups for member in group.members] + sorted(leaf.unmatched)))
    names = [name for group in leaf.groups for name in tie_ids(group.members)]
    programme = await uow.programmes.get(current.programme_id)
    return _Desk(
        round=current,
        programme=programme,
        at=uow.clock.now(),
        uow=uow,
        cards=await uow.cards.find_many(members),
        places={place.member_id: place for place in await uow.places.find_many(place_id(programme.id, each) for each in members)},
        ties={tie.id: tie for tie in await uow.ties.find_many(names)},
    )


@dataclass(kw_only=True)
class _Desk:
    """Everything one piece needs, read once and written once."""

    round: Round
    programme: Programme
    at: datetime
    uow: UnitOfWork
    cards: dict[str, Card]
    places: dict[str, Place]
    ties: dict[str, Tie]
    begun: list[Begun] = field(default_factory=list)
    unmatched: dict[str, str] = field(default_factory=dict)

    def publish(self, group: Group) -> None:
        """Propose, unless somebody is no longer there; of a trio or circle those who remain are still proposed to each other."""
        losses = self._losses(group.members, group.mentee)
        remaining = tuple(member for member in group.members if member not in losses)
        if losses and len(remaining) >= self.programme.members_min and not self._losses(remaining, group.mentee):
            self._propose(remaining, self._explained(remaining), group.mentee)
        elif not losses:
            self._propose(group.members, group.explanations, group.mentee)
        for member in group.last_for:
            place = self.places.get(member)
            if place is None or place.proposed_in != self.round.id:
                self.leave_out(member, losses.get(member) or _partners_loss(group.members, losses))

    def leave_out(self, member: str, reason: str) -> None:
        """Name the one reason; who waited with a free seat is served first in the next round."""
        self.unmatched[member] = reason
        place = self.places.get(member)
        if place is not None and reason not in NOT_WAITING:
            place.was_left_out()

    async def save(self) -> None:
        """Store each place once; whoever changed it meanwhile makes this piece run again."""
        await self.uow.places.save_many([place for _, place in sorted(self.places.items())])
        await save_begun(self.begun, self.ties, self.uow)

    def _propose(self, members: tuple[str, ...], explanations: dict[str, Explanation], mentee: str | None) -> None:
        pairing = Pairing.propose(
            id=self.uow.new_id(),
            programme_id=self.round.programme_id,
            members=members,
            origin=Origin.ASSIGNED,
            at=self.at,
            lifetime=self.programme.terms.proposal_lifetime,
            salt=self.uow.new_salt(),
            round_id=self.round.id,
            mentee_id=mentee,
        )
        for member in pairing.members:
            self.places[member].hold(pairing.id, self.programme.learning_seats(member, mentee))
            self.places[member].was_proposed(self.round.id)
        self.begun.append(Begun(pairing, explanations))

    def _losses(self, members: Sequence[str], mentee: str | None) -> dict[str, str]:
        found = {}
        for member in members:
            ties = [self.ties[name] for other in members if other != member and (name := tie_id(member, other)) in self.ties]
            others = [self.cards[other] for other in members if other != member and other in self.cards]
            learn = self.programme.learning_seats(member, mentee)
            reason = loss_of(self.cards.get(member), self.places.get(member), ties, others, at=self.at, learn=learn)
            if reason is not None:
                found[member] = reason
        return found

    def _explained(self, members: tuple[str, ...]) -> dict[str, Explanation]:
        return {member: explain(self.cards[member], [self.cards[other] for other in members if other != member]) for member in members}


PARTNER_REASONS = {
    UnmatchedReason.MEMBER_LEFT.value: UnmatchedReason.PARTNER_LEFT,
    UnmatchedReason.MEMBER_WITHDREW.value: UnmatchedReason.PARTNER_WITHDREW,
    UnmatchedReason.PAUSED.value: UnmatchedReason.PARTNER_PAUSED,
    UnmatchedReason.AWAY.value: UnmatchedReason.PARTNER_PAUSED,
}
"""What happened to one, said to the other; everything else is `partner-not-free`, so that nothing private shows."""


def _partners_loss(members: Sequence[str], losses: Mapping[str, str]) -> str:
    named = [PARTNER_REASONS.get(losses[member], UnmatchedReason.PARTNER_NOT_FREE) for member in members if member in losses]
    return (named or [UnmatchedReason.PARTNER_NOT_FREE])[0].value
