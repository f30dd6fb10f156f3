"""What the use cases need of an optimiser: what it is asked, what it answers, and how it fails (N4, N7)."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from services.matching.domain.draft import Draft, Solution
from services.matching.domain.skill_tree import SkillTree
from services.matching.domain.snapshot import FrozenMember, Leaf, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class SolveOrder:
    """What an optimiser gets besides the members: enough to give the same answer again (N7)."""

    round_id: str
    draft: Draft
    frozen_at: datetime
    minimum_group_size: int = 5
    """R13: what the report tells by group."""
    skills: SkillTree = field(default_factory=SkillTree)
    """R6: the hierarchy that the round was frozen with."""


Progress = Callable[[str, float], None]
Piece = Leaf | Report
KeepPiece = Callable[[Piece], Awaitable[None]]


class EngineFailed(Exception):
    """The optimiser gave no answer; `code` says how it ended, never with which data."""

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(code)
        self.code = code


class RoundSolver(Protocol):
    """N4: solves a whole round outside this process; cancelling the call ends the work."""

    async def solve(
        self,
        order: SolveOrder,
        members: AsyncIterator[Sequence[FrozenMember]],
        *,
        base: AsyncIterator[Leaf] | None = None,
        keep: KeepPiece,
        progress: Progress,
    ) -> Solution:
        """Give every piece of the outcome to `keep`, in order, and return the counts; `base` is the draft that is built on.

        Raises:
            EngineFailed: there is no answer; asking again may help.

        """
        ...


class RoundEngine(RoundSolver, Protocol):
    """What admins may ask beside: nothing of it is kept."""

    async def preview(self, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]]) -> dict[str, Any]:
        """N7: look at a pool by the order's rules and return aggregates; nothing is solved.

        Raises:
            EngineFailed: there is no answer; asking again may help.

        """
        ...

    def compare(
        self, order: SolveOrder, members: AsyncIterator[Sequence[FrozenMember]], *, base: AsyncIterator[Leaf]
    ) -> AsyncIterator[dict[str, Any]]:
        """N7: solve and yield progress, what would change, and last the comparison with `base`.

        Raises:
            EngineFailed: there is no answer; asking again may help.

        """
        ...
