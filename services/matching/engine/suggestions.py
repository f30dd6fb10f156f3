"""Suggestions between rounds, and "why not X?", from the same index and score as a round (R3, R15, R16, R17, N4).

Lists are ordered by score less half the partner's seat price, so that a few people do not fill everybody's list. An index
is immutable but for its working space, which serves one question at a time. Who changed since it was built lies over it
(`with_changed`); a new index is built elsewhere and swapped in. In kind `mentor` everybody stands in the searched pool twice, as in
a round (R43): who asks seeks mentors, or mentees where they offer.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from services.matching.domain.reasons import FULL_PARTNER, NO_GAIN, PRIVATE_GATES, Gate
from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import calibrate, recall
from services.matching.engine.candidates import keep_allowed
from services.matching.engine.mentoring import in_two_roles
from services.matching.engine.overlay import Words, laid_over
from services.matching.engine.pairwise import PASSES, gain_sums, score_pairs
from services.matching.engine.person import Person
from services.matching.engine.pool import Basis, basis_of, build_pool
from services.matching.engine.reach import new_scratch
from services.matching.engine.result import Quantiles
from services.matching.engine.scan import scan_row
from services.matching.engine.shapes import Long, Model, Pool, Real
from services.matching.engine.snapshot import GATES, freeze

_EACH = np.int8(0)
_SPARE = 20
"""So many more than asked for are looked at first, since some may be barred by name."""
Named = tuple[tuple[Gate, frozenset[str]], ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Somebody to think of, with the score that a round would use (micro-points)."""

    member: str
    weight: int


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Answer to "why not X?": a code, and the parts of the score where the two could be paired (weight 0 otherwise)."""

    code: str | None
    weight: int
    you_gain: float
    they_gain: float


FULL = WhyNot(FULL_PARTNER, 0, 0.0, 0.0)
"""The one answer for a full partner, a do-not-pair entry, and whoever takes no part (R5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """What is built once and may cross processes: arrays, ids in order, and whom each person may not meet by name."""

    rules: RuleSet
    ids: tuple[str, ...]
    places: Mapping[str, int]
    pool: Pool
    model: Model
    words: Words
    named: Mapping[str, Named]
    half_price: Real
    """Of everybody; in kind `mentor` first as mentee, then of everybody as mentor."""


def searched(pool: Pool, rules: RuleSet) -> Pool:
    """Return the pool in which a round of these rules would search."""
    return in_two_roles(pool, rules, np.full(len(pool.seats), -1, np.int32)) if rules.kind == "mentor" else pool


def roles_in(rules: RuleSet) -> int:
    """Return how often everybody stands in that pool."""
    return 2 if rules.kind == "mentor" else 1


def build_index(
    people: Sequence[Person], rules: RuleSet, seed: int, *, prices: Mapping[str, float], quantiles: Quantiles | None = None
) -> Index:
    """Build an index of everybody; quantiles and prices are those of the last round or what-if where there was one."""
    snapshot = freeze(people, rules.placeholders)
    pool = build_pool(snapshot, rules)
    twice = searched(pool, rules)
    placed = recall(twice, rules, quantiles) if quantiles is not None else calibrate(twice, rules, seed)
    return Index(
        rules=rules,
        ids=snapshot.ids,
        places={member: place for place, member in enumerate(snapshot.ids)},
        pool=pool,
        model=placed.model,
        words=Words.read(snapshot, basis_of(snapshot, pool, rules)),
        named={one.id: _named(one) for one in people},
        half_price=np.tile([prices.get(member, 0.0) / 2 for member in snapshot.ids], roles_in(rules)),
    )


def _named(one: Person) -> Named:
    lists = (
        (Gate.DO_NOT_PAIR, one.do_not_pair),
        (Gate.LIVE_PARTNER, one.live_partners),
        (Gate.PAST_PARTNER, one.past_partners),
        (Gate.REPORTING_LINE, one.manager_chain),
        (Gate.RECRUITER, one.recruiter_of),
    )
    return tuple((gate, frozenset(others)) for gate, others in lists if others)


class SuggestionIndex:
    """Who could help whom, as of one moment."""

    def __init__(self, index: Index, changed: Mapping[str, Person | None] | None = None) -> None:
        """Lay those who changed over an index; None = they left."""
        self._index = index
        self._changed = dict(changed or {})
        here = sorted((one for one in self._changed.values() if one is not None), key=lambda one: one.id)
        self._base = len(index.ids)
        self._here = tuple(one.id for one in here)
        self._places = {member: self._base + at for at, member in enumerate(self._here)}
        self._named = {one.id: _named(one) for one in here}
        pool = index.pool if not here else laid_over(index.pool, index.words, here, index.rules)[0]
        if self._changed:
            seats = pool.seats.copy()
            seats[[index.places[member] for member in self._changed if member in index.places]] = 0
            pool = pool._replace(seats=seats)
        self._people = len(pool.seats)
        self._pool = searched(pool, index.rules)
        self._half_price = self._prices()
        self._no_limit = np.zeros(len(self._pool.seats))
        self._scratch = new_scratch(self._pool)

    @classmethod
    def of(cls, people: Sequence[Person], rules: RuleSet, quantiles: Quantiles, prices: Mapping[str, float]) -> Self:
        """Build and open an index of everybody in one go."""
        return cls(build_index(people, rules, 0, prices=prices, quantiles=quantiles))

    def _prices(self) -> Real:
        """Return half the seat price of every row; who changed keeps theirs, newcomers have none yet."""
        known = self._index.half_price.reshape(roles_in(self._index.rules), self._base)
        or_none = np.pad(known, ((0, 0), (0, 1)))
        places = np.array([self._index.places.get(member, -1) for member in self._here], np.int64)
        return np.concatenate((known, or_none[:, places]), axis=1).ravel()

    @property
    def basis(self) -> Basis:
        """Return the numbers that stay as they are until the next build."""
        return self._index.words.basis

    @property
    def changed(self) -> int:
        """Return how many people lie over the index."""
        return len(self._changed)

    def __contains__(self, member: str) -> bool:
        """Return whether this member can ask and be suggested."""
        return self._changed[member] is not None if member in self._changed else member in self._index.places

    def with_changed(self, people: Mapping[str, Person | None]) -> "SuggestionIndex":
        """Return an index in which these people are as they are now (None = gone); this one goes on as it is."""
        return SuggestionIndex(self._index, {**self._changed, **people})

    def suggest(self, member: str, count: int = 10, without: Collection[str] = (), *, offers: bool = False) -> list[Suggestion]:
        """Return the best `count` for a member; nobody barred, nobody without a seat, nobody without any gain.

        R43: in kind `mentor` those are mentors; with `offers` those whom the member could help.
        """
        mine, theirs = self._sides(offers)
        others, weight = self._scored(self._place(member) + mine, theirs)
        worth = weight - self._half_price[others]
        best = np.argsort(-worth, kind="stable")
        for look in (count + len(without) + _SPARE, len(best)):
            near = sorted((-float(worth[at]), self._id(int(others[at])), int(weight[at])) for at in best[:look])
            found = list(self._first(member, (Suggestion(other, score) for _, other, score in near), count, frozenset(without)))
            if len(found) == count or look >= len(best):
                break
        return found

    def why_not(self, member: str, other: str, *, offers: bool = False) -> WhyNot:
        """Tell what stands between two people. A do-not-pair entry is never revealed: it answers as a full partner does (R5)."""
        if member == other:
            return WhyNot("self", 0, 0.0, 0.0)
        i, j = (np.array([self._place(one) + side], np.int64) for one, side in zip((member, other), self._sides(offers), strict=True))
        weight, gate = score_pairs(self._pool, self._index.model, i, j)
        named = self._barred(member, other) or (None if gate[0] == PASSES else GATES[gate[0]])
        if named in PRIVATE_GATES or self._pool.seats[j[0]] <= 0:  # full goes before any other gate, else its absence would tell of a wish
            return FULL
        if named is not None:
            return WhyNot(named.value, 0, 0.0, 0.0)
        gains = [self._gain(i, j), self._gain(j, i)]
        return WhyNot(None if weight[0] > 0 else NO_GAIN, int(weight[0]), *gains)

    def _place(self, member: str) -> int:
        """Return where somebody stands: in the overlay if they changed."""
        at = self._places.get(member)
        return self._index.places[member] if at is None else at

    def _sides(self, offers: bool) -> tuple[int, int]:
        """Return where the rows of who asks and of who may be suggested begin."""
        if self._index.rules.kind != "mentor":
            return 0, 0
        return (self._people, 0) if offers else (0, self._people)

    def _id(self, row: int) -> str:
        place = row % self._people
        return self._index.ids[place] if place < self._base else self._here[place - self._base]

    def _scored(self, i: int, first: int) -> tuple[Long, Long]:
        """Return (row, score) of everybody from `first` on with whom there is a gain and whom no gate of the arrays bars."""
        pool, model = self._pool, self._index.model
        overlay: Long = np.arange(first + self._base, first + self._people)
        hits = scan_row(pool, model, i, first, first + self._base, self._no_limit, 0.0, _EACH, self._scratch)
        hits = keep_allowed(pool, model, i, hits, self._scratch)
        others, weight = self._scratch.hit[:hits].astype(np.int64), self._scratch.hit_score[:hits].astype(np.int64)
        if not len(overlay):
            return others, weight
        score, gate = score_pairs(pool, model, np.full(len(overlay), i, np.int64), overlay)
        fine = (gate == PASSES) & (score > 0) & (pool.seats[overlay] > 0)
        return np.concatenate((others, overlay[fine])), np.concatenate((weight, score[fine].astype(np.int64)))

    def _first(self, member: str, found: Iterator[Suggestion], count: int, without: frozenset[str]) -> Iterator[Suggestion]:
        for each in found:
            if count <= 0:
                return
            if each.member not in without and each.member != member and self._barred(member, each.member) is None:
                count -= 1
                yield each

    def _barred(self, member: str, other: str) -> Gate | None:
        """Return the first gate by name between two, from what both say; the arrays do not know those of the overlay."""
        gates = self._index.rules.gates
        off = {Gate.REPORTING_LINE} if not gates.reporting_line else set()
        off |= {Gate.RECRUITER} if not gates.recruiter else set()
        sides = ((member, other), (other, member))
        closed = [gate for one, two in sides for gate, others in self._names(one) if two in others and gate not in off]
        return min(closed, key=GATES.index, default=None)

    def _names(self, one: str) -> Named:
        return self._named[one] if one in self._named else self._index.named.get(one, ())

    def _gain(self, mine: Long, yours: Long) -> float:
        total = gain_sums(self._pool, mine, yours)[0] * self._pool.inverse_wish[mine[0]]
        return round(float(np.sqrt(min(1.0, total))), 6)
