"""What happens to a member. Ids, codes, times and numbers only (N9)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.profile.domain.values import PauseReason
from shared.kernel.aggregate import DomainEvent


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where a member stands in the organisation, in codes."""

    department: str | None = None
    site: str | None = None
    country: str | None = None
    job_family: str | None = None
    level: int | None = None
    manager_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberJoined(DomainEvent):
    """A person became a member."""

    member_id: str
    placement: Placement


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberMoved(DomainEvent):
    """The organisation's codes of a member changed (N3)."""

    member_id: str
    placement: Placement
    changed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberEnrolled(DomainEvent):
    """A member takes part in a programme, or changed the number of seats."""

    member_id: str
    programme_id: str
    capacity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberWithdrew(DomainEvent):
    """A member no longer takes part in a programme."""

    member_id: str
    programme_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPaused(DomainEvent):
    """A member is not to be paired until an instant."""

    member_id: str
    until: datetime
    reason: PauseReason


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberResumed(DomainEvent):
    """A pause ended."""

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLeft(DomainEvent):
    """A member left the company (N3)."""

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberErased(DomainEvent):
    """A member's personal data was erased (N18)."""

    member_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillListPublished(DomainEvent):
    """The company's list of skills has another shape: each skill and group with what it is part of, and what was merged."""

    list_id: str
    skills: Mapping[str, str | None]
    merged: Mapping[str, str]
