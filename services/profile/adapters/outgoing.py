"""The only door through which facts and records of members leave (N9): ids, codes, times and numbers; words to contact only."""

from collections.abc import Mapping
from dataclasses import asdict

from services.profile.domain import events
from services.profile.domain.member import Member
from services.profile.domain.records import Card, Contact, DueRecord, Gone
from services.profile.domain.skill_list import SkillList
from services.profile.domain.values import WorkingSpan
from shared.contracts import profile as contracts
from shared.contracts import topics
from shared.contracts.base import Contract
from shared.contracts.topics import Topic
from shared.kernel.aggregate import DomainEvent

CONTRACT_OF: Mapping[type[DomainEvent], type[Contract]] = {
    events.MemberJoined: contracts.MemberJoined,
    events.MemberMoved: contracts.MemberMoved,
    events.MemberEnrolled: contracts.MemberEnrolled,
    events.MemberWithdrew: contracts.MemberWithdrew,
    events.MemberPaused: contracts.MemberPaused,
    events.MemberResumed: contracts.MemberResumed,
    events.MemberLeft: contracts.MemberLeft,
    events.MemberErased: contracts.MemberErased,
    events.SkillListPublished: contracts.SkillListPublished,
}


def fact_of(_: Member | SkillList, event: DomainEvent) -> Contract:
    """Return the contract of a domain event: its fields, and those of its placement, under the same names."""
    fields = asdict(event)
    return CONTRACT_OF[type(event)].model_validate(fields.pop("placement", {}) | fields)


def record_of(due: DueRecord) -> Contract | None:
    """Return the contract of a state record, None for one that is gone."""
    match due.record:
        case Card() as card:
            return _card(card)
        case Contact() as contact:
            return _contact(contact)
        case Gone():
            return None


def topic_of(gone: Gone) -> Topic:
    """Return the topic on which a record's tombstone belongs."""
    return topics.PROFILE_CARD if gone.of is Card else topics.PROFILE_CONTACT


def _card(card: Card) -> contracts.CardUpdated:
    placement = asdict(card.placement)
    placement.pop("manager_id")  # the first of the chain
    return contracts.CardUpdated(
        member_id=card.member_id,
        status="active" if card.status.value == "active" else "left",
        **placement,
        years=card.years,
        manager_chain=list(card.manager_chain),
        offers=[contracts.Offer(code=offer.code, strength=offer.strength) for offer in card.offers],
        wants=[contracts.Want(code=want.code, priority=want.priority, when=want.when.value) for want in card.wants],
        goals=list(card.goals),
        challenges=list(card.challenges),
        challenges_long=list(card.challenges_long),
        vision_themes=list(card.vision_themes),
        journey=list(card.journey),
        timezone=card.timezone,
        languages=list(card.languages),
        working_hours=_spans(card.working_hours),
        communication=card.communication,
        enrolments=[contracts.Enrolment(programme_id=each.programme_id, capacity=each.capacity) for each in card.enrolments],
        paused_until=card.paused_until,
        paused_reason=card.paused_reason.value if card.paused_reason else None,
    )


def _contact(contact: Contact) -> contracts.ContactUpdated:
    return contracts.ContactUpdated(
        member_id=contact.member_id,
        company_key=contact.company_key,
        display_name=contact.display_name,
        email=contact.email,
        locale=contact.locale,
        timezone=contact.timezone,
        working_hours=_spans(contact.working_hours),
        chat_handle=contact.chat_handle,
    )


def _spans(spans: tuple[WorkingSpan, ...]) -> list[contracts.WorkingSpan]:
    return [contracts.WorkingSpan(weekday=span.weekday, start_minute=span.start_minute, end_minute=span.end_minute) for span in spans]
