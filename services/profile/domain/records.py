"""The two state records of a member: what matching may know (codes only), and how notification reaches them."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from services.profile.domain.events import Placement
from services.profile.domain.values import Enrolment, Pause, PauseReason, Status, When, WorkingSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferCode:
    """A skill that is offered, as a code."""

    code: str
    strength: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WantCode:
    """A skill that is wanted, as a code."""

    code: str
    priority: int | None
    when: When


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What other services may know of a member for pairing and scheduling: codes, never words (architecture section 4)."""

    member_id: str
    status: Status
    placement: Placement
    manager_chain: tuple[str, ...]
    years: float | None
    offers: tuple[OfferCode, ...]
    wants: tuple[WantCode, ...]
    goals: tuple[str, ...]
    challenges: tuple[str, ...]
    challenges_long: tuple[str, ...]
    vision_themes: tuple[str, ...]
    journey: tuple[str, ...]
    timezone: str
    languages: tuple[str, ...]
    working_hours: tuple[WorkingSpan, ...]
    communication: str | None
    enrolments: tuple[Enrolment, ...]
    pause: Pause | None

    @property
    def paused_until(self) -> datetime | None:
        """Return when the pause ends."""
        return self.pause.until if self.pause else None

    @property
    def paused_reason(self) -> PauseReason | None:
        """Return why the member is not to be paired."""
        return self.pause.reason if self.pause else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach a member: the only record with a name and an address."""

    member_id: str
    company_key: str
    display_name: str
    email: str
    locale: str
    timezone: str
    working_hours: tuple[WorkingSpan, ...]
    chat_handle: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The record of an erased member: its topic gets a tombstone (N18)."""

    member_id: str
    of: type[Card] | type[Contact]


@dataclass(frozen=True, slots=True, kw_only=True)
class DueRecord:
    """A state record that differs from what was published last, with its place in its topic's order."""

    record: Card | Contact | Gone
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What the topic knows of one record: how many were published, and the digest of the newest."""

    version: int = 0
    digest: str = ""


def digest_of(record: Card | Contact) -> str:
    """Return a short text that differs when the record does."""
    return hashlib.sha256(repr(record).encode()).hexdigest()[:24]
