"""What profile tells: facts about members (ids and codes), and two state records for our own replicas."""

from typing import Annotated, Literal

from shared.contracts import topics
from shared.contracts.base import PRIVATE, Contract, Instant, Part

MEMBER = "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b01"
MANAGER = "6f1c2a34-9d0e-4b52-8f7a-0d6f1f0a1b02"
_CODES = {"department": "finance", "site": "berlin", "country": "DE", "job_family": "controlling", "level": 4, "manager_id": MANAGER}


class _Placed(Contract):
    """Where a member stands in the organisation, in codes."""

    TOPIC = topics.PROFILE_MEMBER
    member_id: str
    department: str | None = None
    site: str | None = None
    country: str | None = None
    job_family: str | None = None
    level: int | None = None
    manager_id: str | None = None


class MemberJoined(_Placed):
    """A person became a member, at the first import that names them."""

    TYPE = "tandem.profile.member.joined.v1"
    EXAMPLE = {"member_id": MEMBER} | _CODES


class MemberMoved(_Placed):
    """Department, site, country, level, job family or manager changed; the new codes, and which changed (N3)."""

    TYPE = "tandem.profile.member.moved.v1"
    CONSUMERS = ("matching",)
    EXAMPLE = {"member_id": MEMBER, "changed": ["manager_id"]} | _CODES
    changed: list[str]


class MemberEnrolled(Contract):
    """A member takes part in a programme with so many seats."""

    TYPE = "tandem.profile.member.enrolled.v1"
    TOPIC = topics.PROFILE_MEMBER
    EXAMPLE = {"member_id": MEMBER, "programme_id": "peers", "capacity": 1}
    member_id: str
    programme_id: str
    capacity: int


class MemberWithdrew(Contract):
    """A member no longer takes part in a programme; pairings that exist go on."""

    TYPE = "tandem.profile.member.withdrew.v1"
    TOPIC = topics.PROFILE_MEMBER
    EXAMPLE = {"member_id": MEMBER, "programme_id": "peers"}
    member_id: str
    programme_id: str


class MemberPaused(Contract):
    """A member is not to be paired until an instant, by wish (`paused`) or absence (`away`)."""

    TYPE = "tandem.profile.member.paused.v1"
    TOPIC = topics.PROFILE_MEMBER
    EXAMPLE = {"member_id": MEMBER, "until": "2027-01-11T00:00:00.000Z", "reason": "away"}
    member_id: str
    until: Instant
    reason: Literal["paused", "away"]


class MemberResumed(Contract):
    """A pause ended, early or by its date."""

    TYPE = "tandem.profile.member.resumed.v1"
    TOPIC = topics.PROFILE_MEMBER
    EXAMPLE = {"member_id": MEMBER}
    member_id: str


class MemberLeft(Contract):
    """A member left the company (N3): their pairings close kindly."""

    TYPE = "tandem.profile.member.left.v1"
    TOPIC = topics.PROFILE_MEMBER
    CONSUMERS = ("matching", "scheduling", "notification")
    EXAMPLE = {"member_id": MEMBER}
    member_id: str


class MemberErased(Contract):
    """A member's personal data was erased (N18); state records get a tombstone."""

    TYPE = "tandem.profile.member.erased.v1"
    TOPIC = topics.PROFILE_MEMBER
    CONSUMERS = ("matching", "scheduling", "notification")
    EXAMPLE = {"member_id": MEMBER}
    member_id: str


class Offer(Part):
    """A skill a member can help with; `strength` 1..5, None when not said."""

    code: str
    strength: int | None = None


class Want(Part):
    """A skill a member wants; `priority` 1..3, `when` tells gaps of now from later ones (N10)."""

    code: str
    priority: int | None = None
    when: Literal["now", "later"] = "now"


class Enrolment(Part):
    """Taking part in one programme with so many seats."""

    programme_id: str
    capacity: int


class WorkingSpan(Part):
    """Working time on one weekday (0 = Monday), in minutes after local midnight."""

    weekday: int
    start_minute: int
    end_minute: int


class CardUpdated(Contract):
    """What matching and scheduling may know of a member: codes, never words. The newest record wins."""

    TYPE = "tandem.profile.card.updated.v1"
    TOPIC = topics.PROFILE_CARD
    CONSUMERS = ("matching", "scheduling")
    EXAMPLE = {
        "member_id": MEMBER,
        "status": "active",
        "manager_chain": [MANAGER],
        "years": 6.5,
        "offers": [{"code": "python", "strength": 4}],
        "wants": [{"code": "negotiation", "priority": 3, "when": "now"}],
        "goals": ["lead-a-team"],
        "challenges": ["new-in-role"],
        "challenges_long": ["visibility"],
        "timezone": "Europe/Berlin",
        "languages": ["de", "en"],
        "working_hours": [{"weekday": 0, "start_minute": 540, "end_minute": 1020}],
        "enrolments": [{"programme_id": "peers", "capacity": 1}],
    } | {name: value for name, value in _CODES.items() if name != "manager_id"}
    member_id: str
    status: Literal["active", "left"]
    department: str | None = None
    site: str | None = None
    country: str | None = None
    job_family: str | None = None
    level: int | None = None
    years: float | None = None
    manager_chain: list[str] = []
    offers: list[Offer] = []
    wants: list[Want] = []
    goals: list[str] = []
    challenges: list[str] = []
    challenges_long: list[str] = []
    vision_themes: list[str] = []
    journey: list[str] = []
    timezone: str | None = None
    languages: list[str] = []
    working_hours: list[WorkingSpan] = []
    communication: str | None = None
    enrolments: list[Enrolment] = []
    paused_until: Instant | None = None
    paused_reason: Literal["paused", "away"] | None = None


class ContactUpdated(Contract):
    """How notification reaches a member: the only record with a name and an address. The newest record wins."""

    TYPE = "tandem.profile.contact.updated.v1"
    TOPIC = topics.PROFILE_CONTACT
    CONSUMERS = ("notification",)
    EXAMPLE = {
        "member_id": MEMBER,
        "company_key": "E-1001",
        "display_name": "Ada Example",
        "email": "ada@corp.example",
        "locale": "de",
        "timezone": "Europe/Berlin",
        "working_hours": [{"weekday": 0, "start_minute": 540, "end_minute": 1020}],
    }
    member_id: str
    company_key: Annotated[str, PRIVATE]
    display_name: Annotated[str, PRIVATE]
    email: Annotated[str, PRIVATE]
    locale: str
    timezone: str
    working_hours: list[WorkingSpan] = []
    chat_handle: Annotated[str | None, PRIVATE] = None


class SkillListPublished(Contract):
    """The company's list of skills: each code with the skill or group that it is part of (null at the top), and codes that were merged.

    The newest record wins. Members' cards follow a merge by themselves.
    """

    TYPE = "tandem.profile.skill-list.published.v1"
    TOPIC = topics.PROFILE_SKILL_LIST
    CONSUMERS = ("matching",)
    EXAMPLE = {
        "list_id": "company",
        "skills": {"data": None, "data-systems": "data", "databases": "data-systems", "sql": "databases"},
        "merged": {"structured-query-language": "sql"},
    }
    list_id: str
    skills: dict[str, str | None]
    merged: dict[str, str] = {}
