"""What the use cases need of the outside world. Adapters fulfil it; one conformance test runs on each of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from services.matching.domain.card import Card
from services.matching.domain.pairing import Pairing
from services.matching.domain.place import Place, Tie
from services.matching.domain.programme import Programme
from services.matching.domain.round import Round
from services.matching.domain.skill_tree import SkillTree
from services.matching.domain.snapshot import Explanation, FrozenMember, Leaf, Report
from shared.kernel.aggregate import Aggregate
from shared.kernel.cause import Cause
from shared.kernel.clock import Clock

A = TypeVar("A", bound=Aggregate)


class Repository(Protocol[A]):
    """Aggregates of one type. Saving refuses what somebody else changed meanwhile; the caller reruns the work."""

    async def find(self, aggregate_id: str) -> A | None:
        """Return it, or None."""
        ...

    async def get(self, aggregate_id: str) -> A:
        """Return it, or refuse with `NotFound`."""
        ...

    async def find_many(self, ids: Iterable[str]) -> list[A]:
        """Return those that exist."""
        ...

    async def add(self, aggregate: A) -> None:
        """Store a new one and tell its facts."""
        ...

    async def add_many(self, aggregates: Sequence[A]) -> None:
        """Store new ones by one call."""
        ...

    async def save(self, aggregate: A) -> None:
        """Store a changed one and tell its facts."""
        ...

    async def save_many(self, aggregates: Sequence[A]) -> None:
        """Store changed ones by one call."""
        ...


class ProgrammeRepository(Repository[Programme], Protocol):
    """Programmes by their slug."""


class RoundRepository(Repository[Round], Protocol):
    """Rounds by their id."""


class PairingRepository(Repository[Pairing], Protocol):
    """Pairings by their id and by their members."""

    async def live_of(self, member_id: str) -> list[Pairing]:
        """Return the proposals, formed and active pairings of a member, in the order of their ids."""
        ...

    async def all_of(self, member_id: str) -> list[Pairing]:
        """Return every pairing a member ever had, in the order of their ids."""
        ...


class PlaceRepository(Repository[Place], Protocol):
    """The place of a member in a programme."""

    async def enrolled(self, programme_id: str, buckets: tuple[int, int]) -> list[Place]:
        """Return who takes part, from the first bucket up to but without the second, by member id."""
        ...

    async def count_enrolled(self, programme_id: str) -> int:
        """Count who takes part; once a round."""
        ...


class TieRepository(Repository[Tie], Protocol):
    """What lies between two members."""

    async def touching(self, member_ids: Sequence[str]) -> list[Tie]:
        """Return every tie that one of these members has, in the order of their ids."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCard:
    """A card, the place of its record in the member's stream, when it was said, and when the member was told to have left."""

    card: Card
    sequence: int
    at: datetime | None = None
    left_at: datetime | None = None


class CardRepository(Protocol):
    """The replica of profile's cards."""

    async def find(self, member_id: str) -> KnownCard | None:
        """Return what is known of a member."""
        ...

    async def find_many(self, member_ids: Iterable[str]) -> dict[str, Card]:
        """Return the cards that are known, by member id."""
        ...

    async def save(self, known: KnownCard) -> None:
        """Keep the newest record."""
        ...

    async def remove(self, member_id: str) -> None:
        """N18: forget a member."""
        ...


class ExplanationRepository(Protocol):
    """R17: the four lists of each pairing and side."""

    async def save(self, explanations: Mapping[str, Mapping[str, Explanation]]) -> None:
        """Keep the lists of each member of each new pairing."""
        ...

    async def find(self, pairing_id: str, member_id: str) -> Explanation | None:
        """Return one side's lists."""
        ...

    async def remove(self, pairing_ids: Sequence[str]) -> None:
        """N18: delete the lists of these pairings."""
        ...


class SnapshotRepository(Protocol):
    """N7: the frozen members of a round, in slices, and the pieces of its outcome."""

    async def put_slice(self, round_id: str, buckets: tuple[int, int], members: Sequence[tuple[int, FrozenMember]]) -> None:
        """Keep the members of some buckets, each with their bucket; writing them again replaces them."""
        ...

    async def digests(self, round_id: str) -> list[str]:
        """Return the digests of all buckets, in order."""
        ...

    async def clear(self, round_id: str) -> None:
        """Remove slices of an attempt that died before the freeze."""
        ...

    async def put_leaf(self, round_id: str, draft: int, leaf: Leaf) -> None:
        """Keep one piece of a draft; writing it again replaces it."""
        ...

    async def leaf(self, round_id: str, draft: int, number: int) -> Leaf:
        """Return one piece of a draft."""
        ...

    async def leaf_with(self, round_id: str, draft: int, member_id: str) -> list[Leaf]:
        """Return the pieces of a draft in which a member is."""
        ...

    async def holds(self, round_id: str, member_ids: Sequence[str]) -> bool:
        """Return whether all of these members were frozen."""
        ...

    async def put_report(self, round_id: str, draft: int, report: Report) -> None:
        """Keep the figures of a draft; writing them again replaces them."""
        ...

    async def forget(self, member_id: str) -> None:
        """N18: delete a member's codes from all snapshots and outcomes."""
        ...


class HealthRepository(Protocol):
    """How a pairing goes, in counts: held and missed sessions."""

    async def count(self, pairing_id: str, *, held: int, missed: int, at: datetime) -> None:
        """Add to a pairing's counts."""
        ...


class SkillRepository(Protocol):
    """R6: which skill is part of what, as profile published it, and as each round was frozen with it (N7)."""

    async def current(self) -> SkillTree:
        """Return the newest hierarchy; an empty one before the first was told."""
        ...

    async def keep(self, tree: SkillTree, sequence: int) -> None:
        """Keep a hierarchy unless a newer one is known."""
        ...

    async def freeze(self, round_id: str, tree: SkillTree) -> None:
        """Keep the hierarchy that a round is solved by."""
        ...

    async def frozen(self, round_id: str) -> SkillTree:
        """Return the hierarchy that a round was frozen with."""
        ...


class Timers(Protocol):
    """Durable timers, set and cancelled in the same transaction as everything else."""

    async def set(self, id: str, due_at: datetime, kind: str, data: dict[str, Any]) -> None:  # noqa: A002
        """Have `kind` done at `due_at`; the same id replaces."""
        ...

    async def add_many(self, kind: str, timers: Sequence[tuple[str, datetime, dict[str, Any]]]) -> None:
        """Have several things of one kind done; each is an id that is new, its due time and its data."""
        ...

    async def cancel(self, id: str) -> None:  # noqa: A002
        """Forget a timer; an unknown one is fine."""
        ...


class UnitOfWork(Protocol):
    """One transaction: everything in it happens, or nothing."""

    programmes: ProgrammeRepository
    rounds: RoundRepository
    pairings: PairingRepository
    places: PlaceRepository
    ties: TieRepository
    cards: CardRepository
    explanations: ExplanationRepository
    snapshots: SnapshotRepository
    health: HealthRepository
    skills: SkillRepository
    timers: Timers
    clock: Clock
    cause: Cause

    def new_id(self) -> str:
        """Return a new opaque id."""
        ...

    def new_salt(self) -> str:
        """Return a secret that nobody can guess."""
        ...

    def wake_rounds(self) -> None:
        """Have the round runner look at its work once this is committed."""
        ...
