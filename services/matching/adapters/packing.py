"""A frozen member in the engine's words."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from services.matching.domain.card import WorkingSpan
from services.matching.domain.rules import RuleSet
from services.matching.domain.skill_tree import SkillTree, with_related
from services.matching.domain.snapshot import FrozenMember
from services.matching.engine.person import Person

WEEK_MINUTES = 7 * 24 * 60
DAY_MINUTES = 24 * 60


def person_of(frozen: FrozenMember, at: datetime) -> Person:
    """Return what the optimiser may know: codes and numbers; `at` fixes the zones' offsets, so that a repeat gives the same (N7)."""
    card = frozen.card
    return Person(
        id=card.member_id,
        offers={offer.code: offer.strength for offer in card.offers},
        wants={want.code: want.priority for want in card.wants if want.when == "now"},
        goals=card.goals,
        vision_themes=card.vision_themes,
        challenges=card.challenges,
        challenges_long=card.challenges_long,
        experience=card.journey,
        level=card.level,
        years=card.years,
        job_family=card.job_family,
        department=card.department,
        site=card.site,
        languages=card.languages,
        availability=tuple(weekly_availability(card.working_hours, card.timezone, at)),
        communication=card.communication,
        manager_chain=card.manager_chain,
        seats=frozen.seats,
        mentee_seats=frozen.mentee_seats,
        do_not_pair=frozen.barred,
        past_partners=frozen.met,
        live_partners=frozen.live,
        left_out=frozen.left_out > 0,
    )


def rules_for(people: Sequence[Person], rules: RuleSet, tree: SkillTree) -> RuleSet:
    """R6: return the rules with what the hierarchy of skills relates among what these people want and offer."""
    wanted = Counter(code for person in people for code in person.wants if code not in person.offers)
    offered = Counter(code for person in people for code in person.offers)
    return with_related(rules, tree, wanted, offered)


def weekly_availability(hours: tuple[WorkingSpan, ...], zone: str | None, at: datetime) -> Iterator[tuple[int, int]]:
    """Yield working hours as minutes since Monday 00:00 UTC, cut where a span crosses the end of the week."""
    shift = _offset_minutes(zone, at)
    for span in hours:
        start = span.weekday * DAY_MINUTES + span.start_minute - shift
        end = span.weekday * DAY_MINUTES + span.end_minute - shift
        low, high = start % WEEK_MINUTES, start % WEEK_MINUTES + (end - start)
        if high <= WEEK_MINUTES:
            yield low, high
        else:
            yield low, WEEK_MINUTES
            yield 0, high - WEEK_MINUTES


def _offset_minutes(zone: str | None, at: datetime) -> int:
    try:
        offset = at.astimezone(ZoneInfo(zone)).utcoffset() if zone else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        offset = None
    return (offset or timedelta(0)) // timedelta(minutes=1)
