"""Two or more people begin a pairing themselves: they know each other already, ask, or approach (R10, R46, N14)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.matching.application.beginning import Begun, save_begun, ties_among
from services.matching.application.ports import UnitOfWork
from services.matching.domain import refusals
from services.matching.domain.card import LEFT, Card, lines_within
from services.matching.domain.charter import TEXT_CHARACTERS_MAX
from services.matching.domain.explaining import explain
from services.matching.domain.life import Origin
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import Place, Tie, place_id

INTENTS = ("seek", "offer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposePairing:
    """`initiator_id` begins; the partners answer. `note` is private to them."""

    programme_id: str
    initiator_id: str
    partner_ids: tuple[str, ...]
    origin: Origin
    intent: str | None = None
    note: str = ""


async def propose_pairing(command: ProposePairing, uow: UnitOfWork) -> Pairing:
    """Open a proposal; everybody else confirms, natural pairings included. Whoever begins has said yes and holds a seat."""
    if len(command.note) > TEXT_CHARACTERS_MAX:
        raise refusals.CharterInvalid(field="note", rule=f"at most {TEXT_CHARACTERS_MAX} characters")
    programme = await uow.programmes.get(command.programme_id)
    programme.demand_open()
    pairing = Pairing.propose(
        id=uow.new_id(),
        programme_id=programme.id,
        members=(command.initiator_id, *command.partner_ids),
        origin=command.origin,
        at=uow.clock.now(),
        lifetime=programme.terms.proposal_lifetime,
        salt=uow.new_salt(),
        initiator_id=command.initiator_id,
        intent=command.intent,
        note=command.note,
        mentee_id=programme.mentee_of(command.initiator_id, next(iter(command.partner_ids), ""), offers=command.intent == "offer"),
    )
    programme.demand_size(len(pairing.members))
    cards = await uow.cards.find_many(pairing.members)
    places = {place.member_id: place for place in await uow.places.find_many(place_id(programme.id, each) for each in pairing.members)}
    ties = await ties_among(pairing.members, uow)
    _demand_initiator(pairing, cards, places, uow)
    for partner in pairing.partners_of(command.initiator_id):
        learn = programme.learning_seats(partner, pairing.mentee_id)
        _demand_partner(partner, pairing, cards, places, uow, learn=learn)
    _demand_pairable(pairing, list(cards.values()), ties)
    places[command.initiator_id].hold(pairing.id, programme.learning_seats(command.initiator_id, pairing.mentee_id))
    for place in places.values():  # the partners' too: a leaver or mover who is handled at this moment must conflict with us
        await uow.places.save(place)
    explanations = {
        member: explain(cards[member], [cards[partner] for partner in pairing.partners_of(member)], mentee=pairing.mentee_id)
        for member in pairing.members
    }
    await save_begun([Begun(pairing, explanations)], ties, uow)
    return pairing


def _demand_initiator(pairing: Pairing, cards: Mapping[str, Card], places: Mapping[str, Place], uow: UnitOfWork) -> None:
    me = pairing.initiator_id or ""
    if me not in cards or cards[me].status == LEFT or me not in places:
        raise refusals.NotEnrolled
    if pairing.origin is not Origin.NATURAL and cards[me].rests(uow.clock.now()):
        raise refusals.MemberPaused


def _demand_partner(
    partner: str, pairing: Pairing, cards: Mapping[str, Card], places: Mapping[str, Place], uow: UnitOfWork, *, learn: int | None
) -> None:
    """C: nobody absent, resting or full is approached; one refusal for all of it. A natural pair exists, so rest is no bar."""
    card, place = cards.get(partner), places.get(partner)
    absent = card is None or card.status == LEFT or place is None or place.free_to(learn) < 1
    if absent or (card is not None and pairing.origin is not Origin.NATURAL and card.rests(uow.clock.now())):
        raise refusals.PartnerNotAvailable


def _demand_pairable(pairing: Pairing, cards: Sequence[Card], ties: Mapping[str, Tie]) -> None:
    """R5 and C: no reporting line, no do-not-pair, not the same people twice at once."""
    if lines_within(cards):
        raise refusals.InReportingLine
    if any(tie.is_barred for tie in ties.values()):
        raise refusals.PartnerNotAvailable
    for tie in ties.values():
        if tie.live:
            raise refusals.AlreadyPaired if pairing.initiator_id in tie.members else refusals.PartnerNotAvailable
