"""The best K of everybody, exactly, and the pairs that a set of prices undervalues. Two sinks over one scan.

People are cut into blocks; a job scans one block against another (or itself), each pair once, for both people. Jobs of one
step touch disjoint blocks, so they may run on several threads and the result is the same bytes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from services.matching.engine.compiled import inlined, lean
from services.matching.engine.pairwise import closed_gate
from services.matching.engine.reach import Scratch, new_scratch
from services.matching.engine.scan import scan_row
from services.matching.engine.shapes import Byte, Int, Long, Model, Pool, Real, Whole

NOBODY = -1
_LOW = 0xFFFFFFFF
_SCORE_BITS = 20
_BLOCKS = 4
_KEPT = 10
_ALIKE = 3
_WORTH_CUTTING = 3_000


@lean
def push(keys: Long, row: Whole, key: Whole) -> None:
    """Put a key into a row's heap (smallest on top) in place of the smallest."""
    size = keys.shape[1]
    at = 0
    while True:
        child = 2 * at + 1
        if child >= size:
            break
        if child + 1 < size and keys[row, child + 1] < keys[row, child]:
            child += 1
        if keys[row, child] >= key:
            break
        keys[row, at] = keys[row, child]
        at = child
    keys[row, at] = key


@inlined
def ranked(score: Whole, i: Whole, j: Whole, people: int) -> Whole:
    """Return the key of j in i's list: the score, then who comes sooner after i in a circle of all.

    So that where many score alike each list holds others of them, not all lists the same few.
    """
    turn = np.int64(j) - np.int64(i)
    return (np.int64(score) << 32) | (_LOW - (turn if turn > 0 else turn + people))


@lean
def keep_allowed(pool: Pool, model: Model, i: int, hits: int, scratch: Scratch) -> int:
    """Leave only those hits that have a seat and whom no gate bars; return how many."""
    kept = 0
    for at in range(hits):
        j = scratch.hit[at]
        if pool.seats[j] > 0 and closed_gate(pool, model, i, j) < 0:
            scratch.hit[kept], scratch.hit_score[kept] = j, scratch.hit_score[at]
            kept += 1
    return kept


@lean
def best_of_block(
    pool: Pool, model: Model, rows: tuple[int, int], columns: tuple[int, int], keys: Long, limit: Real, scratch: Scratch
) -> None:
    """Scan one block against another for everybody's best K."""
    people = len(pool.seats)
    for i in range(rows[0], rows[1]):
        if pool.seats[i] <= 0:
            continue
        begin = max(columns[0], i + 1) if columns[0] == rows[0] else columns[0]
        hits = scan_row(pool, model, i, begin, columns[1], limit, limit[i], np.int8(0), scratch)
        for at in range(hits):
            j, score = scratch.hit[at], scratch.hit_score[at]
            key_i, key_j = ranked(score, i, j, people), ranked(score, j, i, people)
            if (key_i <= keys[i, 0] and key_j <= keys[j, 0]) or pool.seats[j] <= 0 or closed_gate(pool, model, i, j) >= 0:
                continue
            if key_i > keys[i, 0]:
                push(keys, i, key_i)
                limit[i] = (keys[i, 0] >> 32) - 1
            if key_j > keys[j, 0]:
                push(keys, j, key_j)
                limit[j] = (keys[j, 0] >> 32) - 1


@lean
def offer(price: Real, keys: Long, i: Whole, j: Whole, excess: Whole) -> None:
    """Put j among those with the largest excess at i, unless enough there score as j does: people alike stand for each other."""
    people = len(price)
    key = ranked(excess, i, j, people)
    if key <= keys[i, 0]:
        return
    same, yours = 0, np.int64(2.0 * price[j])
    for at in range(keys.shape[1]):
        if keys[i, at] >= 0:
            other = (i + _LOW - (keys[i, at] & _LOW)) % people
            same += 1 if (keys[i, at] >> 32) + np.int64(2.0 * price[other]) == excess + yours else 0
    if same < _ALIKE:
        push(keys, i, key)


@inlined
def note_excess(price: Real, keys: Long, i: Whole, j: Whole, score: Whole) -> Whole:
    """Keep a pair where it is among those with the largest excess; return twice the excess."""
    excess = 2 * np.int64(score) - np.int64(2.0 * price[i]) - np.int64(2.0 * price[j])
    offer(price, keys, i, j, excess)
    offer(price, keys, j, i, excess)
    return excess


@lean
def undervalued_in_block(
    pool: Pool, model: Model, rows: tuple[int, int], columns: tuple[int, int], price: Real, keys: Long, scratch: Scratch
) -> Whole:
    """Scan one block against another for allowed pairs whose score exceeds the sum of both net prices; return twice the excess of all.

    Only the largest at each person are kept: however many there are, memory stays bounded.
    """
    total = np.int64(0)
    for i in range(rows[0], rows[1]):
        if pool.seats[i] <= 0:
            continue
        begin = max(columns[0], i + 1) if columns[0] == rows[0] else columns[0]
        hits = scan_row(pool, model, i, begin, columns[1], price, price[i], np.int8(1), scratch)
        hits = keep_allowed(pool, model, i, hits, scratch)
        for at in range(hits):
            total += note_excess(price, keys, i, scratch.hit[at], scratch.hit_score[at])
    return total


@lean
def undervalued_around(pool: Pool, model: Model, some: Long, is_some: Byte, price: Real, keys: Long, scratch: Scratch) -> Whole:
    """Do as `undervalued_in_block` for some people against everybody, each pair once."""
    total = np.int64(0)
    for at in range(len(some)):
        i = some[at]
        if pool.seats[i] <= 0:
            continue
        hits = scan_row(pool, model, i, 0, len(pool.seats), price, price[i], np.int8(1), scratch)
        hits = keep_allowed(pool, model, i, hits, scratch)
        for k in range(hits):
            j = scratch.hit[k]
            if j != i and (j > i or not is_some[j]):
                total += note_excess(price, keys, i, j, scratch.hit_score[k])
    return total


Job = tuple[tuple[int, int], tuple[int, int]]


def steps(people: int) -> list[list[Job]]:
    """Return the jobs that cover every pair once; those of one step share no block."""
    blocks = _BLOCKS if people >= _WORTH_CUTTING else 1
    cut = [people * at // blocks for at in range(blocks + 1)]
    block = [(cut[at], cut[at + 1]) for at in range(blocks)]
    rounds: list[list[Job]] = [[(one, one) for one in block]]
    circle = list(range(blocks))
    for _ in range(blocks - 1):
        facing = zip(circle[: blocks // 2], circle[: blocks // 2 - 1 : -1], strict=True)
        rounds.append([(block[min(a, b)], block[max(a, b)]) for a, b in facing])
        circle = [circle[0], circle[-1], *circle[1:-1]]
    return rounds


def run_steps(people: int, threads: int, work: Callable[[Job], None], progress: Callable[[float], None]) -> None:
    """Run all jobs, at most `threads` at once."""
    plan = steps(people)
    if threads <= 1:
        for done, step in enumerate(plan, 1):
            for job in step:
                work(job)
            progress(done / len(plan))
        return
    with ThreadPoolExecutor(threads) as crew:
        for done, step in enumerate(plan, 1):
            list(crew.map(work, step))
            progress(done / len(plan))


def other_of(row: Long, key: Long, people: int) -> Long:
    """Return who stands in these keys of these people's lists."""
    return (row + _LOW - (key & _LOW)) % people


class Edges:
    """Candidate pairs (u < v in rising order) with their score."""

    def __init__(self, u: Int, v: Int, weight: Int) -> None:
        """Take sorted, distinct pairs."""
        self.u, self.v, self.weight = u, v, weight

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.u)


def _sorted(u: Long, v: Long, weight: Int, people: int) -> Edges:
    packed = np.sort(((u * people + v) << _SCORE_BITS) | weight)
    key = packed >> _SCORE_BITS
    first = np.ones(len(key), bool)
    first[1:] = key[1:] != key[:-1]
    key, weight = key[first], (packed[first] & ((1 << _SCORE_BITS) - 1)).astype(np.int32)
    return Edges((key // people).astype(np.int32), (key % people).astype(np.int32), weight)


def best_candidates(pool: Pool, model: Model, best: int, threads: int, progress: Callable[[float], None]) -> tuple[Edges, Long]:
    """Return the pairs in anybody's list of the best K, and for each person the score of the K-th (0 if fewer)."""
    people = len(pool.seats)
    keys = np.full((people, best), NOBODY, np.int64)
    limit = np.zeros(people, np.float64)
    run_steps(people, threads, lambda job: best_of_block(pool, model, job[0], job[1], keys, limit, new_scratch(pool)), progress)
    kth = np.where(keys[:, 0] >= 0, keys[:, 0] >> 32, 0)
    row, column = np.nonzero(keys >= 0)
    found = keys[row, column]
    other = other_of(row, found, people)
    weight = (found >> 32).astype(np.int32)
    return _sorted(np.minimum(row, other), np.maximum(row, other), weight, people), kth


def undervalued(pool: Pool, model: Model, price: Real, threads: int, progress: Callable[[float], None]) -> tuple[Edges, int]:
    """Look at every allowed pair whose score exceeds the sum of both people's net prices (in half micro-points).

    Returns those with the largest excess at each person, and twice the excess of all others.
    """
    people = len(pool.seats)
    keys = np.full((people, _KEPT), NOBODY, np.int64)
    found: dict[Job, int] = {}

    def work(job: Job) -> None:
        found[job] = int(undervalued_in_block(pool, model, job[0], job[1], price, keys, new_scratch(pool)))

    run_steps(people, threads, work, progress)
    return _kept(keys, price, sum(found.values()))


def undervalued_at(pool: Pool, model: Model, price: Real, some: NDArray[np.bool_]) -> tuple[Edges, int]:
    """Do as `undervalued` for the pairs of some people."""
    keys = np.full((len(pool.seats), _KEPT), NOBODY, np.int64)
    total = undervalued_around(pool, model, np.flatnonzero(some), some.astype(np.int8), price, keys, new_scratch(pool))
    return _kept(keys, price, int(total))


def _kept(keys: Long, price: Real, total2: int) -> tuple[Edges, int]:
    """Return the pairs that were kept, and what is left of twice the excess of all."""
    row, column = np.nonzero(keys >= 0)
    key = keys[row, column]
    other = other_of(row, key, len(price))
    twice = (2.0 * price).astype(np.int64)
    weight = (((key >> 32) + twice[row] + twice[other]) // 2).astype(np.int32)
    edges = _sorted(np.minimum(row, other), np.maximum(row, other), weight, len(price))
    kept2 = 2 * int(edges.weight.sum(dtype=np.int64)) - int((twice[edges.u] + twice[edges.v]).sum())
    return edges, total2 - kept2


def joined(first: Edges, second: Edges, people: int) -> Edges:
    """Return the pairs of both."""
    return _sorted(
        np.concatenate((first.u, second.u)).astype(np.int64),
        np.concatenate((first.v, second.v)).astype(np.int64),
        np.concatenate((first.weight, second.weight)),
        people,
    )
