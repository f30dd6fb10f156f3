"""Profile published a member's newest card."""

from dataclasses import dataclass, replace
from datetime import datetime

from services.matching.application.ending import save_ended
from services.matching.application.ports import KnownCard, UnitOfWork
from services.matching.domain.card import LEFT, Card, Enrolment, in_one_line
from services.matching.domain.life import CloseReason
from services.matching.domain.place import Place, place_id


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateCard:
    """`sequence` orders the records of one member; `at` is when profile said it."""

    card: Card
    sequence: int
    at: datetime


async def update_card(command: UpdateCard, uow: UnitOfWork) -> None:
    """Keep the newest record, open and close places as enrolments say, re-check reporting lines at once (N3, R5).

    Cards and facts come on two topics in no common order: a card written before its member left does not bring them back.
    """
    card = command.card
    known = await uow.cards.find(card.member_id)
    if known is not None and known.sequence >= command.sequence:
        return
    left_at = known.left_at if known is not None else None
    if left_at is not None and command.at <= left_at:
        card = replace(card, status=LEFT)
    await uow.cards.save(KnownCard(card=card, sequence=command.sequence, at=command.at, left_at=left_at))
    before = known.card if known is not None else Card(member_id=card.member_id)
    await _follow_enrolments(before, card, uow)
    if known is not None and before.manager_chain != card.manager_chain:  # nobody is paired before their first card
        await close_conflicts(card, uow)


async def forget_card(member_id: str, uow: UnitOfWork) -> None:
    """N18: drop the card of an erased member; their places stay closed."""
    known = await uow.cards.find(member_id)
    if known is not None:
        await close_places(known.card, uow)
    await uow.cards.remove(member_id)


async def close_places(card: Card, uow: UnitOfWork) -> None:
    """Take a member out of every programme; nobody has an open place that their newest card does not name."""
    for place in await _open_places(card, uow):
        place.withdraw()
        await uow.places.save(place)


async def _open_places(card: Card, uow: UnitOfWork) -> list[Place]:
    return await uow.places.find_many(place_id(each.programme_id, card.member_id) for each in card.enrolments)


async def _follow_enrolments(before: Card, card: Card, uow: UnitOfWork) -> None:
    old, new = _enrolments(before), _enrolments(card)
    changed = [name for name in sorted({*old, *new}) if old.get(name) != new.get(name)]
    places = {place.programme_id: place for place in await uow.places.find_many(place_id(name, card.member_id) for name in changed)}
    for programme_id in changed:
        place = places.get(programme_id) or Place.of(programme_id, card.member_id)
        if programme_id in new:
            place.enrol(new[programme_id].capacity)
        else:
            place.withdraw()
        await (uow.places.save(place) if place.revision else uow.places.add(place))


def _enrolments(card: Card) -> dict[str, Enrolment]:
    return {} if card.status == LEFT else {each.programme_id: each for each in card.enrolments}


async def close_conflicts(card: Card, uow: UnitOfWork) -> None:
    """R5: end every pairing whose members have come to stand in one reporting line."""
    for place in await _open_places(card, uow):
        await uow.places.save(place)  # unchanged on purpose: a proposal that is made at this moment from the old chain must conflict
    for pairing in await uow.pairings.live_of(card.member_id):
        partners = await uow.cards.find_many(pairing.partners_of(card.member_id))
        if any(in_one_line(card, partner) for partner in partners.values()):
            pairing.close_for(CloseReason.REPORTING_LINE, uow.clock.now())
            await save_ended(pairing, uow)
