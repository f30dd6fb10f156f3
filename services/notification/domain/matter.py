"""What a message is about, in ids, codes and times: all that is stored of it. Words are fetched when it is sent (N9)."""

from dataclasses import dataclass
from datetime import datetime

from services.notification.domain.kinds import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A session as its latest event told it. A cancellation brings no times; the replica remembers them."""

    session_id: str
    kind: str = "regular"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    timezone: str = "UTC"
    place_kind: str = "other"
    calendar_uid: str = ""
    calendar_sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The subject of one message."""

    members: tuple[str, ...] = ()
    pairing_id: str | None = None
    programme_id: str | None = None
    actor_id: str | None = None
    """Who began, declined, signed or proposed."""
    unanswered: tuple[str, ...] = ()
    origin: str | None = None
    reason: str | None = None
    until: datetime | None = None
    rrule: str | None = None
    digest: str | None = None
    only_proposed: bool = False
    """A pairing that closed had not been formed: somebody left, or the proposal was taken back."""
    meeting: Meeting | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One event that members may have to hear of. `cause_id` is the id of the event, `at` its business time."""

    kind: Kind
    cause_id: str
    correlation_id: str
    at: datetime
    matter: Matter
