"""From frozen members and the draft that is built on to a new draft: between the service's words and the engine's (N4, N7)."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

from services.matching.adapters.packing import person_of, rules_for
from services.matching.application.solver import SolveOrder
from services.matching.domain.draft import Draft, two
from services.matching.domain.reasons import UnmatchedReason
from services.matching.domain.snapshot import Explanation, FrozenMember, Group, Leaf, outcome_hash
from services.matching.engine import Evidence, Match, Person, Result, Settled, solve
from services.matching.engine.preview import preview
from services.matching.engine.what_if import Side


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Everything that a draft is made of."""

    order: SolveOrder
    people: Sequence[Person]
    """Who can be paired; with no more seats than the order leaves them."""
    aside: Mapping[str, str]
    """Who is told a reason that the optimiser has nothing to do with."""
    waits: Mapping[str, int]
    """How many rounds running each was left out with a free seat before this one."""
    base: Sequence[Group]
    base_unmatched: Mapping[str, str]

    @classmethod
    def of(cls, order: SolveOrder, members: Iterable[FrozenMember], base: Iterable[Leaf]) -> "Pool":
        """Put the pool together: resting members aside, seats as the order leaves them. Of a member only what is needed is kept."""
        left, people = order.draft.seats_left or {}, []
        aside: dict[str, str] = {}
        waits: dict[str, int] = {}
        for member in members:
            name = member.card.member_id
            waits[name] = member.left_out
            if member.resting is not None:
                aside[name] = member.resting
            else:
                people.append(person_of(_with_seats(member, left[name]) if name in left else member, order.frozen_at))
        leaves = list(base)
        return cls(
            order=order,
            people=people,
            aside=aside,
            waits=waits,
            base=[group for leaf in leaves for group in leaf.groups],
            base_unmatched={member: reason for leaf in leaves for member, reason in leaf.unmatched.items()},
        )

    def settled(self) -> Settled:
        """Return what the optimiser is not to decide."""
        seats = {(person.id, False): person.seats for person in self.people}
        seats |= {(person.id, True): person.mentee_seats or 0 for person in self.people}
        kept = list(kept_groups(self.order.draft, self.base, seats))
        mentees = tuple(group.mentee for group in kept)
        return Settled(kept=tuple(group.members for group in kept), mentees=mentees, forbidden=self.order.draft.forbidden)

    def base_side(self) -> Side:
        """Return the draft built on, to be compared."""
        return Side(matches=[_match(group) for group in self.base], unmatched=dict(self.base_unmatched))


def _with_seats(member: FrozenMember, most: int) -> FrozenMember:
    return replace(
        member, seats=min(member.seats, most), mentee_seats=None if member.mentee_seats is None else min(member.mentee_seats, most)
    )


def kept_groups(draft: Draft, base: Sequence[Group], seats: Mapping[tuple[str, bool], int]) -> Iterator[Group]:
    """Yield the groups of the base that stay: in a repair all that nothing touches, else the locked ones.

    A group goes when somebody in it has no seat any more or two of it are kept apart. `seats`: by member and whether as mentee.
    """
    apart, locked, taken = {*draft.forbidden}, {*draft.locked}, Counter[tuple[str, bool]]()
    for group in base:
        members = group.members
        if not draft.is_repair and tuple(sorted(members)) not in locked:
            continue
        if any(two(pair) in apart for pair in combinations(members, 2)):
            continue
        roles = [(member, member == group.mentee) for member in members]
        if all(taken[role] < seats.get(role, 0) for role in roles):
            taken.update(roles)
            yield group


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A new draft in the service's words."""

    groups: Sequence[Group]
    unmatched: Mapping[str, str]
    report: dict[str, Any]
    result: Result | None

    @property
    def result_hash(self) -> str:
        """N7: return what tells two outcomes apart."""
        return outcome_hash(self.groups, self.unmatched)

    def side(self) -> Side:
        """Return this draft, to be compared."""
        return Side(matches=[_match(group) for group in self.groups], unmatched=dict(self.unmatched))

    def counts(self, size: int) -> dict[str, Any]:
        """Return the solution but for the number of its pieces."""
        found = self.result
        pairs = sum(1 for group in self.groups if len(group.members) == 2)  # noqa: PLR2004 - a pair
        return {
            "size": size,
            "pairs": pairs,
            "trios": len(self.groups) - pairs,
            "unmatched": len(self.unmatched),
            "weight": found.weight if found else 0,
            "bound": found.bound if found else 0,
            "engine": found.engine if found else "none",
            "engine_version": found.engine_version if found else "0",
            "result_hash": self.result_hash,
        }


def outcome_of(pool: Pool, *, threads: int, progress: Callable[[str, float], None]) -> Outcome:
    """Solve a pool; an empty one has no result."""
    result = None
    if pool.people:
        draft = pool.order.draft
        rules = rules_for(pool.people, draft.rules, pool.order.skills)
        result = solve(pool.people, rules, draft.seed, threads=threads, progress=progress, settled=pool.settled())
    matches = [] if result is None else sorted((*result.pairs, *result.trios), key=lambda match: match.members)
    groups = [_group(match) for match in matches]
    placed = {member for group in groups for member in group.members}
    found = {} if result is None else {member: reason.value for member, reason in result.unmatched.items() if member not in placed}
    return Outcome(
        groups=groups,
        unmatched={**found, **_gone(pool, placed), **pool.aside},
        report={} if result is None else _report(pool, result, {*found}),
        result=result,
    )


def _report(pool: Pool, result: Result, alone: set[str]) -> dict[str, Any]:
    """Return the figures with what the engine cannot know: how long people wait, and which groups are too small to be told (R13)."""
    told: dict[str, Any] = dict(result.report)
    least = pool.order.minimum_group_size
    waiting = [pool.waits[member] + 1 for member in alone if pool.waits.get(member)]
    told["people"] = {**told["people"], "longest_wait_in_rounds": max(waiting, default=1 if alone else 0)}
    told["by_level"] = [level for level in told["by_level"] if level["people"] >= least]
    told["skills"] = {**told["skills"], "scarcest": [skill for skill in told["skills"]["scarcest"] if skill["wanted"] >= least]}
    return told


def preview_of(pool: Pool) -> dict[str, Any]:
    """N7: return what the rules do to a pool, before anything is solved."""
    draft = pool.order.draft
    rules = rules_for(pool.people, draft.rules, pool.order.skills)
    return preview(pool.people, rules, draft.seed, pool.order.minimum_group_size)


def _gone(pool: Pool, placed: set[str]) -> dict[str, str]:
    """Return the true reasons of those whose seats went since the freeze: a touched one's own, else the one they had."""
    draft = pool.order.draft
    gone = [member for member, seats in (draft.seats_left or {}).items() if seats == 0 and member not in placed]
    return {
        member: draft.touched.get(member) or pool.base_unmatched.get(member) or UnmatchedReason.NO_FREE_SEAT.value
        for member in gone
        if member not in pool.aside
    }


def _group(match: Match) -> Group:
    return Group(
        members=match.members,
        weight=match.weight,
        gains=match.gains,
        mentee=match.mentee,
        explanations={
            side.member: Explanation(
                shared=_items(side.shared), different=_items(side.different), you_give=_items(side.you_give), you_get=_items(side.you_get)
            )
            for side in match.explanations
        },
    )


def _match(group: Group) -> Match:
    return Match(group.members, group.weight, group.gains, ())


def _items(evidence: Sequence[Evidence]) -> tuple[tuple[str, str], ...]:
    return tuple((each.kind, each.code) for each in evidence)
