"""An admin looks at what a rule set does to the people who are enrolled, before any round; nothing is written (N5, N7, R13)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.matching.application.freeze_round import SLICE_MEMBERS, members_between
from services.matching.application.ports import UnitOfWork
from services.matching.application.solver import SolveOrder
from services.matching.domain.draft import Draft
from services.matching.domain.place import BUCKETS
from services.matching.domain.programme import Programme, Terms, check_terms
from services.matching.domain.refusals import TooFewToPreview
from services.matching.domain.rules import RuleSet
from services.matching.domain.skill_tree import check_codes
from services.matching.domain.snapshot import FrozenMember

Window = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewProgramme:
    """Whose people are looked at, and the document that is tried; without one the rules in force are."""

    programme_id: str
    rules: RuleSet | None = None
    terms: Terms | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What is tried, as of one instant; the pool is read window by window."""

    programme: Programme
    order: SolveOrder
    windows: Sequence[Window]


async def begin_preview(command: PreviewProgramme, uow: UnitOfWork) -> Tried:
    """Return what is to be tried, checked as if it were applied.

    Raises:
        RulesInvalid: the rules name a skill that is not on the company's list.
        TooFewToPreview: fewer people are enrolled than an aggregate may stand for (R13).

    """
    stored = await uow.programmes.find(command.programme_id) or Programme.named(command.programme_id)
    tried = replace(stored, rules=command.rules or stored.rules, terms=command.terms or stored.terms)
    skills = await uow.skills.current()
    check_terms(tried.terms)
    check_codes(tried.rules, skills)
    smallest = max(stored.terms.minimum_group_size, tried.terms.minimum_group_size)
    members = await uow.places.count_enrolled(stored.id)
    if members < smallest:
        raise TooFewToPreview(members=members, members_min=smallest)
    width = max(1, min(BUCKETS, BUCKETS * SLICE_MEMBERS // members))
    order = SolveOrder(
        round_id="",
        draft=Draft(number=1, rules=tried.rules, seed=command.seed),
        frozen_at=uow.clock.now(),
        minimum_group_size=smallest,
        skills=skills,
    )
    return Tried(programme=tried, order=order, windows=[(start, min(start + width, BUCKETS)) for start in range(0, BUCKETS, width)])


async def members_in(tried: Tried, window: Window, uow: UnitOfWork) -> list[FrozenMember]:
    """Return the members of one window as a round that is opened now would see them."""
    return [member for _, member in await members_between(tried.programme, window, tried.order.frozen_at, uow)]
