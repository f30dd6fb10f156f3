"""What notification does with other services' facts: one function per event, one route per topic."""

from typing import Any, TypeVar

from services.notification.application.follow_pairing import FollowPairing, follow_pairing
from services.notification.application.follow_session import FollowSession, follow_session
from services.notification.application.keep_contact import KeepContact, forget_contact, keep_contact
from services.notification.application.part_with_member import PartWithMember, part_with_member
from services.notification.application.ports import UnitOfWork
from services.notification.application.tell_members import TellMembers, tell_members
from services.notification.domain.kinds import Kind
from services.notification.domain.matter import Matter, Meeting, News
from services.notification.domain.recipient import Contact
from shared.contracts import matching, profile, scheduling, topics
from shared.messaging.consuming import Consumer
from shared.messaging.received import Received

U = TypeVar("U", bound=UnitOfWork)
Planned = scheduling.SessionBooked | scheduling.SessionRescheduled


def subscribe(consumer: Consumer[U]) -> None:
    """Declare all subscriptions of the service."""
    consumer.route(topics.PROFILE_CONTACT, {profile.ContactUpdated: on_contact_updated}, tombstone=on_contact_erased)
    consumer.route(topics.PROFILE_MEMBER, {profile.MemberLeft: on_member_left, profile.MemberErased: on_member_erased})
    consumer.route(topics.MATCHING_ROUND, {matching.MemberUnmatched: on_member_unmatched})
    consumer.route(
        topics.MATCHING_PAIRING,
        {
            matching.PairingProposed: on_pairing_proposed,
            matching.PairingDeclined: on_pairing_declined,
            matching.PairingExpired: on_pairing_expired,
            matching.PairingFormed: on_pairing_formed,
            matching.CharterSigned: on_charter_signed,
            matching.PairingActivated: on_pairing_activated,
            matching.ReviewStarted: on_review_started,
            matching.PairingClosed: on_pairing_closed,
        },
    )
    consumer.route(
        topics.SCHEDULING_SESSION,
        {
            scheduling.SessionBooked: on_session_booked,
            scheduling.SessionRescheduled: on_session_rescheduled,
            scheduling.SessionCancelled: on_session_cancelled,
            scheduling.SessionProposed: on_session_proposed,
            scheduling.SessionNotBooked: on_session_not_booked,
        },
    )


async def on_contact_updated(event: Received[profile.ContactUpdated], uow: UnitOfWork) -> None:
    """N18: the replica of the only record with a name and an address."""
    data = event.data
    contact = Contact(display_name=data.display_name, email=data.email, locale=data.locale, timezone=data.timezone)
    await keep_contact(KeepContact(member_id=data.member_id, contact=contact, sequence=event.envelope.sequence), uow)


async def on_contact_erased(member_id: str, uow: UnitOfWork) -> None:
    """N18: a tombstone erases name and address."""
    await forget_contact(member_id, uow)


async def on_member_left(event: Received[profile.MemberLeft], uow: UnitOfWork) -> None:
    """N3: only the kind closing words reach a leaver."""
    await part_with_member(PartWithMember(member_id=event.data.member_id), uow)


async def on_member_erased(event: Received[profile.MemberErased], uow: UnitOfWork) -> None:
    """N18: nothing personal is left."""
    await part_with_member(PartWithMember(member_id=event.data.member_id, erase=True), uow)


async def on_member_unmatched(event: Received[matching.MemberUnmatched], uow: UnitOfWork) -> None:
    """N4: a named reason, never silence."""
    data = event.data
    matter = Matter(members=(data.member_id,), programme_id=data.programme_id, reason=data.reason)
    await tell_members(TellMembers(news=_news(Kind.UNMATCHED, event, matter)), uow)


async def on_pairing_proposed(event: Received[matching.PairingProposed], uow: UnitOfWork) -> None:
    """R10, R17: everybody who has to answer is told; whoever asked knows."""
    data = event.data
    matter = Matter(
        members=tuple(data.members),
        pairing_id=data.pairing_id,
        programme_id=data.programme_id,
        actor_id=data.initiator_id,
        origin=data.origin,
        until=data.expires_at,
    )
    await _follow(Kind.PROPOSAL, event, matter, uow)


async def on_pairing_declined(event: Received[matching.PairingDeclined], uow: UnitOfWork) -> None:
    """R10: the others hear it kindly."""
    data = event.data
    await _follow(
        Kind.PROPOSAL_DECLINED, event, Matter(members=tuple(data.members), pairing_id=data.pairing_id, actor_id=data.member_id), uow
    )


async def on_pairing_expired(event: Received[matching.PairingExpired], uow: UnitOfWork) -> None:
    """Those who waited and those who did not answer hear it differently."""
    data = event.data
    matter = Matter(members=tuple(data.members), pairing_id=data.pairing_id, unanswered=tuple(data.unanswered))
    await _follow(Kind.PROPOSAL_EXPIRED, event, matter, uow)


async def on_pairing_formed(event: Received[matching.PairingFormed], uow: UnitOfWork) -> None:
    """R22: everybody said yes; now the charter."""
    await _follow(Kind.FORMED, event, _begun(event.data), uow)


async def on_charter_signed(event: Received[matching.CharterSigned], uow: UnitOfWork) -> None:
    """N8: the others are asked to sign the same content."""
    data = event.data
    matter = Matter(members=tuple(data.members), pairing_id=data.pairing_id, actor_id=data.member_id, digest=data.charter_digest)
    await _follow(Kind.CHARTER_TO_SIGN, event, matter, uow)


async def on_pairing_activated(event: Received[matching.PairingActivated], uow: UnitOfWork) -> None:
    """N8: all signed."""
    await _follow(Kind.ACTIVATED, event, _begun(event.data), uow)


async def on_review_started(event: Received[matching.ReviewStarted], uow: UnitOfWork) -> None:
    """N3: something changed; all are asked whether to go on."""
    data = event.data
    await _follow(
        Kind.REVIEW, event, Matter(members=tuple(data.members), pairing_id=data.pairing_id, reason=data.reason, until=data.until), uow
    )


async def on_pairing_closed(event: Received[matching.PairingClosed], uow: UnitOfWork) -> None:
    """R49: a kind ending for everybody."""
    data = event.data
    await _follow(Kind.CLOSED, event, Matter(members=tuple(data.members), pairing_id=data.pairing_id, reason=data.reason), uow)


async def on_session_booked(event: Received[scheduling.SessionBooked], uow: UnitOfWork) -> None:
    """N15: an invitation for every member."""
    await _follow_session(Kind.SESSION_BOOKED, event, _planned(event.data), uow)


async def on_session_rescheduled(event: Received[scheduling.SessionRescheduled], uow: UnitOfWork) -> None:
    """N15: the same invitation at a new time."""
    await _follow_session(Kind.SESSION_MOVED, event, _planned(event.data), uow)


async def on_session_cancelled(event: Received[scheduling.SessionCancelled], uow: UnitOfWork) -> None:
    """N15: the entry leaves every calendar."""
    data = event.data
    meeting = Meeting(session_id=data.session_id, kind=data.kind, calendar_uid=data.calendar_uid, calendar_sequence=data.calendar_sequence)
    matter = Matter(members=tuple(data.members), pairing_id=data.pairing_id, reason=data.reason, meeting=meeting)
    await _follow_session(Kind.SESSION_CANCELLED, event, matter, uow)


async def on_session_proposed(event: Received[scheduling.SessionProposed], uow: UnitOfWork) -> None:
    """R7: the others are asked about another time; the session stays where it is."""
    data = event.data
    meeting = Meeting(session_id=data.session_id, starts_at=data.starts_at, ends_at=data.ends_at)
    matter = Matter(members=tuple(data.members), pairing_id=data.pairing_id, actor_id=data.proposed_by, meeting=meeting)
    await tell_members(TellMembers(news=_news(Kind.SESSION_TIME_PROPOSED, event, matter)), uow)


async def on_session_not_booked(event: Received[scheduling.SessionNotBooked], uow: UnitOfWork) -> None:
    """N4: that no time was found is told with its reason."""
    data = event.data
    matter = Matter(members=tuple(data.members), pairing_id=data.pairing_id, reason=data.reason)
    await tell_members(TellMembers(news=_news(Kind.SESSION_NOT_BOOKED, event, matter)), uow)


def _begun(data: matching.PairingFormed | matching.PairingActivated) -> Matter:
    return Matter(members=tuple(data.members), pairing_id=data.pairing_id, programme_id=data.programme_id, origin=data.origin)


def _planned(data: Planned) -> Matter:
    meeting = Meeting(
        session_id=data.session_id,
        kind=data.kind,
        starts_at=data.starts_at,
        ends_at=data.ends_at,
        timezone=data.timezone,
        place_kind=data.place_kind,
        calendar_uid=data.calendar_uid,
        calendar_sequence=data.calendar_sequence,
    )
    return Matter(members=tuple(data.members), pairing_id=data.pairing_id, meeting=meeting)


def _news(kind: Kind, event: Received[Any], matter: Matter) -> News:
    envelope = event.envelope
    return News(kind=kind, cause_id=envelope.id, correlation_id=envelope.correlation_id, at=envelope.time, matter=matter)


async def _follow(kind: Kind, event: Received[Any], matter: Matter, uow: UnitOfWork) -> None:
    await follow_pairing(FollowPairing(news=_news(kind, event, matter)), uow)


async def _follow_session(kind: Kind, event: Received[Any], matter: Matter, uow: UnitOfWork) -> None:
    await follow_session(FollowSession(news=_news(kind, event, matter)), uow)
