"""What notification remembers of pairings and sessions, so that it never tells what is no longer true."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.notification.domain.kinds import INVITATIONS, Kind
from services.notification.domain.matter import Meeting, News


class Stage(StrEnum):
    """How far a pairing is."""

    PROPOSED = "proposed"
    FORMED = "formed"
    ACTIVE = "active"
    OVER = "over"


STAGES = {
    Kind.PROPOSAL: Stage.PROPOSED,
    Kind.FORMED: Stage.FORMED,
    Kind.ACTIVATED: Stage.ACTIVE,
    Kind.PROPOSAL_DECLINED: Stage.OVER,
    Kind.PROPOSAL_EXPIRED: Stage.OVER,
    Kind.CLOSED: Stage.OVER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PairingSeen:
    """A pairing as its events told it: how far it is, and who signed the charter's present content."""

    id: str
    members: tuple[str, ...] = ()
    stage: Stage = Stage.PROPOSED
    digest: str | None = None
    signed: tuple[str, ...] = ()

    def after(self, news: News) -> "PairingSeen":
        """Return what is known once `news` arrived. A signature under another digest voids the earlier ones (R22)."""
        seen = replace(self, members=news.matter.members or self.members, stage=STAGES.get(news.kind, self.stage))
        signer, digest = news.matter.actor_id, news.matter.digest
        if news.kind is not Kind.CHARTER_TO_SIGN or signer is None:
            return seen
        earlier = seen.signed if seen.digest == digest else ()
        return replace(seen, digest=digest, signed=(*(member for member in earlier if member != signer), signer))


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSeen:
    """A session as its events told it. `meeting.calendar_sequence` is the newest known sequence of its UID."""

    id: str
    members: tuple[str, ...]
    pairing_id: str
    meeting: Meeting
    cancelled: bool = False

    def after(self, news: News) -> "SessionSeen":
        """Return what is known once `news` arrived; an older sequence changes nothing."""
        told = news.matter.meeting
        if told is None or told.calendar_sequence < self.meeting.calendar_sequence:
            return self
        if news.kind is Kind.SESSION_CANCELLED:
            meeting = replace(self.meeting, calendar_uid=told.calendar_uid, calendar_sequence=told.calendar_sequence)
            return replace(self, meeting=meeting, cancelled=True)
        if news.kind in INVITATIONS:
            return replace(self, members=news.matter.members, meeting=told, cancelled=False)
        return self

    def takes_place_after(self, moment: datetime) -> bool:
        """Say whether the session is booked and still lies ahead."""
        return not self.cancelled and self.meeting.starts_at is not None and self.meeting.starts_at > moment


def first_seen(news: News) -> SessionSeen | None:
    """Return the replica of a session that was not known before."""
    matter = news.matter
    if matter.meeting is None or matter.pairing_id is None:
        return None
    cancelled = news.kind is Kind.SESSION_CANCELLED
    return SessionSeen(
        id=matter.meeting.session_id, members=matter.members, pairing_id=matter.pairing_id, meeting=matter.meeting, cancelled=cancelled
    )
