"""Kind `circle` (R44): everybody in at most one circle of three to six who share a challenge; one true reason for the others.

Maximised: the sum over all members of the mean of what they are worth to each other (a circle below its full size counts as
if silent voices sat there), fairness bonuses, and the coverage bonus for everybody placed. Two people are worth to each other
alpha times the mean of both gains and the rest the common part of the score: nobody needs to gain, the challenge is why they meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.reasons import Gate, UnmatchedReason
from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import Calibration, likeness_of, mixed
from services.matching.engine.candidates import Edges
from services.matching.engine.certificate import certificate_of
from services.matching.engine.circle_check import WHOLE, CircleClaim, check_circles
from services.matching.engine.gathering import BARRED, Block, gather
from services.matching.engine.pairwise import gain_sums, sample_parts, score_pairs
from services.matching.engine.pool import rows_of
from services.matching.engine.shapes import MICRO, Bits, Int, Long, Model, Pool, Real, Tags
from services.matching.engine.snapshot import GATES
from services.matching.engine.solver import Progress, Solved

BLOCK = 1_000
"""People who are gathered together; a larger pool is cut, those with a common rare challenge into one block."""
_MET = (GATES.index(Gate.LIVE_PARTNER), GATES.index(Gate.PAST_PARTNER))
_WORD = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """One round of circles."""

    pool: Pool
    model: Model
    rules: RuleSet
    seed: int
    bonus: Long


@dataclass(frozen=True, slots=True)
class _Block:
    """What came out of one block, in the pool's places; `most` bounds what each person could add (60-fold)."""

    circles: list[tuple[int, ...]]
    weights: list[int]
    value: int
    score: int
    most: Long


def solve_circle(pool: Pool, rules: RuleSet, seed: int, *, progress: Progress, placed: Calibration) -> Solved:
    """Solve a round of kind `circle`: each block by itself, then whoever is left of all blocks once more together."""
    work = _Work(pool=pool, model=placed.model, rules=rules, seed=seed, bonus=pool.bonus + rules.objective.coverage_bonus)
    blocks = _blocks(work)
    solved = []
    for done, people in enumerate(blocks):
        progress("circles", done / len(blocks))
        solved.append(_solve_block(work, people))
    left = _left(blocks, solved)
    if len(blocks) > 1 and len(left) >= rules.circle.smallest:
        solved.append(_solve_block(work, left[:BLOCK]))
    circles = sorted(group for block in solved for group in zip(block.circles, block.weights, strict=True))
    most = np.max([block.most for block in solved], axis=0) if solved else np.zeros(len(pool.seats), np.int64)
    bound = -(-int(most.sum()) // WHOLE)
    value, score = (sum(getattr(block, name) for block in solved) // WHOLE for name in ("value", "score"))
    return Solved(
        pool=pool,
        model=placed.model,
        quantiles=placed.quantiles,
        edges=Edges(*(np.zeros(0, np.int32) for _ in range(3))),
        kth=np.zeros(len(pool.seats), np.int64),
        pairs=[],
        weights=[],
        trios=circles,
        unmatched=_reasons(work, {member for circle, _ in circles for member in circle}),
        net2=np.zeros(len(pool.seats), np.int64),
        certificate=certificate_of(value=value, score=score, bound=bound, bound_all=bound if len(blocks) == 1 else None),
        passes=0,
        added=0,
    )


def _shared(tags: Tags, seated: NDArray[np.bool_], smallest: int) -> tuple[Long, Long]:
    """Return (person, challenge) of everybody with a seat, without challenges that too few of them have for a circle."""
    person, code = rows_of(tags.start), tags.code.astype(np.int64)
    kept = seated[person]
    count = np.bincount(code[kept], minlength=len(tags.weight))
    kept &= count[code] >= smallest
    return person[kept], code[kept]


def _blocks(work: _Work) -> list[Long]:
    """Cut those who share a challenge into blocks, ordered by their rarest one, then well mixed."""
    person, code = _shared(work.pool.challenges, work.pool.seats > 0, work.rules.circle.smallest)
    if not len(person):
        return []
    count = np.bincount(code)
    order = np.lexsort((code, count[code], person))
    first = np.ones(len(order), bool)
    first[1:] = person[order][1:] != person[order][:-1]
    people, rarest = person[order][first], code[order][first]
    people = people[np.lexsort((mixed(work.seed, people), rarest, count[rarest]))]
    return [np.sort(part) for part in np.array_split(people, -(-len(people) // BLOCK))]


def _left(blocks: Sequence[Long], solved: Sequence[_Block]) -> Long:
    placed = np.array([member for block in solved for circle in block.circles for member in circle], np.int64)
    everybody = np.concatenate(blocks) if blocks else np.zeros(0, np.int64)
    return np.sort(everybody[~np.isin(everybody, placed)])


def _solve_block(work: _Work, people: Long) -> _Block:
    """Gather one block and have it checked."""
    circle = work.rules.circle
    has = _has(work.pool.challenges, people)
    worth = _worths(work, people, has)
    share = np.array([2 * WHOLE // max(k - 1, circle.full - 1) for k in range(circle.largest + 1)], np.int64)
    block = Block(worth, _bits(has), WHOLE * work.bonus[people], share, circle.smallest, circle.largest)
    order = np.argsort(mixed(work.seed + 1, people), kind="stable").astype(np.int64)
    kicks = (mixed(work.seed + 2, np.arange(circle.attempts)) >> np.uint64(2)).astype(np.int64)
    where = gather(block, order, work.rules.search.polish_passes, kicks)
    groups = [np.flatnonzero(where == at) for at in np.unique(where[where >= 0])]
    claim = CircleClaim(
        worth=worth.astype(np.int64),
        has=has,
        bonus=work.bonus[people],
        smallest=circle.smallest,
        largest=circle.largest,
        full=circle.full,
        circles=[group.tolist() for group in groups],
    )
    checked = check_circles(claim)
    most = np.zeros(len(work.pool.seats), np.int64)
    most[people] = checked.most
    weights = [round(sum(int(worth[i, j]) for i, j in combinations(group, 2)) / (len(group) * (len(group) - 1) // 2)) for group in groups]
    return _Block([tuple(people[group].tolist()) for group in groups], weights, checked.value, checked.score, most)


def _has(tags: Tags, people: Long) -> NDArray[np.bool_]:
    """Return person by challenge, for the challenges that occur in the block."""
    place = np.full(len(tags.start) - 1, -1, np.int64)
    place[people] = np.arange(len(people))
    person = place[rows_of(tags.start)]
    row, code = person[person >= 0], tags.code[person >= 0]
    codes, column = np.unique(code, return_inverse=True)
    has = np.zeros((len(people), len(codes)), bool)
    has[row, column] = True
    return has


def _bits(has: NDArray[np.bool_]) -> Bits:
    words = np.zeros((len(has), max(1, -(-has.shape[1] // _WORD))), np.uint64)
    for column in range(has.shape[1]):
        words[has[:, column], column // _WORD] |= np.uint64(1) << np.uint64(column % _WORD)
    return words


def _worths(work: _Work, people: Long, has: NDArray[np.bool_]) -> Int:
    """Return what every two of a block are worth to each other, `BARRED` where they may not meet or share no challenge."""
    shares = (has.astype(np.float32) @ has.T.astype(np.float32)) > 0
    rows, columns = np.nonzero(np.triu(shares, 1))
    left, right = people[rows], people[columns]
    parts, gate = sample_parts(work.pool, work.model, left, right)
    gains = (_gain(work.pool, left, right) + _gain(work.pool, right, left)) / 2
    alpha = work.model.alpha
    worth = np.floor((alpha * gains + (1 - alpha) * common_part(parts, work.model)) * MICRO + 0.5).astype(np.int32)
    square = np.full((len(people), len(people)), BARRED, np.int32)
    square[rows, columns] = square[columns, rows] = np.where(gate < 0, worth, BARRED)
    return square


def _gain(pool: Pool, mine: Long, yours: Long) -> Real:
    return np.sqrt(np.minimum(1.0, gain_sums(pool, mine, yours) * pool.inverse_wish[mine]))


def common_part(parts: Real, model: Model) -> Real:
    """Return the common part S of many pairs from their parts, as the score has it."""
    alike = likeness_of(parts, model)
    fit = np.clip(np.minimum(alike * model.rise + model.rise_base, (model.ceiling - alike) * model.fall + model.fall_base), 0.0, 1.0)
    total = model.fit * fit
    for column, name in ((1, "goals"), (2, "challenges"), (3, "level"), (5, "difference"), (6, "availability"), (7, "communication")):
        total = total + getattr(model, name) * np.where(np.isnan(parts[:, column]), getattr(model, f"neutral_{name}"), parts[:, column])
    return total


def _reasons(work: _Work, placed: set[int]) -> dict[int, UnmatchedReason]:
    """Return the one reason of everybody who is in no circle."""
    person, code = _shared(work.pool.challenges, work.pool.seats > 0, work.rules.circle.smallest)
    mine = {int(i): code[person == i] for i in np.unique(person) if int(i) not in placed}
    found = {}
    for i in range(len(work.pool.seats)):
        if i in placed:
            continue
        if work.pool.seats[i] <= 0:
            found[i] = UnmatchedReason.NO_FREE_SEAT
        elif i not in mine:
            found[i] = UnmatchedReason.NO_SHARED_CHALLENGE
        else:
            others = np.unique(person[np.isin(code, mine[i])])
            found[i] = _barred_reason(work, i, others[others != i])
    return found


def _barred_reason(work: _Work, i: int, others: Long) -> UnmatchedReason:
    """Return why none of the others who share a challenge sits with i."""
    _, gate = score_pairs(work.pool, work.model, np.full(len(others), i, np.int64), others)
    if (gate < 0).any():
        return UnmatchedReason.TOO_FEW_FOR_A_CIRCLE
    if np.isin(gate, _MET).any():
        return UnmatchedReason.MET_EVERYBODY
    return UnmatchedReason.NO_TIME_OVERLAP if (gate == GATES.index(Gate.NO_TIME_OVERLAP)).any() else UnmatchedReason.NO_ELIGIBLE_PARTNER
