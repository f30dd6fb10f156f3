"""A round: one frozen snapshot, drafts of its result that admins may look at and have solved again, one publication (N4, N7)."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.matching.domain import events, round_refusals
from services.matching.domain.draft import Draft, Members, Solution, Two, two
from services.matching.domain.rules import RuleSet
from shared.kernel.aggregate import Aggregate


class RoundState(StrEnum):
    """Opened, frozen and solved by themselves; solved waits for its admins; publishing is always finished."""

    OPENED = "opened"
    FROZEN = "frozen"
    SOLVED = "solved"
    PUBLISHING = "publishing"
    PUBLISHED = "published"
    CANCELLED = "cancelled"


RUNNING = (RoundState.OPENED, RoundState.FROZEN, RoundState.SOLVED, RoundState.PUBLISHING)
WORKING = (RoundState.OPENED, RoundState.FROZEN, RoundState.PUBLISHING)
"""States in which the runner has something to do."""
DRAFTS_MAX, WISHES_MAX = 50, 500
"""A round is one document: its drafts and wishes must fit in."""


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
    publishes_itself: bool = False
    """Whether the first draft is published without anybody's look at it."""
    drafts: tuple[Draft, ...] = ()
    """What was solved so far."""
    pending: Draft | None = None
    """What is to be solved next."""
    locked: tuple[Members, ...] = ()
    """Groups that the next draft keeps."""
    forbidden: tuple[Two, ...] = ()
    """Members whom the next draft keeps apart."""
    leaves_published: int = 0
    proposals: int = 0
    unmatched: int = 0
    ended_at: datetime | None = None
    failure: str | None = None
    """A code that says why the round was given up."""

    @classmethod
    def open(
        cls,
        *,
        id: str,  # noqa: A002
        programme_id: str,
        rules: RuleSet,
        seed: int | None,
        at: datetime,
        correlation_id: str,
        publishes_itself: bool = False,
    ) -> "Round":
        """Begin: rules and seed are fixed from here; without a seed the id gives one."""
        if seed is None:
            seed = int.from_bytes(hashlib.sha256(id.encode()).digest()[:4], "big")
        opened = cls(
            id=id,
            programme_id=programme_id,
            rules=rules,
            seed=seed,
            opened_at=at,
            correlation_id=correlation_id,
            publishes_itself=publishes_itself,
            pending=Draft(number=1, rules=rules, seed=seed),
        )
        opened.record(events.RoundOpened(round_id=id, programme_id=programme_id, rules_version=rules.version, seed=seed))
        return opened

    @property
    def is_running(self) -> bool:
        """Return whether the programme must wait with another round."""
        return self.state in RUNNING

    @property
    def draft(self) -> Draft | None:
        """Return the draft that would be published, None before the first."""
        return self.drafts[-1] if self.drafts else None

    @property
    def solution(self) -> Solution | None:
        """Return what came out of that draft."""
        return self.draft.solution if self.draft else None

    def freeze(self, *, size: int, snapshot_hash: str, at: datetime) -> None:
        """N7: nothing that changes later touches this round, an import neither (C)."""
        self._demand(RoundState.OPENED)
        self.state, self.frozen_at, self.size, self.snapshot_hash = RoundState.FROZEN, at, size, snapshot_hash
        self.record(events.RoundFrozen(round_id=self.id, programme_id=self.programme_id, size=size, snapshot_hash=snapshot_hash))

    def solve(self, solution: Solution) -> None:
        """Keep what the optimiser found; a committed what-if only if it is what was shown, and then who left meanwhile is looked for."""
        self._demand(RoundState.FROZEN)
        done = replace(self.due, solution=solution)
        if done.expected not in {None, solution.result_hash}:
            self.give_up_draft("what-if-not-repeated")
            return
        self.state, self.pending, self.failure = RoundState.SOLVED, None, None
        self.drafts = (*self.drafts, done)
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
        if done.base is not None and not done.is_repair:
            self.repair()
        elif done.number == 1 and self.publishes_itself:
            self.publish(self.correlation_id)

    @property
    def due(self) -> Draft:
        """Return what the optimiser is to do."""
        if self.pending is None:
            raise round_refusals.RoundIsOver(state=self.state.value)
        return self.pending

    @property
    def reviewed(self) -> Draft:
        """Return the draft that admins may look at and change.

        Raises:
            RoundNotSolved, RoundIsOver: there is none yet, or members hear of it already.

        """
        if self.state in {RoundState.OPENED, RoundState.FROZEN}:
            raise round_refusals.RoundNotSolved(state=self.state.value)
        self._demand(RoundState.SOLVED)
        return self.drafts[-1]

    def wish(self, *, lock: Iterable[Members], unlock: Iterable[Members], forbid: Iterable[Two], allow: Iterable[Two]) -> None:
        """Say what the next draft must keep and must not pair; the last word about two members wins."""
        _ = self.reviewed
        ban = {two(pair) for pair in forbid}
        locked = {*self.locked, *(tuple(sorted(group)) for group in lock)} - {tuple(sorted(group)) for group in unlock}
        self.locked = tuple(sorted(group for group in locked if not any({*pair} <= {*group} for pair in ban)))
        kept = {*self.forbidden, *ban} - {two(pair) for pair in allow}
        self.forbidden = tuple(sorted(pair for pair in kept if pair in ban or not any({*pair} <= {*group} for group in self.locked)))
        if len(self.locked) + len(self.forbidden) > WISHES_MAX:
            raise round_refusals.TooManyWishes(wishes_max=WISHES_MAX)

    def next_draft(self, rules: RuleSet | None = None, seed: int | None = None, expected: str | None = None) -> Draft:
        """Return what a further draft is solved by; the same for a what-if and for committing it (N7)."""
        newest = self.reviewed
        return Draft(
            number=newest.number + 1,
            rules=rules or newest.rules,
            seed=newest.seed if seed is None else seed,
            base=newest.number,
            expected=expected,
            locked=self.locked,
            forbidden=self.forbidden,
            seats_left={},
        )

    def solve_again(self, draft: Draft) -> None:
        """Have another draft solved on the same snapshot; the one at hand stays until the new one is there."""
        self._order(draft)

    def repair(self) -> None:
        """Have only those re-solved who are touched by what happened since the freeze (N7); all other groups stay."""
        newest = self.reviewed
        self._order(
            Draft(
                number=newest.number + 1,
                rules=newest.rules,
                seed=newest.seed,
                base=newest.number,
                is_repair=True,
                forbidden=self.forbidden,
            )
        )

    def _order(self, draft: Draft) -> None:
        _ = self.reviewed
        if draft.number > DRAFTS_MAX:
            raise round_refusals.TooManyDrafts(drafts_max=DRAFTS_MAX)
        self.state, self.pending, self.failure = RoundState.FROZEN, draft, None

    def found_touched(self, seats_left: Mapping[str, int], touched: Mapping[str, str], apart: Iterable[Two]) -> None:
        """Name the conflicts of a repair; without any the draft at hand stays as it is."""
        self._demand(RoundState.FROZEN)
        if not touched:
            self.give_up_draft(None)
            return
        apart = {*self.due.forbidden, *(two(pair) for pair in apart)}
        self.pending = replace(self.due, seats_left=dict(seats_left), touched=dict(touched), forbidden=tuple(sorted(apart)))

    def give_up_draft(self, failure: str | None) -> None:
        """Go back to the draft before."""
        self._demand(RoundState.FROZEN)
        self.state, self.pending, self.failure = RoundState.SOLVED, None, failure

    def publish(self, correlation_id: str, expected: str | None = None) -> None:
        """Begin to tell members. Saying it again changes nothing, also after the end: a repeated command is harmless.

        Raises:
            DraftChanged: another result than the expected one is at hand by now.

        """
        if self.state in {RoundState.PUBLISHING, RoundState.PUBLISHED}:
            return
        if self.state is RoundState.CANCELLED:
            raise round_refusals.RoundIsOver(state=self.state.value)
        if self.state is not RoundState.SOLVED:
            raise round_refusals.RoundNotSolved(state=self.state.value)
        if self.solution is not None and expected not in {None, self.solution.result_hash}:
            raise round_refusals.DraftChanged
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
            raise round_refusals.RoundIsOver(state=self.state.value)
        self.state, self.ended_at, self.failure = RoundState.CANCELLED, at, reason
        self.record(events.RoundCancelled(round_id=self.id, programme_id=self.programme_id, reason=reason))

    def _demand(self, state: RoundState) -> None:
        if self.state is not state:
            raise round_refusals.RoundIsOver(state=self.state.value)
