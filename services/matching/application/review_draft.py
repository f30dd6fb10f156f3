"""Admins look at a draft before anybody hears of it: they lock groups, keep people apart, and have it solved again (N4, N7)."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.matching.application.ports import UnitOfWork
from services.matching.application.solver import SolveOrder
from services.matching.domain.draft import Members, Two
from services.matching.domain.round import Round
from services.matching.domain.round_refusals import NotInDraft
from services.matching.domain.rules import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewDraft:
    """What the next draft must keep and must not pair; said again it changes nothing."""

    round_id: str
    lock: tuple[Members, ...] = ()
    unlock: tuple[Members, ...] = ()
    forbid: tuple[Two, ...] = ()
    allow: tuple[Two, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveAgain:
    """By which rules and seed (None: those of the draft at hand); `expected` commits a what-if: only its result is taken."""

    round_id: str
    rules: RuleSet | None = None
    seed: int | None = None
    expected: str | None = None


async def review_draft(command: ReviewDraft, uow: UnitOfWork) -> Round:
    """Note the wishes; locked can only be what the draft proposes, kept apart only who was frozen."""
    solved = await uow.rounds.get(command.round_id)
    draft = solved.reviewed
    for group in command.lock:
        await _demand_group(solved.id, draft.number, group, uow)
    named = sorted({member for pair in command.forbid for member in pair})
    if any(one == other for one, other in command.forbid) or (named and not await uow.snapshots.holds(solved.id, named)):
        raise NotInDraft
    solved.wish(lock=command.lock, unlock=command.unlock, forbid=command.forbid, allow=command.allow)
    await uow.rounds.save(solved)
    return solved


async def solve_again(command: SolveAgain, uow: UnitOfWork) -> Round:
    """Have another draft solved on the same snapshot."""
    solved = await uow.rounds.get(command.round_id)
    solved.solve_again(solved.next_draft(command.rules, command.seed, command.expected))
    await uow.rounds.save(solved)
    uow.wake_rounds()
    return solved


async def repair_draft(round_id: str, uow: UnitOfWork) -> Round:
    """Have those re-solved whom something happened to since the freeze; all others keep their group."""
    solved = await uow.rounds.get(round_id)
    solved.repair()
    await uow.rounds.save(solved)
    uow.wake_rounds()
    return solved


def what_if(solved: Round, command: SolveAgain, minimum_group_size: int) -> SolveOrder:
    """Return the order whose answer `solve_again` with the same command gives; nothing is written (N7)."""
    draft = solved.next_draft(command.rules, command.seed)
    if solved.frozen_at is None:
        raise NotInDraft
    return SolveOrder(round_id=solved.id, draft=draft, frozen_at=solved.frozen_at, minimum_group_size=minimum_group_size)


async def _demand_group(round_id: str, draft: int, members: Sequence[str], uow: UnitOfWork) -> None:
    wanted = tuple(sorted(members))
    leaves = await uow.snapshots.leaf_with(round_id, draft, wanted[0])
    if not any(tuple(sorted(group.members)) == wanted for leaf in leaves for group in leaf.groups):
        raise NotInDraft
