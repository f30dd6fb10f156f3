"""What callers get to see: a member everything about themselves, HR the organisation, services ids and a name."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.profile.domain.member import Member
from services.profile.domain.values import Pause, PauseReason, When
from services.profile.domain.vocabulary import Kind, Source, Vocabulary
from services.profile.domain.working_hours import hours_text
from shared.contracts.base import Instant


class EnrolmentOut(BaseModel):
    """A part in a programme."""

    programme_id: str
    capacity: int


class PauseOut(BaseModel):
    """A pause."""

    until: Instant
    reason: PauseReason


class MemberSummary(BaseModel):
    """A member as a list shows them: no words."""

    id: str
    company_key: str
    status: str
    enrolments: list[EnrolmentOut]


class MemberBrief(MemberSummary):
    """A member as another service may read them at the moment of use."""

    display_name: str
    pause: PauseOut | None


class MemberForHr(MemberBrief):
    """A member as an HR administrator sees them: organisation and contact, no private words, no challenges (R9, N9)."""

    email: str
    department: str | None
    site: str | None
    country: str | None
    job_family: str | None
    level: int | None
    years: float | None
    start_date: str | None
    manager_id: str | None
    timezone: str | None
    languages: list[str]
    working_hours: str
    capacity: int
    joined_at: Instant
    left_at: Instant | None
    edited_by_member: list[str]


class TagOut(BaseModel):
    """One's own words and the code they became (null: too long to be one, kept private)."""

    words: str
    code: str | None


class OfferOut(TagOut):
    """An offer."""

    strength: int | None


class WantOut(TagOut):
    """A want."""

    priority: int | None
    when: When


class CareerStepOut(BaseModel):
    """One role of the journey."""

    title: str
    begun: str
    ended: str | None


class VisionOut(BaseModel):
    """The vision."""

    text: str
    horizon_years: int
    themes: list[TagOut]


class OwnProfile(MemberForHr):
    """A member's own profile, private words included; for its member alone."""

    communication: str | None
    chat_handle: str | None
    offers: list[OfferOut]
    wants: list[WantOut]
    goals: list[TagOut]
    challenges: list[TagOut]
    challenges_long: list[TagOut]
    journey: list[CareerStepOut]
    journey_searchable: bool
    vision: VisionOut | None
    reflection: str


class Changed(BaseModel):
    """Answer to a command about one member: the new revision (ETag) and what counts now."""

    id: str
    revision: int
    status: str
    enrolments: list[EnrolmentOut]
    pause: PauseOut | None


class BulkEnrolled(BaseModel):
    """Answer to enrolling many: newly enrolled or with other seats, unchanged, and company keys that nobody has."""

    enrolled: int
    unchanged: int
    unknown: list[str]


class Erased(BaseModel):
    """What an erasure did (N18)."""

    member_id: str
    places: dict[str, int]


class LabelsOut(BaseModel):
    """Codes with their names by language; `und` is the name that the company's people file gives, in whatever language."""

    skills: dict[str, dict[str, str]]
    goals: dict[str, dict[str, str]]
    challenges: dict[str, dict[str, str]]
    departments: dict[str, dict[str, str]]
    job_families: dict[str, dict[str, str]]
    sites: dict[str, dict[str, str]]


def labels_out(vocabulary: Vocabulary, own: Mapping[tuple[str, str], str]) -> LabelsOut:
    """Return all labels; `own` maps (column, code) to the company's spelling."""
    listed = {kind.value: {code: dict(names) for code, names in vocabulary.labels(kind).items()} for kind in Kind}
    columns = {"departments": "department", "job_families": "job_family", "sites": "site"}
    named = {name: {code: {"und": label} for (found, code), label in own.items() if found == column} for name, column in columns.items()}
    return LabelsOut.model_validate(listed | named)


class SkillOut(BaseModel):
    """One skill of the list; `also` are other spellings, `broader` is what it is a part of, `uri` where a classification defines it."""

    code: str
    labels: dict[str, str]
    also: list[str]
    broader: str | None
    source: Source
    uri: str | None


class GroupOut(BaseModel):
    """A step of the hierarchy that is no skill itself."""

    code: str
    labels: dict[str, str]
    broader: str | None


class SkillListOut(BaseModel):
    """The company's list of skills as it is now."""

    groups: list[GroupOut]
    skills: list[SkillOut]


class FreeTagOut(BaseModel):
    """A tag that is not on the list: how many members have it, and which other tags and codes of the list are written much like it."""

    code: str
    members: int
    nearest: list[str]


class SkillListChangedOut(BaseModel):
    """Whether the list is another one now, and how many members' codes followed."""

    changed: bool
    members: int


def skill_list_out(vocabulary: Vocabulary) -> SkillListOut:
    """Return the list by code."""
    groups = [GroupOut(code=each.code, labels=dict(each.labels), broader=each.broader) for each in vocabulary.groups]
    skills = [
        SkillOut(
            code=each.code,
            labels=dict(each.labels),
            also=list(each.synonyms),
            broader=each.broader,
            source=each.source,
            uri=each.uri,
        )
        for each in sorted(vocabulary.skills, key=lambda term: term.code)
    ]
    return SkillListOut(groups=groups, skills=skills)


def _pause(pause: Pause | None) -> PauseOut | None:
    return PauseOut(until=pause.until, reason=pause.reason) if pause else None


def summary_of(member: Member) -> MemberSummary:
    """Return the line of a list."""
    return MemberSummary(id=member.id, company_key=member.company_key, status=member.status.value, enrolments=_enrolments(member))


def brief_of(member: Member) -> MemberBrief:
    """Return what other services may read."""
    return MemberBrief(**_brief(member))


def for_hr(member: Member) -> MemberForHr:
    """Return what HR may read."""
    return MemberForHr(**_organisation(member))


def own_profile(member: Member) -> OwnProfile:
    """Return everything; for the member alone."""
    vision = member.vision
    return OwnProfile(
        **_organisation(member),
        communication=member.communication,
        chat_handle=member.chat_handle,
        offers=[OfferOut(words=each.tag.words, code=each.tag.code, strength=each.strength) for each in member.offers],
        wants=[WantOut(words=each.tag.words, code=each.tag.code, priority=each.priority, when=each.when) for each in member.wants],
        goals=[TagOut(words=each.words, code=each.code) for each in member.goals],
        challenges=[TagOut(words=each.words, code=each.code) for each in member.challenges],
        challenges_long=[TagOut(words=each.words, code=each.code) for each in member.challenges_long],
        journey=[CareerStepOut(title=each.title, begun=each.begun, ended=each.ended) for each in member.journey],
        journey_searchable=member.journey_searchable,
        vision=VisionOut(
            text=vision.text,
            horizon_years=vision.horizon_years,
            themes=[TagOut(words=each.words, code=each.code) for each in vision.themes],
        )
        if vision
        else None,
        reflection=member.reflection,
    )


def changed(member: Member) -> Changed:
    """Return what counts after a command."""
    return Changed(
        id=member.id,
        revision=member.revision,
        status=member.status.value,
        enrolments=_enrolments(member),
        pause=_pause(member.pause),
    )


def _enrolments(member: Member) -> list[EnrolmentOut]:
    return [EnrolmentOut(programme_id=each.programme_id, capacity=each.capacity) for each in member.enrolments]


def _brief(member: Member) -> dict[str, Any]:
    return summary_of(member).model_dump() | {"display_name": member.display_name, "pause": _pause(member.pause)}


def _organisation(member: Member) -> dict[str, Any]:
    plain: dict[str, str | int | float | datetime | None] = {
        name: getattr(member, name)
        for name in (
            *("email", "department", "site", "country", "job_family", "level", "years", "start_date", "manager_id", "timezone"),
            *("capacity", "joined_at", "left_at"),
        )
    }
    return (
        _brief(member)
        | plain
        | {
            "languages": list(member.languages),
            "working_hours": hours_text(member.working_hours),
            "edited_by_member": list(member.owned),
        }
    )
