"""What may be read, and by whom. Reads skip aggregates where a document is enough; none of them is a transaction."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.matching.domain.charter import GoalWarning, warnings_of
from services.matching.domain.draft import Draft
from services.matching.domain.pairing import Pairing
from services.matching.domain.programme import Programme
from services.matching.domain.round import Round
from services.matching.domain.skill_tree import SkillTree
from services.matching.domain.snapshot import Explanation, FrozenMember, Leaf, Report
from shared.kernel.errors import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """N19: sessions of a pairing in counts."""

    held: int = 0
    missed: int = 0
    last_held_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundProgress:
    """What the runner is doing: a stage, and how many of how many steps of it are done."""

    stage: str
    done: int
    of: int


class Library(Protocol):
    """Everything that reads need."""

    async def programme(self, programme_id: str) -> Programme | None:
        """Return a programme."""
        ...

    async def programmes(self) -> list[Programme]:
        """Return all programmes by id."""
        ...

    async def round(self, round_id: str) -> Round | None:
        """Return a round."""
        ...

    async def rounds(self, programme_id: str) -> list[Round]:
        """Return a programme's rounds, newest first."""
        ...

    async def progress(self, round_id: str) -> RoundProgress | None:
        """Return what the runner is doing."""
        ...

    async def leaf(self, round_id: str, draft: int, number: int) -> Leaf | None:
        """Return one piece of a draft."""
        ...

    async def leaf_with(self, round_id: str, draft: int, member_id: str) -> list[Leaf]:
        """Return the pieces of a draft in which a member is."""
        ...

    async def skills(self, round_id: str) -> SkillTree:
        """Return the hierarchy of skills that a round was frozen with."""
        ...

    async def report(self, round_id: str, draft: int) -> Report | None:
        """Return the figures of a draft."""
        ...

    def leaves(self, round_id: str, draft: Draft) -> AsyncIterator[Leaf]:
        """Yield the pieces of a draft in order."""
        ...

    def snapshot(self, round_id: str) -> AsyncIterator[Sequence[FrozenMember]]:
        """Yield a round's frozen members."""
        ...

    async def pairing(self, pairing_id: str) -> Pairing | None:
        """Return a pairing."""
        ...

    async def pairings_of(self, member_id: str) -> list[Pairing]:
        """Return a member's pairings, newest first."""
        ...

    async def explanation(self, pairing_id: str, member_id: str) -> Explanation | None:
        """Return one side's four lists."""
        ...

    async def health(self, pairing_id: str) -> Health:
        """Return a pairing's counts."""
        ...

    async def offers(self, member_ids: Sequence[str]) -> dict[str, list[str]]:
        """Return the offered skill codes of members."""
        ...


async def pairing_for(library: Library, pairing_id: str, member_id: str) -> Pairing:
    """Return a pairing to one of its members; to others it does not exist."""
    pairing = await library.pairing(pairing_id)
    if pairing is None or member_id not in pairing.members:
        raise NotFound(id=pairing_id)
    return pairing


async def explanation_for(library: Library, pairing_id: str, member_id: str) -> Explanation:
    """R17: return a member's own side of the explanation; the other side's is not theirs to read."""
    pairing = await pairing_for(library, pairing_id, member_id)
    return await library.explanation(pairing.id, member_id) or Explanation()


async def charter_warnings(library: Library, pairing: Pairing) -> list[GoalWarning]:
    """R26, R27: return which goals no partner's offers can serve, each with the suggestion of a referral."""
    return warnings_of(pairing.chartering.current, await library.offers(pairing.members))
