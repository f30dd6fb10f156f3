"""What scheduling tells: the sessions of a pairing. Key and subject are the pairing: its sessions share one order."""

from typing import Literal

from shared.contracts import topics
from shared.contracts.base import Contract, Instant
from shared.contracts.matching import ADA, BEN, PAIRING

SESSION = "4c8a9d10-0b7f-4e0a-b1b4-6f0d2f9e5a01"
Kind = Literal["first", "regular", "role_play", "ad_hoc"]
_BASE = {"session_id": SESSION, "pairing_id": PAIRING, "members": [ADA, BEN]}
_CALENDAR = {"kind": "first", "calendar_uid": f"{SESSION}@tandem", "calendar_sequence": 0}
_TIMES = {"starts_at": "2027-01-20T08:00:00.000Z", "ends_at": "2027-01-20T09:00:00.000Z"}


class _OfSession(Contract):
    TOPIC = topics.SCHEDULING_SESSION
    session_id: str
    pairing_id: str
    members: list[str]


class _Planned(_OfSession):
    kind: Kind
    starts_at: Instant
    ends_at: Instant
    timezone: str
    place_kind: str
    calendar_uid: str
    calendar_sequence: int


class SessionProposed(_OfSession):
    """A member proposed another time for a session; it moves when the others accept."""

    TYPE = "tandem.scheduling.session.proposed.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BASE | _TIMES | {"proposed_by": ADA}
    proposed_by: str
    starts_at: Instant
    ends_at: Instant


class SessionBooked(_Planned):
    """A session has a time that suits all members."""

    TYPE = "tandem.scheduling.session.booked.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BASE | _TIMES | _CALENDAR | {"timezone": "Europe/Berlin", "place_kind": "video"}


class SessionRescheduled(_Planned):
    """A session moved: same UID, higher sequence."""

    TYPE = "tandem.scheduling.session.rescheduled.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BASE | _TIMES | _CALENDAR | {"calendar_sequence": 1, "timezone": "Europe/Berlin", "place_kind": "video"}


class SessionCancelled(_OfSession):
    """A session will not take place."""

    TYPE = "tandem.scheduling.session.cancelled.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BASE | _CALENDAR | {"calendar_sequence": 1, "reason": "cancelled-by-member"}
    kind: Kind
    calendar_uid: str
    calendar_sequence: int
    reason: str


class SessionHeld(_OfSession):
    """A session took place."""

    TYPE = "tandem.scheduling.session.held.v1"
    CONSUMERS = ("matching",)
    EXAMPLE = _BASE | {"kind": "first"}
    kind: Kind


class SessionMissed(_OfSession):
    """A session did not take place though it was booked."""

    TYPE = "tandem.scheduling.session.missed.v1"
    CONSUMERS = ("matching",)
    EXAMPLE = _BASE | {"kind": "first"}
    kind: Kind


class SessionNotBooked(_OfSession):
    """No time suits all members (`reason` is a code): named, told, and tried again when somebody's hours change."""

    TYPE = "tandem.scheduling.session.not-booked.v1"
    CONSUMERS = ("notification",)
    EXAMPLE = _BASE | {"kind": "first", "reason": "no-common-time"}
    kind: Kind
    reason: str
