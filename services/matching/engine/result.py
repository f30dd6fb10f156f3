"""What a solved round says: arrays in, plain frozen values out (N4-N7)."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.matching.domain.reasons import UnmatchedReason


@dataclass(frozen=True, slots=True)
class Evidence:
    """One code in an explanation.

    `kind` is skill, related (a skill near a wanted one), goal, experience, language, level, years, department, job_family or site.
    """

    kind: str
    code: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """R17, N6: the four lists for one side. Only evidence that really matched; challenges are never listed (R9)."""

    member: str
    shared: tuple[Evidence, ...]
    different: tuple[Evidence, ...]
    you_give: tuple[Evidence, ...]
    you_get: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A pair, or a group of more (a trio, a circle), in id order; `gains` and `explanations` follow `members`.

    `weight` is the score in micro-points (a group's: the mean over its pairs). `mentee` is who of a mentor pair is helped (R43).
    """

    members: tuple[str, ...]
    weight: int
    gains: tuple[float, ...]
    explanations: tuple[Explanation, ...]
    mentee: str | None = None

    @property
    def score(self) -> float:
        """Return the mutual score, 0..1."""
        return self.weight / 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a round is solved around, in ids: groups that stay, and members who are not to be paired."""

    kept: tuple[tuple[str, ...], ...] = ()
    mentees: tuple[str | None, ...] = ()
    """R43, kind `mentor`: the mentee of each kept group."""
    forbidden: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What the independent checker found: no possible round is worth more than `bound` (micro-points, score + bonuses).

    `bound` refers to the candidate pairs, `bound_all` to all eligible pairs. Gaps are shares: bound / value - 1;
    `gap_score` and `gap_score_all` relate the same difference to the score alone.
    """

    value: int
    score: int
    bound: int
    bound_all: int | None
    gap: float
    gap_score: float
    gap_all: float | None
    gap_score_all: float | None


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Where the inverted U stands in this pool, and the neutral value of each part; stored with the round (N5, N7)."""

    floor: float
    plateau_from: float
    plateau_to: float
    ceiling: float
    neutral: Mapping[str, float]
    histogram: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A solved round. Nothing in it depends on anything but people, rules and seed (N7)."""

    pairs: tuple[Match, ...]
    trios: tuple[Match, ...]
    unmatched: Mapping[str, UnmatchedReason]
    weight: int
    """Sum of the pairs' weights in micro-points, without bonuses and trios."""
    certificate: Certificate
    quantiles: Quantiles
    prices: Mapping[str, float]
    """Seat price per person in micro-points: suggestions are ordered by weight less half the partner's price."""
    engine: str
    engine_version: str
    rules_version: int
    seed: int
    size: int
    candidates: int
    snapshot_hash: str
    result_hash: str
    report: Mapping[str, object]
    """The figures of a round's report (section "Report of a round" of the engine's README), JSON-able."""

    @property
    def bound(self) -> int:
        """Return the certified upper bound: over all eligible pairs where known, else over the candidates."""
        return self.certificate.bound if self.certificate.bound_all is None else self.certificate.bound_all
