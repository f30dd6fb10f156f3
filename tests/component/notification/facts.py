"""Facts of the other services, as tests need them."""

from datetime import datetime, timedelta
from typing import Any

from shared.contracts import matching, scheduling
from tests.component.notification.office import ADA, BEN, MONDAY, PAIRING, SESSION

MEMBERS = [ADA, BEN]
UID = "session-1@tandem"
STARTS = MONDAY + timedelta(days=7)


def _begun(**changes: Any) -> dict[str, Any]:
    return {"pairing_id": PAIRING, "programme_id": "peers", "members": MEMBERS, "origin": "assigned", "round_id": "round-1"} | changes


def proposed(**changes: Any) -> matching.PairingProposed:
    """Return a proposal of a round, or of `initiator_id`."""
    return matching.PairingProposed(**_begun(expires_at=MONDAY + timedelta(days=7)) | changes)


def formed(**changes: Any) -> matching.PairingFormed:
    """Return that everybody said yes."""
    return matching.PairingFormed(**_begun(**changes))


def signed(member_id: str, digest: str = "d1", members: list[str] | None = None) -> matching.CharterSigned:
    """Return that a member signed."""
    return matching.CharterSigned(pairing_id=PAIRING, member_id=member_id, members=members or MEMBERS, charter_digest=digest)


def activated(**changes: Any) -> matching.PairingActivated:
    """Return that all signed."""
    cadence = matching.PairingActivated.EXAMPLE["cadence"]
    return matching.PairingActivated(**_begun(cadence=cadence, agenda_template="standard") | changes)


def declined(member_id: str) -> matching.PairingDeclined:
    """Return that a member said no."""
    return matching.PairingDeclined(pairing_id=PAIRING, member_id=member_id, members=MEMBERS)


def expired(*unanswered: str) -> matching.PairingExpired:
    """Return that the time ran out."""
    return matching.PairingExpired(pairing_id=PAIRING, members=MEMBERS, unanswered=list(unanswered))


def closed(reason: str) -> matching.PairingClosed:
    """Return that a pairing ended."""
    return matching.PairingClosed(pairing_id=PAIRING, members=MEMBERS, reason=reason)


def review(reason: str = "member-moved") -> matching.ReviewStarted:
    """Return that a pairing is looked at again."""
    return matching.ReviewStarted(pairing_id=PAIRING, members=MEMBERS, reason=reason, until=MONDAY + timedelta(days=14))


def unmatched(member_id: str, reason: str) -> matching.MemberUnmatched:
    """Return that a round found nobody for a member."""
    return matching.MemberUnmatched(round_id="round-1", programme_id="peers", member_id=member_id, reason=reason)


def _session(session_id: str = SESSION) -> dict[str, Any]:
    return {"session_id": session_id, "pairing_id": PAIRING, "members": MEMBERS}


def _planned(starts_at: datetime, sequence: int, **changes: Any) -> dict[str, Any]:
    return (
        _session()
        | {
            "kind": "first",
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "timezone": "Europe/Berlin",
            "place_kind": "video",
            "calendar_uid": UID,
            "calendar_sequence": sequence,
        }
        | changes
    )


def booked(starts_at: datetime = STARTS, **changes: Any) -> scheduling.SessionBooked:
    """Return that a session has a time."""
    return scheduling.SessionBooked(**_planned(starts_at, 0, **changes))


def moved(starts_at: datetime, sequence: int = 1, **changes: Any) -> scheduling.SessionRescheduled:
    """Return that it has another time."""
    return scheduling.SessionRescheduled(**_planned(starts_at, sequence, **changes))


def cancelled(sequence: int = 1, reason: str = "cancelled-by-member") -> scheduling.SessionCancelled:
    """Return that it is off."""
    return scheduling.SessionCancelled(**_session(), kind="first", calendar_uid=UID, calendar_sequence=sequence, reason=reason)


def time_proposed(member_id: str, starts_at: datetime) -> scheduling.SessionProposed:
    """Return that a member proposed another time."""
    return scheduling.SessionProposed(**_session(), proposed_by=member_id, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))


def not_booked(reason: str = "no-common-time") -> scheduling.SessionNotBooked:
    """Return that no time was found."""
    return scheduling.SessionNotBooked(**_session(), kind="first", reason=reason)
