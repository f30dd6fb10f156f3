"""The matching model once more, slowly and plainly from people's own fields: what the engine is checked against.

Shares no line with the engine. Real numbers may differ in the last digit, so scores agree to one micro-point.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import combinations

from services.matching.domain.rules import RuleSet
from services.matching.engine import Person, Quantiles

Codes = Callable[[Person], Iterable[str]]


class Oracle:
    """Scores and gates of one pool under one rule set; the quantiles are those that the round stored."""

    def __init__(self, people: Sequence[Person], rules: RuleSet, quantiles: Quantiles) -> None:
        self.people = sorted(people, key=lambda one: one.id)
        self.rules, self.quantiles = rules, quantiles
        self._wishes = {one.id: self._useful_of(one) for one in self.people}
        self._scarcity = self._scarcities()
        self._rarity = {kind: self._rarities(codes) for kind, codes in _TAGS.items()}

    def _useful(self, one: Person) -> dict[str, int]:
        return self._wishes[one.id]

    def _useful_of(self, one: Person) -> dict[str, int]:
        """Return the wants that somebody's known strength, or any offer, could meet, with their priority."""
        unknown = self.rules.gain
        best = Counter[str]()
        for other in self.people:
            for code, strength in other.offers.items():
                best[code] = max(best[code], strength or 0)
        return {
            code: priority or unknown.unknown_priority
            for code, priority in one.wants.items()
            if code not in one.offers or (one.offers[code] or unknown.unknown_strength) < best[code]
        }

    def _scarcities(self) -> dict[str, float]:
        offerers = Counter(code for one in self.people for code in one.offers)
        wishes = Counter(code for one in self.people for code in self._useful(one))
        raw = {
            code: max(self.rules.gain.scarcity_floor, math.sqrt(math.log((len(self.people) + 1) / (offerers[code] + 1)))) for code in wishes
        }
        mean = sum(raw[code] * count for code, count in wishes.items()) / max(1, sum(wishes.values()))
        return {code: value / mean for code, value in raw.items()}

    def _rarities(self, codes: Codes) -> dict[str, float]:
        count = Counter(code for one in self.people for code in {*codes(one)})
        return {code: max(1024 // 32, round(math.log((len(self.people) + 1) / (number + 1)) ** 2 * 1024)) for code, number in count.items()}

    def gain_sum(self, one: Person, other: Person) -> float:
        """Return what one gains from the other before the root, in points of priority x scarcity x strength."""
        total = 0
        for code, priority in self._useful(one).items():
            if code in other.offers and (
                code not in one.offers or (other.offers[code] or 0) > (one.offers[code] or self.rules.gain.unknown_strength)
            ):
                total += max(1, round(priority * self._scarcity[code] * 256)) * (other.offers[code] or self.rules.gain.unknown_strength)
        return total / 256

    def gain(self, one: Person, other: Person) -> float:
        """Return what one gains from the other, 0..1."""
        rules = self.rules.gain
        heavy = sorted((max(1, round(p * self._scarcity[code] * 256)) / 256 for code, p in self._useful(one).items()), reverse=True)
        whole = sum(heavy[: rules.full_wants]) + rules.rest_share * sum(heavy[rules.full_wants :])
        whole = max(rules.enough_wants * rules.unknown_priority, whole)
        return math.sqrt(min(1.0, self.gain_sum(one, other) / (5 * whole)))

    def _cosine(self, kind: str, one: Person, other: Person) -> float | None:
        weight, mine, yours = self._rarity[kind], {*_TAGS[kind](one)}, {*_TAGS[kind](other)}
        if not mine or not yours:
            return None
        length = math.sqrt(sum(weight[code] for code in mine)) * math.sqrt(sum(weight[code] for code in yours))
        return min(1.0, sum(weight[code] for code in mine & yours) / length)

    def _level(self, one: Person, other: Person) -> float | None:
        alike, parts = self.rules.sameness, []
        if one.level is not None and other.level is not None:
            parts.append(max(0.0, 1 - abs(one.level - other.level) / alike.level_span))
        if one.years is not None and other.years is not None:
            apart = abs(round(1000 * math.log(one.years + 3)) - round(1000 * math.log(other.years + 3))) / 1000
            parts.append(max(0.0, 1 - apart / math.log(alike.years_span)))
        return sum(parts) / len(parts) if parts else None

    @staticmethod
    def _places(one: Person, other: Person) -> list[bool]:
        both = ((one.job_family, other.job_family), (one.department, other.department), (one.site, other.site))
        return [mine == yours for mine, yours in both if mine and yours]

    def sameness(self, one: Person, other: Person) -> float:
        """Return how alike two people are, 0..1."""
        places = self._places(one, other)
        parts = {kind: self._cosine(kind, one, other) for kind in _TAGS} | {"level": self._level(one, other)}
        parts["place"] = sum(places) / len(places) if places else None
        return self._weighted(self.rules.sameness, parts)

    def _weighted(self, weights: object, parts: dict[str, float | None]) -> float:
        """Sum weighted parts: the unknown is neutral, what nobody has is shared out."""
        known = {name: getattr(weights, name) for name in parts if name in self.quantiles.neutral or name == "fit"}
        total = sum(known.values())
        value = 0.0
        for name, weight in known.items():
            part = parts[name]
            value += weight / total * (self.quantiles.neutral[name] if part is None else part)
        return value

    def fit(self, alike: float) -> float:
        """Return the inverted U, 0..1."""
        q = self.quantiles
        up = alike / q.plateau_from if q.plateau_from > 0 else 1.0
        down = (q.ceiling - alike) / (q.ceiling - q.plateau_to) if q.ceiling > q.plateau_to else 1.0
        return max(0.0, min(1.0, up, down))

    def common(self, one: Person, other: Person) -> float:
        """Return the common part S, 0..1."""
        different = [not same for same in self._places(one, other)]
        parts: dict[str, float | None] = {kind: self._cosine(kind, one, other) for kind in ("goals", "challenges")}
        parts |= {"level": self._level(one, other), "fit": self.fit(self.sameness(one, other))}
        parts["difference"] = (0.0, self.rules.common.one_difference, 1.0, 1.0)[sum(different)] if different else None
        return self._weighted(self.rules.common, parts)

    def companionship(self, one: Person, other: Person) -> float:
        """R44: return what two people of a circle are worth to each other in micro-points, not rounded."""
        alpha = self.rules.objective.alpha
        return 1e6 * (alpha * (self.gain(one, other) + self.gain(other, one)) / 2 + (1 - alpha) * self.common(one, other))

    def score(self, one: Person, other: Person) -> float:
        """Return W in micro-points, not rounded."""
        common, objective = self.common(one, other), self.rules.objective
        mine, yours = self.gain(one, other), self.gain(other, one)
        u, v = (objective.alpha * gain + (1 - objective.alpha) * common for gain in (mine, yours))
        one_way = 0.0 if objective.both_must_gain else objective.one_way
        factor = 1.0 if mine > 0 and yours > 0 else (one_way if mine > 0 or yours > 0 else 0.0)
        return 1e6 * factor * 2 * u * v / (u + v) if u + v > 0 else 0.0

    def allowed(self, one: Person, other: Person) -> bool:
        """Return whether no gate bars the two, told from their own fields."""
        return one.id != other.id and not (self._named(one, other) or self._named(other, one) or self._unfit(one, other))

    @staticmethod
    def _named(one: Person, other: Person) -> bool:
        return other.id in {*one.manager_chain, *one.recruiter_of, *one.do_not_pair, *one.past_partners, *one.live_partners}

    def _unfit(self, one: Person, other: Person) -> bool:
        gates = self.rules.gates
        if one.languages and other.languages and not {*one.languages} & {*other.languages}:
            return True
        widest = gates.maximum_level_gap
        if None not in {widest, one.level, other.level} and abs((one.level or 0) - (other.level or 0)) > (widest or 0):
            return True
        mine, yours = _half_hours(one), _half_hours(other)
        return bool(mine and yours and 30 * len(mine & yours) < gates.minimum_overlap_minutes)

    def edges(self) -> dict[tuple[int, int], float]:
        """Return every allowed pair of places with its score."""
        found = {}
        for (i, one), (j, other) in combinations(enumerate(self.people), 2):
            if one.seats > 0 and other.seats > 0 and self.allowed(one, other) and (score := self.score(one, other)) > 0:
                found[i, j] = score
        return found


def _half_hours(one: Person) -> set[int]:
    return {slot % 336 for start, end in one.availability for slot in range(-(-start // 30), end // 30)}


_TAGS: dict[str, Codes] = {
    "experience": lambda one: [*(f"skill:{code}" for code in one.offers), *(f"journey:{code}" for code in one.experience)],
    "goals": lambda one: one.goals,
    "challenges": lambda one: [*(f"now:{code}" for code in one.challenges), *(f"long:{code}" for code in one.challenges_long)],
}
