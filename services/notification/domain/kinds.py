"""What messages there are, and which of them a member may switch off."""

from enum import StrEnum


class Channel(StrEnum):
    """Where a message goes."""

    MAIL = "mail"


class Kind(StrEnum):
    """What a message is about. One event leads to at most one message per member (N16)."""

    PROPOSAL = "proposal"
    PROPOSAL_DECLINED = "proposal-declined"
    PROPOSAL_EXPIRED = "proposal-expired"
    FORMED = "formed"
    CHARTER_TO_SIGN = "charter-to-sign"
    ACTIVATED = "activated"
    REVIEW = "review"
    CLOSED = "closed"
    UNMATCHED = "unmatched"
    SESSION_BOOKED = "session-booked"
    SESSION_MOVED = "session-moved"
    SESSION_CANCELLED = "session-cancelled"
    SESSION_TIME_PROPOSED = "session-time-proposed"
    SESSION_NOT_BOOKED = "session-not-booked"
    SESSION_REMINDER = "session-reminder"


INVITATIONS = (Kind.SESSION_BOOKED, Kind.SESSION_MOVED)
"""They carry a calendar request (iMIP METHOD:REQUEST)."""

FAREWELLS = (Kind.CLOSED,)
"""The only words that still reach somebody who left the company (R49: a leaver's pairing closes kindly)."""

OPTIONAL = (Kind.CHARTER_TO_SIGN, Kind.ACTIVATED, Kind.SESSION_TIME_PROPOSED, Kind.SESSION_REMINDER)
"""What a member may switch off. The rest is never silent: an answer is awaited, a calendar changes, something ends (N4, N16)."""

OPENINGS = {
    Kind.PROPOSAL_DECLINED: (Kind.PROPOSAL,),
    Kind.PROPOSAL_EXPIRED: (Kind.PROPOSAL,),
    Kind.SESSION_CANCELLED: INVITATIONS,
}
"""An ending is told only to those whom its beginning reached: nobody hears that something unheard of is off."""
