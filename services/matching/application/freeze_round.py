"""A round freezes who takes part, slice by slice; only the last step makes it count (N7, C: an import never enters a running round)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from services.matching.application.ports import UnitOfWork
from services.matching.domain.card import LEFT, Card
from services.matching.domain.place import BUCKETS, Place, Tie
from services.matching.domain.programme import Programme
from services.matching.domain.round import Round, RoundState
from services.matching.domain.snapshot import FrozenMember, digest_of

SLICE_MEMBERS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeSlice:
    """The members whose bucket lies in a window; small enough for one transaction."""

    round_id: str
    first_bucket: int
    end_bucket: int


def slices_of(round_id: str, members: int) -> list[FreezeSlice]:
    """Cut the pool into windows of about `SLICE_MEMBERS` members."""
    width = max(1, min(BUCKETS, BUCKETS * SLICE_MEMBERS // max(members, 1)))
    return [
        FreezeSlice(round_id=round_id, first_bucket=start, end_bucket=min(start + width, BUCKETS)) for start in range(0, BUCKETS, width)
    ]


async def begin_freezing(round_id: str, uow: UnitOfWork) -> list[FreezeSlice]:
    """Forget what an attempt that died has left and return the work; empty when there is nothing to freeze any more."""
    opened = await uow.rounds.get(round_id)
    if opened.state is not RoundState.OPENED:
        return []
    await uow.snapshots.clear(round_id)
    return slices_of(round_id, await uow.places.count_enrolled(opened.programme_id))


async def freeze_slice(command: FreezeSlice, uow: UnitOfWork) -> int:
    """Keep one slice and return how many members it holds; done again it is replaced."""
    opened = await uow.rounds.get(command.round_id)
    if opened.state is not RoundState.OPENED:
        return 0
    programme = await uow.programmes.get(opened.programme_id)
    window = (command.first_bucket, command.end_bucket)
    found = await members_between(programme, window, opened.opened_at, uow)
    await uow.snapshots.put_slice(command.round_id, window, found)
    return len(found)


async def members_between(programme: Programme, window: tuple[int, int], at: datetime, uow: UnitOfWork) -> list[tuple[int, FrozenMember]]:
    """Return bucket and member of everybody who takes part and is here, as a round that is opened at this instant sees them."""
    places = await uow.places.enrolled(programme.id, window)
    cards = await uow.cards.find_many(place.member_id for place in places)
    by_member = _by_member(await uow.ties.touching([place.member_id for place in places]))
    since = at - programme.terms.no_repeat
    learn = programme.rules.mentor.mentors_at_once if programme.rules.kind == "mentor" else None
    return [
        (place.bucket, _frozen(place, cards[place.member_id], by_member.get(place.member_id, []), at, since=since, learn=learn))
        for place in places
        if place.member_id in cards and cards[place.member_id].status != LEFT
    ]


async def finish_freezing(round_id: str, size: int, uow: UnitOfWork) -> Round:
    """Make the snapshot count: from here on the round depends on nothing else."""
    opened = await uow.rounds.get(round_id)
    if opened.state is RoundState.OPENED:
        skills = await uow.skills.current()
        await uow.skills.freeze(round_id, skills)
        seen = [*await uow.snapshots.digests(round_id), digest_of([skills.broader])]
        opened.freeze(size=size, snapshot_hash=digest_of(seen), at=uow.clock.now())
        await uow.rounds.save(opened)
    return opened


def _by_member(ties: Iterable[Tie]) -> dict[str, list[tuple[str, Tie]]]:
    found: dict[str, list[tuple[str, Tie]]] = {}
    for tie in ties:
        one, other = tie.members
        found.setdefault(one, []).append((other, tie))
        found.setdefault(other, []).append((one, tie))
    return found


def _frozen(place: Place, card: Card, ties: list[tuple[str, Tie]], at: datetime, *, since: datetime, learn: int | None) -> FrozenMember:
    return FrozenMember(
        card=card,
        seats=place.free,
        mentee_seats=None if learn is None else place.free_to(learn),
        left_out=place.rounds_left_out,
        resting=(card.paused_reason or "paused") if card.rests(at) else None,
        barred=tuple(sorted(other for other, tie in ties if tie.is_barred)),
        live=tuple(sorted(other for other, tie in ties if tie.live)),
        met=tuple(sorted(other for other, tie in ties if tie.ended_at is not None and tie.ended_at > since)),
    )
