"""Is it still true? Looked at before each attempt, so that no mail contradicts what is known by then.

Two strengths. What asks or reminds (charter to sign, reminder) is dropped as soon as it is moot. What announces
(proposal, invitation) goes out in its order while it is fresh, since the next message of its lane puts it right; it is
dropped when it was held up (an outage, a refusing server) and has been overtaken meanwhile. The ending of something
whose announcement was dropped is dropped as well.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.notification.domain.delivery import Delivery
from services.notification.domain.kinds import INVITATIONS, Kind
from services.notification.domain.replicas import PairingSeen, SessionSeen, Stage

OVERTAKEN = "overtaken"
NEVER_ANNOUNCED = "never-announced"
MOOT = "moot"
PAST = "session-past"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known at the moment of an attempt. `opening_dropped`: the announcement of this matter was never sent."""

    pairing: PairingSeen | None = None
    session: SessionSeen | None = None
    opening_dropped: bool = False


def untrue(delivery: Delivery, known: Known, business_now: datetime, held_up: timedelta, patience: timedelta) -> str | None:
    """Return why `delivery` must not go out any more, or None. `held_up`: technical time since it was queued."""
    if delivery.kind is Kind.SESSION_REMINDER:
        return _reminder(delivery, known, business_now)
    if delivery.kind is Kind.CHARTER_TO_SIGN:
        return _request_to_sign(delivery, known)
    if known.opening_dropped:
        return NEVER_ANNOUNCED
    return OVERTAKEN if held_up > patience and _overtaken(delivery, known) else None


def _reminder(delivery: Delivery, known: Known, business_now: datetime) -> str | None:
    meeting = delivery.matter.meeting
    if meeting is None or meeting.starts_at is None or meeting.starts_at <= business_now:
        return PAST
    session = known.session
    if session is not None and (session.cancelled or session.meeting.calendar_sequence > meeting.calendar_sequence):
        return MOOT
    return None


def _request_to_sign(delivery: Delivery, known: Known) -> str | None:
    pairing = known.pairing
    if pairing is None:
        return None
    signed = pairing.digest == delivery.matter.digest and delivery.member_id in pairing.signed
    return MOOT if signed or pairing.digest != delivery.matter.digest or pairing.stage is Stage.OVER else None


def _overtaken(delivery: Delivery, known: Known) -> bool:
    meeting, session, pairing = delivery.matter.meeting, known.session, known.pairing
    if delivery.kind in INVITATIONS and meeting is not None and session is not None:
        return session.meeting.calendar_sequence > meeting.calendar_sequence
    if pairing is None:
        return False
    if delivery.kind is Kind.PROPOSAL:
        return pairing.stage is not Stage.PROPOSED
    moot_when_over = (Kind.FORMED, Kind.ACTIVATED, Kind.REVIEW, Kind.SESSION_TIME_PROPOSED, Kind.SESSION_NOT_BOOKED)
    return delivery.kind in moot_when_over and pairing.stage is Stage.OVER
