"""What scheduling does with other services' facts: one function per event, one route per topic."""

from typing import TypeVar

from services.scheduling.application.activate_pairing import ActivatePairing, activate_pairing
from services.scheduling.application.close_pairing import ClosePairing, ReleaseMember, close_pairing, release_member
from services.scheduling.application.keep_card import ForgetCard, KeepCard, forget_card, keep_card
from services.scheduling.application.pause_pairing import PausePairing, ResumePairing, pause_pairing, resume_pairing
from services.scheduling.application.ports import Card, UnitOfWork
from services.scheduling.application.revise_cadence import ReviseCadence, revise_cadence
from services.scheduling.domain.cadence import Cadence
from services.scheduling.domain.hours import Span
from shared.contracts import matching, profile, topics
from shared.messaging.consuming import Consumer
from shared.messaging.received import Received

U = TypeVar("U", bound=UnitOfWork)
MEMBER_LEFT = "member-left"
AWAY = "away"


def subscribe(consumer: Consumer[U]) -> None:
    """Declare all subscriptions of the service."""
    consumer.route(topics.PROFILE_CARD, {profile.CardUpdated: on_card_updated}, tombstone=on_card_erased)
    consumer.route(topics.PROFILE_MEMBER, {profile.MemberLeft: on_member_left, profile.MemberErased: on_member_erased})
    consumer.route(
        topics.MATCHING_PAIRING,
        {
            matching.PairingActivated: on_pairing_activated,
            matching.CharterRevised: on_charter_revised,
            matching.PairingPaused: on_pairing_paused,
            matching.PairingResumed: on_pairing_resumed,
            matching.PairingClosed: on_pairing_closed,
        },
    )


async def on_card_updated(event: Received[profile.CardUpdated], uow: UnitOfWork) -> None:
    """N16: a member's hours, zone or absence may have changed."""
    data = event.data
    spans = (Span(weekday=each.weekday, start_minute=each.start_minute, end_minute=each.end_minute) for each in data.working_hours)
    card = Card(
        member_id=data.member_id,
        sequence=event.envelope.sequence,
        active=data.status == "active",
        timezone=data.timezone,
        working_hours=tuple(spans),
        away_until=data.paused_until if data.paused_reason == AWAY else None,
    )
    await keep_card(KeepCard(card=card), uow)


async def on_card_erased(member_id: str, uow: UnitOfWork) -> None:
    """N18: a tombstone erases the card."""
    await forget_card(ForgetCard(member_id=member_id), uow)


async def on_member_left(event: Received[profile.MemberLeft], uow: UnitOfWork) -> None:
    """N3: a leaver's future sessions are cancelled."""
    await release_member(ReleaseMember(member_id=event.data.member_id), uow)


async def on_member_erased(event: Received[profile.MemberErased], uow: UnitOfWork) -> None:
    """N18: whoever is erased has left."""
    await release_member(ReleaseMember(member_id=event.data.member_id), uow)


async def on_pairing_activated(event: Received[matching.PairingActivated], uow: UnitOfWork) -> None:
    """N8: the charter is signed by all: sessions are booked."""
    data = event.data
    await activate_pairing(
        ActivatePairing(
            pairing_id=data.pairing_id, programme_id=data.programme_id, members=tuple(data.members), cadence=_cadence(data.cadence)
        ),
        uow,
    )


async def on_charter_revised(event: Received[matching.CharterRevised], uow: UnitOfWork) -> None:
    """R31: a new cadence is in force."""
    await revise_cadence(ReviseCadence(pairing_id=event.data.pairing_id, cadence=_cadence(event.data.cadence)), uow)


async def on_pairing_paused(event: Received[matching.PairingPaused], uow: UnitOfWork) -> None:
    """Architecture section 6: cancel the sessions of a pairing that rests."""
    await pause_pairing(PausePairing(pairing_id=event.data.pairing_id, until=event.data.until), uow)


async def on_pairing_resumed(event: Received[matching.PairingResumed], uow: UnitOfWork) -> None:
    """Architecture section 6: book again for a pairing that goes on."""
    await resume_pairing(ResumePairing(pairing_id=event.data.pairing_id), uow)


async def on_pairing_closed(event: Received[matching.PairingClosed], uow: UnitOfWork) -> None:
    """Architecture section 6: cancel what is to come; a pairing that was never active has no sessions."""
    await close_pairing(ClosePairing(pairing_id=event.data.pairing_id, member_left=event.data.reason == MEMBER_LEFT), uow)


def _cadence(cadence: matching.Cadence) -> Cadence:
    return Cadence(
        rrule=cadence.rrule,
        timezone=cadence.timezone,
        length=cadence.length,
        place_kind=cadence.place_kind,
        notice_period=cadence.notice_period,
    )
