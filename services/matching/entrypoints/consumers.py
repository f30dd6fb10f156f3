"""What matching reacts to: cards and facts of members, and how sessions go. One function per fact."""

from typing import Any

from services.matching.application import count_session, follow_member, keep_skills, update_card
from services.matching.application.ports import UnitOfWork
from services.matching.domain import card as cards
from services.matching.domain.skill_tree import SkillTree
from shared.contracts import profile, scheduling, topics
from shared.messaging.consuming import Consumer
from shared.messaging.received import Received


def declare_routes(consumer: Consumer[Any]) -> None:
    """Read all subscriptions aloud."""
    consumer.route(topics.PROFILE_CARD, {profile.CardUpdated: on_card_updated}, tombstone=on_card_tombstone)
    consumer.route(topics.PROFILE_SKILL_LIST, {profile.SkillListPublished: on_skill_list_published})
    consumer.route(
        topics.PROFILE_MEMBER,
        {profile.MemberLeft: on_member_left, profile.MemberMoved: on_member_moved, profile.MemberErased: on_member_erased},
    )
    consumer.route(
        topics.SCHEDULING_SESSION,
        {scheduling.SessionHeld: on_session_held, scheduling.SessionMissed: on_session_missed},
    )


async def on_card_updated(received: Received[profile.CardUpdated], uow: UnitOfWork) -> None:
    """Keep the newest card."""
    command = update_card.UpdateCard(card=_card_of(received.data), sequence=received.envelope.sequence, at=received.envelope.time)
    await update_card.update_card(command, uow)


async def on_card_tombstone(member_id: str, uow: UnitOfWork) -> None:
    """N18: an erased member's card is gone."""
    await update_card.forget_card(member_id, uow)


async def on_skill_list_published(received: Received[profile.SkillListPublished], uow: UnitOfWork) -> None:
    """R6: related skills are found by the newest hierarchy."""
    tree = SkillTree(broader=received.data.skills)
    await keep_skills.keep_skills(keep_skills.KeepSkills(tree=tree, sequence=received.envelope.sequence), uow)


async def on_member_left(received: Received[profile.MemberLeft], uow: UnitOfWork) -> None:
    """N3: a leaver's pairings close kindly."""
    await follow_member.follow_leaver(follow_member.MemberLeft(member_id=received.data.member_id, at=received.envelope.time), uow)


async def on_member_moved(received: Received[profile.MemberMoved], uow: UnitOfWork) -> None:
    """N3: conflicts are re-checked, members are asked."""
    fact = received.data
    command = follow_member.MemberMoved(
        member_id=fact.member_id, changed=tuple(fact.changed), manager_id=fact.manager_id, at=received.envelope.time
    )
    await follow_member.follow_mover(command, uow)


async def on_member_erased(received: Received[profile.MemberErased], uow: UnitOfWork) -> None:
    """N18: what matching keeps of a member goes."""
    await follow_member.forget_member(follow_member.MemberLeft(member_id=received.data.member_id, at=received.envelope.time), uow)


async def on_session_held(received: Received[scheduling.SessionHeld], uow: UnitOfWork) -> None:
    """N19: a session took place."""
    command = count_session.CountSession(pairing_id=received.data.pairing_id, held=True, at=received.envelope.time)
    await count_session.count_session(command, uow)


async def on_session_missed(received: Received[scheduling.SessionMissed], uow: UnitOfWork) -> None:
    """N19: a session did not take place."""
    command = count_session.CountSession(pairing_id=received.data.pairing_id, held=False, at=received.envelope.time)
    await count_session.count_session(command, uow)


def _card_of(data: profile.CardUpdated) -> cards.Card:
    return cards.Card(
        member_id=data.member_id,
        status=data.status,
        department=data.department,
        site=data.site,
        country=data.country,
        job_family=data.job_family,
        level=data.level,
        years=data.years,
        manager_chain=tuple(data.manager_chain),
        offers=tuple(cards.Offer(code=each.code, strength=each.strength) for each in data.offers),
        wants=tuple(cards.Want(code=each.code, priority=each.priority, when=each.when) for each in data.wants),
        goals=tuple(data.goals),
        challenges=tuple(data.challenges),
        challenges_long=tuple(data.challenges_long),
        vision_themes=tuple(data.vision_themes),
        journey=tuple(data.journey),
        timezone=data.timezone,
        languages=tuple(data.languages),
        working_hours=tuple(
            cards.WorkingSpan(weekday=each.weekday, start_minute=each.start_minute, end_minute=each.end_minute)
            for each in data.working_hours
        ),
        communication=data.communication,
        enrolments=tuple(cards.Enrolment(programme_id=each.programme_id, capacity=each.capacity) for each in data.enrolments),
        paused_until=data.paused_until,
        paused_reason=data.paused_reason,
    )
