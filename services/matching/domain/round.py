"""A round: one frozen snapshot, one result, published once (N4, N7)."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.matching.domain import events, refusals
from services.matching.domain.rules import RuleSet
from shared.kernel.aggregate import Aggregate


class RoundState(StrEnum):
    """Opened, frozen and solved by themselves; publishing begins at an admin's word and is always finished."""

    OPENED = "opened"
    FROZEN = "frozen"
    SOLVED = "solved"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


RUNNING = (RoundState.OPENED, RoundState.FROZEN, RoundState.SOLVED, RoundState.PUBLISHING)
WORKING = (RoundState.OPENED, RoundState.FROZEN, RoundState.PUBLISHING)
"""States in which the runner has something to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """What the optimiser answered, in counts, and what it takes to repeat it byte for byte (N7)."""

    size: int
    pairs: int
    trios: int
    unmatched: int
    weight: int
    bound: int | None
    engine: str
    engine_version: str
    result_hash: str
    leaves: int
    """How many documents hold the outcome, each published in one transaction."""


@dataclass(kw_only=True)
class Round(Aggregate):
    """One round of a programme. It repeats from (snapshot, rules, seed) after any crash, with the same result."""

    programme_id: str
    rules: RuleSet
    seed: int
    opened_at: datetime
    correlation_id: str
    """N17: that of the command which the runner carries out."""
    state: RoundState = RoundState.OPENED
    frozen_at: datetime | None = None
    size: int = 0
    snapshot_hash: str = ""
    solution: Solution | None = None
    leaves_published: int = 0
    proposals: int = 0
    unmatched: int = 0
    ended_at: datetime | None = None
    failure: str | None = None
    """A code that says why the round was given up."""

    @classmethod
    def open(cls, *, id: str, programme_id: str, rules: RuleSet, seed: int | None, at: datetime, correlation_id: str) -> "Round":  # noqa: A002
        """Begin: rules and seed are fixed from here; without a seed the id gives one."""
        if seed is None:
            seed = int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big")
        opened = cls(id=id, programme_id=programme_id, rules=rules, seed=seed, opened_at=at, correlation_id=correlation_id)
        opened.record(events.RoundOpened(round_id=id, programme_id=programme_id, rules_version=rules.version, seed=seed))
        return opened

    @property
    def is_running(self) -> bool:
        """Return whether the programme must wait with another round."""
        return self.state in RUNNING

    def freeze(self, *, size: int, snapshot_hash: str, at: datetime) -> None:
        """N7: nothing that changes later touches this round, an import neither (C)."""
        self._demand(RoundState.OPENED)
        self.state, self.frozen_at, self.size, self.snapshot_hash = RoundState.FROZEN, at, size, snapshot_hash
        self.record(events.RoundFrozen(round_id=self.id, programme_id=self.programme_id, size=size, snapshot_hash=snapshot_hash))

    def solve(self, solution: Solution) -> None:
        """Keep what the optimiser found."""
        self._demand(RoundState.FROZEN)
        self.state, self.solution = RoundState.SOLVED, solution
        self.record(
            events.RoundSolved(
                round_id=self.id,
                programme_id=self.programme_id,
                size=solution.size,
                pairs=solution.pairs,
                trios=solution.trios,
                unmatched=solution.unmatched,
                weight=solution.weight,
                bound=solution.bound,
                engine=solution.engine,
                result_hash=solution.result_hash,
            )
        )

    def publish(self, correlation_id: str) -> None:
        """Begin to tell members. Saying it again changes nothing, also after the end: a repeated command is harmless."""
        if self.state in {RoundState.PUBLISHING, RoundState.PUBLISHED}:
            return
        if self.state is RoundState.CANCELLED:
            raise refusals.RoundIsOver(state=self.state.value)
        if self.state is not RoundState.SOLVED:
            raise refusals.RoundNotSolved(state=self.state.value)
        self.state, self.correlation_id = RoundState.PUBLISHING, correlation_id

    def leaf_published(self, proposals: int, unmatched: dict[str, str]) -> None:
        """N4: one document of the outcome became proposals; everybody else in it is told exactly one reason."""
        self._demand(RoundState.PUBLISHING)
        self.leaves_published += 1
        self.proposals += proposals
        self.unmatched += len(unmatched)
        for member_id, reason in unmatched.items():
            self.record(events.MemberUnmatched(round_id=self.id, programme_id=self.programme_id, member_id=member_id, reason=reason))

    def finish(self, at: datetime) -> None:
        """All documents are published."""
        self._demand(RoundState.PUBLISHING)
        self.state, self.ended_at = RoundState.PUBLISHED, at
        self.record(
            events.RoundPublished(round_id=self.id, programme_id=self.programme_id, proposals=self.proposals, unmatched=self.unmatched)
        )

    def cancel(self, reason: str, at: datetime) -> None:
        """Give up before publication; nobody was told anything. A publication that began is finished."""
        if self.state in {RoundState.PUBLISHING, RoundState.PUBLISHED, RoundState.CANCELLED}:
            raise refusals.RoundIsOver(state=self.state.value)
        self.state, self.ended_at, self.failure = RoundState.CANCELLED, at, reason
        self.record(events.RoundCancelled(round_id=self.id, programme_id=self.programme_id, reason=reason))

    def _demand(self, state: RoundState) -> None:
        if self.state is not state:
            raise refusals.RoundIsOver(state=self.state.value)
