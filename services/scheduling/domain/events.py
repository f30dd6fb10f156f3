"""What happens to sessions. Each fact carries the session as it is after the change: ids, codes and times only."""

from dataclasses import dataclass

from services.scheduling.domain.session import Session
from shared.kernel.aggregate import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class _OfSession(DomainEvent):
    pairing_id: str
    members: tuple[str, ...]
    session: Session


@dataclass(frozen=True, slots=True, kw_only=True)
class _Planned(_OfSession):
    timezone: str
    place_kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionBooked(_Planned):
    """A session has a time that suits all members."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRescheduled(_Planned):
    """A session has another time or place: same UID, higher sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionProposed(_OfSession):
    """A member proposed another time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCancelled(_OfSession):
    """A session that had a time will not take place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionHeld(_OfSession):
    """A session took place: a member said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMissed(_OfSession):
    """A session did not take place though it was booked: a member said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionNotBooked(_OfSession):
    """No time suits all members; the session waits for somebody's hours to change."""
