"""Suggestions between rounds, and "why not X?", from the same index and score as a round (R3, R17, N4).

Lists are ordered by score less half the partner's seat price, so that a few people do not fill everybody's list. An
index is immutable but for its working space, which serves one question at a time: build a new one and swap it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.domain.reasons import FULL_PARTNER, NO_GAIN, PRIVATE_GATES
from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import recall
from services.matching.engine.candidates import keep_allowed
from services.matching.engine.pairwise import PASSES, gain_sums, score_pairs
from services.matching.engine.person import Person
from services.matching.engine.pool import build_pool
from services.matching.engine.result import Quantiles
from services.matching.engine.scan import new_scratch, scan_row
from services.matching.engine.snapshot import GATES, freeze

_EACH = np.int8(0)


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


class SuggestionIndex:
    """Who could help whom, as of one moment."""

    def __init__(self, people: Sequence[Person], rules: RuleSet, quantiles: Quantiles, prices: Mapping[str, float]) -> None:
        """Index `people`; quantiles and prices are those of the last round or what-if."""
        snapshot = freeze(people, rules.placeholders)
        self._ids = snapshot.ids
        self._place = {member: place for place, member in enumerate(snapshot.ids)}
        self._pool = build_pool(snapshot, rules)
        self._model = recall(self._pool, rules, quantiles).model
        self._half_price = np.array([prices.get(member, 0.0) / 2 for member in snapshot.ids])
        self._no_limit = np.zeros(len(snapshot.ids))
        self._scratch = new_scratch(self._pool)

    def suggest(self, member: str, count: int = 10) -> list[Suggestion]:
        """Return the best `count` for a member; nobody barred, nobody without a seat, nobody without any gain."""
        i = self._place[member]
        hits = scan_row(self._pool, self._model, i, 0, len(self._ids), self._no_limit, 0.0, _EACH, self._scratch)
        hits = keep_allowed(self._pool, self._model, i, hits, self._scratch)
        others, weight = self._scratch.hit[:hits], self._scratch.hit_score[:hits]
        order = np.lexsort((others, self._half_price[others] - weight))[:count]
        return [Suggestion(self._ids[others[at]], int(weight[at])) for at in order]

    def why_not(self, member: str, other: str) -> WhyNot:
        """Tell what stands between two people. A do-not-pair entry is never revealed: it answers as a full partner does (R5)."""
        i, j = (np.array([self._place[one]], np.int64) for one in (member, other))
        if i[0] == j[0]:
            return WhyNot("self", 0, 0.0, 0.0)
        weight, gate = score_pairs(self._pool, self._model, i, j)
        named = None if gate[0] == PASSES else GATES[gate[0]]
        if named in PRIVATE_GATES or (named is None and self._pool.seats[j[0]] <= 0):
            return WhyNot(FULL_PARTNER, 0, 0.0, 0.0)
        if named is not None:
            return WhyNot(named.value, 0, 0.0, 0.0)
        gains = [self._gain(i, j), self._gain(j, i)]
        return WhyNot(None if weight[0] > 0 else NO_GAIN, int(weight[0]), *gains)

    def _gain(self, mine: np.ndarray[tuple[int], np.dtype[np.int64]], yours: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
        total = gain_sums(self._pool, mine, yours)[0] * self._pool.inverse_wish[mine[0]]
        return round(float(np.sqrt(min(1.0, total))), 6)
