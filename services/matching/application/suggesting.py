"""Who a member might think of between rounds, and "why not X?" (R3, R15-R17, R21). Nothing is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.matching.application.freeze_round import SLICE_MEMBERS
from services.matching.application.ports import UnitOfWork
from services.matching.application.preview_programme import Tried
from services.matching.application.solver import SolveOrder
from services.matching.domain.card import LEFT, Card
from services.matching.domain.draft import Draft
from services.matching.domain.explaining import explain
from services.matching.domain.place import BUCKETS, Place, Tie, place_id, tie_id
from services.matching.domain.programme import Programme
from services.matching.domain.reasons import FULL_PARTNER, Gate
from services.matching.domain.refusals import NotEnrolled
from services.matching.domain.snapshot import Explanation

SPARE = 3
"""So many times more are asked of the index than are shown: some have no seat by now."""


@dataclass(frozen=True, slots=True)
class Why:
    """A code, or None and the parts of the score of a pair that could be (0 otherwise)."""

    code: str | None
    score: float = 0.0
    you_gain: float = 0.0
    they_gain: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggested:
    """Somebody to think of, the score that a round would use, and why."""

    member_id: str
    score: float
    explanation: Explanation


class Suggestions(Protocol):
    """An index of everybody who takes part in a programme, kept up to date within a second."""

    async def suggest(
        self, programme: Programme, member_id: str, count: int, without: Sequence[str], *, offers: bool
    ) -> list[tuple[str, float]]:
        """Return (member, score), best first; refuse with `SuggestionsNotReady` while the first index is being made."""
        ...

    async def why_not(self, programme: Programme, member_id: str, other_id: str, *, offers: bool) -> Why:
        """Tell what stands between two members; refuse in the same way."""
        ...


FULL = Why(FULL_PARTNER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks in which programme; with `offers`, in one of kind `mentor`, for whom they could help (R43)."""

    programme_id: str
    member_id: str
    offers: bool = False


async def suggestions_for(asked: Asked, count: int, desk: Suggestions, uow: UnitOfWork) -> list[Suggested]:
    """Return whom a member might ask: nobody full, away, barred or met lately. Seats, wishes and rest are read now."""
    member_id = asked.member_id
    programme, own = await _own(asked, uow)
    ties = {tie.id: tie for tie in await uow.ties.touching([member_id])}
    now = uow.clock.now()
    apart = [_other(tie, member_id) for tie in ties.values() if tie.is_barred or _history(tie, programme, now) is not None]
    found = await desk.suggest(programme, member_id, SPARE * count, apart, offers=asked.offers)
    learn, told = _learning_seats(programme, asked), list[Suggested]()
    for start in range(0, len(found), count):  # most are free: the spare ones are seldom read
        part = found[start : start + count]
        cards, places = await _of(programme, [other for other, _ in part], uow)
        for other, score in part:
            if _is_free(cards.get(other), places.get(other), now, learn):
                why = explain(own, [cards[other]], mentee=programme.mentee_of(member_id, other, offers=asked.offers))
                told.append(Suggested(member_id=other, score=score, explanation=why))
        if len(told) >= count:
            break
    return told[:count]


async def why_not(asked: Asked, other_id: str, desk: Suggestions, uow: UnitOfWork) -> Why:
    """Tell a member why somebody is not suggested: the gate, or the parts of the score.

    R5: a do-not-pair entry, a full, absent or resting person and one who takes no part all give the one answer `FULL`, whatever
    else lies between the two, so that no gate that is missing from an answer tells of a wish. Only one's own history goes before.
    """
    member_id = asked.member_id
    programme, _ = await _own(asked, uow)
    cards, places = await _of(programme, [other_id], uow)
    ties = await uow.ties.find_many([tie_id(member_id, other_id)]) if member_id != other_id else []
    told = await desk.why_not(programme, member_id, other_id, offers=asked.offers)
    now = uow.clock.now()
    if member_id == other_id:
        return told
    history = [gate for tie in ties if (gate := _history(tie, programme, now)) is not None]
    if history:
        return Why(history[0].value)
    free = _is_free(cards.get(other_id), places.get(other_id), now, _learning_seats(programme, asked))
    return FULL if any(tie.is_barred for tie in ties) or not free else told


async def _own(asked: Asked, uow: UnitOfWork) -> tuple[Programme, Card]:
    programme, member_id = await uow.programmes.get(asked.programme_id), asked.member_id
    cards, places = await _of(programme, [member_id], uow)
    if member_id not in cards or member_id not in places or not places[member_id].enrolled:
        raise NotEnrolled
    return programme, cards[member_id]


async def _of(programme: Programme, members: Sequence[str], uow: UnitOfWork) -> tuple[Mapping[str, Card], Mapping[str, Place]]:
    places = await uow.places.find_many(place_id(programme.id, member) for member in members)
    return await uow.cards.find_many(members), {place.member_id: place for place in places}


def _learning_seats(programme: Programme, asked: Asked) -> int | None:
    """Return what bounds the partner's seats where the partner would be the mentee."""
    return programme.rules.mentor.mentors_at_once if asked.offers and programme.rules.kind == "mentor" else None


def _is_free(card: Card | None, place: Place | None, now: datetime, learn: int | None) -> bool:
    return card is not None and card.status != LEFT and not card.rests(now) and place is not None and place.free_to(learn) > 0


def _other(tie: Tie, member_id: str) -> str:
    return tie.members[1] if tie.members[0] == member_id else tie.members[0]


def _history(tie: Tie, programme: Programme, now: datetime) -> Gate | None:
    """Return the gate that lies between two members by what both know: a pairing of now, or of not long ago."""
    if tie.live:
        return Gate.LIVE_PARTNER
    recent = tie.ended_at is not None and tie.ended_at > now - programme.terms.no_repeat
    return Gate.PAST_PARTNER if recent else None


async def begin_index(programme_id: str, uow: UnitOfWork) -> Tried:
    """Return what an index is built of: the rules in force, and everybody who takes part, window by window."""
    programme = await uow.programmes.get(programme_id)
    width = max(1, min(BUCKETS, BUCKETS * SLICE_MEMBERS // max(1, await uow.places.count_enrolled(programme_id))))
    order = SolveOrder(
        round_id="",
        draft=Draft(number=1, rules=programme.rules, seed=1),
        frozen_at=uow.clock.now(),
        minimum_group_size=programme.terms.minimum_group_size,
        skills=await uow.skills.current(),
    )
    return Tried(programme=programme, order=order, windows=[(start, min(start + width, BUCKETS)) for start in range(0, BUCKETS, width)])
