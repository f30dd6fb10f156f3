"""Kind `mentor` (R43): one direction, two roles. Everybody stands in the pool twice, and the round is solved between both.

Row i is a person as mentee (wants, no offers), row N + i the same person as mentor (offers, no wants), each with seats of its
own. What is left is a bipartite problem, on which the auction's relaxation is tight: the same solver, the same checker.
"""

from dataclasses import replace

import numpy as np

from services.matching.domain.reasons import Gate, UnmatchedReason
from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import Calibration
from services.matching.engine.candidates import Edges
from services.matching.engine.certificate import certificate_of
from services.matching.engine.pool import rows_of
from services.matching.engine.result import Certificate
from services.matching.engine.shapes import Int, Long, Pool, Skills, Tags
from services.matching.engine.snapshot import GATES
from services.matching.engine.solver import Progress, Solved, solve_pool

_YEARS_UNIT = 1_000


def in_two_roles(pool: Pool, rules: RuleSet, mentee_seats: Int) -> Pool:
    """Return the pool of 2 N rows; `mentee_seats` says how many mentors each person may still get, -1 what the rules give.

    A mentee's level and years are raised by the lead that a mentor should have, so that likeness of level is nearness to that lead.
    """
    people, twice = len(pool.seats), {}
    for name in ("family", "department", "site", "communication", "languages", "slots", "bonus"):
        column = getattr(pool, name)
        twice[name] = np.concatenate((column, column))
    years_lead = round(_YEARS_UNIT * float(np.log(rules.mentor.years_lead)))
    most = rules.mentor.mentors_at_once
    as_mentee = np.where(mentee_seats >= 0, np.minimum(mentee_seats, most), np.where(pool.seats > 0, most, 0)).astype(np.int32)
    bar_start, bar_person, bar_gate = _bars(pool)
    return Pool(
        wants=_as_mentees(pool.wants, people),
        offers=_as_mentors(pool.offers, people),
        inverse_wish=np.concatenate((pool.inverse_wish, np.zeros(people))),
        goals=_tags(pool.goals),
        challenges=_tags(pool.challenges),
        experience=_tags(pool.experience),
        level=np.concatenate((_raised(pool.level, rules.mentor.level_lead), pool.level)),
        years=np.concatenate((_raised(pool.years, years_lead), pool.years)),
        bar_start=bar_start,
        bar_person=bar_person,
        bar_gate=bar_gate,
        seats=np.concatenate((as_mentee, pool.seats)),
        **twice,
    )


def _raised(column: Int, by: int) -> Int:
    return np.where(column >= 0, column + by, column).astype(np.int32)


def _as_mentees(wants: Skills, people: int) -> Skills:
    return wants._replace(start=np.concatenate((wants.start, np.full(people, wants.start[-1]))))


def _as_mentors(offers: Skills, people: int) -> Skills:
    start = np.concatenate((np.zeros(people, np.int64), offers.start))
    return offers._replace(start=start, post_person=(offers.post_person + people).astype(np.int32))


def _tags(tags: Tags) -> Tags:
    start, code = np.concatenate((tags.start, tags.start[1:] + tags.start[-1])), np.concatenate((tags.code, tags.code))
    order = np.argsort(code, kind="stable")
    person = rows_of(start)[order].astype(np.int32)
    post_start = np.concatenate(([0], np.cumsum(np.bincount(code, minlength=len(tags.post_start) - 1)))).astype(np.int64)
    scale, mark = np.concatenate((tags.scale, tags.scale)), np.concatenate((tags.mark, tags.mark))
    return Tags(start, code, post_start, person, tags.weight, scale, mark)


def _bars(pool: Pool) -> tuple[Long, Int, np.ndarray[tuple[int], np.dtype[np.int8]]]:
    """Bar each mentee from those whom the person is barred from, and from themselves."""
    people = len(pool.seats)
    mine, self_ = rows_of(pool.bar_start), np.arange(people, dtype=np.int64)
    rows = np.concatenate((mine, self_))
    columns = np.concatenate((pool.bar_person.astype(np.int64), self_)) + people
    return _barred(rows, columns, np.concatenate((pool.bar_gate, np.full(people, GATES.index(Gate.SELF)))), 2 * people)


def _barred(rows: Long, columns: Long, gates: Long, size: int) -> tuple[Long, Int, np.ndarray[tuple[int], np.dtype[np.int8]]]:
    """Return these bars both ways round, in order."""
    one, other, gate = np.concatenate((rows, columns)), np.concatenate((columns, rows)), np.concatenate((gates, gates))
    order = np.lexsort((other, one))
    start = np.searchsorted(one[order], np.arange(size + 1)).astype(np.int64)
    return start, other[order].astype(np.int32), gate[order].astype(np.int8)


def _also_barred(pool: Pool, pairs: Long) -> Pool:
    """Bar further pairs of rows (mentee, mentor): the two have each other the other way round."""
    size = len(pool.seats)
    rows, once = rows_of(pool.bar_start), pool.bar_person > rows_of(pool.bar_start)
    gates = np.concatenate((pool.bar_gate[once], np.full(len(pairs), GATES.index(Gate.LIVE_PARTNER))))
    joined = _barred(np.concatenate((rows[once], pairs[:, 0])), np.concatenate((pool.bar_person[once], pairs[:, 1])), gates, size)
    return pool._replace(bar_start=joined[0], bar_person=joined[1], bar_gate=joined[2])


def solve_mentor(
    pool: Pool, rules: RuleSet, seed: int, *, mentee_seats: Int, threads: int, progress: Progress, placed: Calibration
) -> Solved:
    """Solve a round of kind `mentor`; two people are each other's mentor in one direction only.

    Where the optimum wants both directions, the lighter one is barred and the round solved again. Every bar only takes a
    choice away, so the first bound holds for what comes out.
    """
    people, roles = len(pool.seats), in_two_roles(pool, rules, mentee_seats)
    alone = replace(rules, objective=replace(rules.objective, trios=False))
    solved = solve_pool(roles, alone, seed, threads=threads, progress=progress, placed=placed)
    first = solved.certificate
    while len(doubled := _both_ways(solved, people)):
        roles = _also_barred(roles, doubled)
        solved = solve_pool(roles, alone, seed, threads=threads, progress=progress, placed=placed)
    best = solved.certificate
    return _folded(solved, pool, certificate_of(value=best.value, score=best.score, bound=first.bound, bound_all=first.bound_all))


def _both_ways(solved: Solved, people: int) -> Long:
    """Return the lighter direction of every two who are each other's mentor (the lower place stays mentee in a tie)."""
    found = {(mentee, mentor - people): weight for (mentee, mentor), weight in zip(solved.pairs, solved.weights, strict=True)}
    lighter = [
        (mentee, mentor + people)
        for (mentee, mentor), weight in found.items()
        if (mentor, mentee) in found and (weight, -mentee) < (found[mentor, mentee], -mentor)
    ]
    return np.array(sorted(lighter), np.int64).reshape(-1, 2)


def _folded(solved: Solved, pool: Pool, certificate: Certificate) -> Solved:
    """Return the round with everybody once again."""
    people = len(pool.seats)
    pairs = sorted((min(u, v - people), max(u, v - people), weight, u) for (u, v), weight in zip(solved.pairs, solved.weights, strict=True))
    return replace(
        solved,
        pool=pool,
        edges=_folded_edges(solved.edges, people),
        kth=np.maximum(solved.kth[:people], solved.kth[people:]),
        pairs=[(u, v) for u, v, _, _ in pairs],
        weights=[weight for _, _, weight, _ in pairs],
        mentees={(u, v): mentee for u, v, _, mentee in pairs},
        unmatched={
            i: _reason(pool, i, solved.unmatched[i], solved.unmatched[i + people])
            for i in range(people)
            if i in solved.unmatched and i + people in solved.unmatched
        },
        net2=np.maximum(solved.net2[:people], solved.net2[people:]),
        certificate=certificate,
    )


def _folded_edges(edges: Edges, people: int) -> Edges:
    """Return the candidate pairs without direction, each with the better of its two scores."""
    mentor = edges.v - people
    u, v = np.minimum(edges.u, mentor).astype(np.int64), np.maximum(edges.u, mentor).astype(np.int64)
    order = np.lexsort((-edges.weight, v, u))
    u, v, weight = u[order], v[order], edges.weight[order]
    first = np.ones(len(u), bool)
    first[1:] = (u[1:] != u[:-1]) | (v[1:] != v[:-1])
    return Edges(u[first].astype(np.int32), v[first].astype(np.int32), weight[first])


def _reason(pool: Pool, i: int, as_mentee: UnmatchedReason, as_mentor: UnmatchedReason) -> UnmatchedReason:
    """Return the one reason that is true of both roles: nobody who offers is told only of their unmet wish."""
    wants, offers = pool.wants.start[i + 1] > pool.wants.start[i], pool.offers.start[i + 1] > pool.offers.start[i]
    if not offers or as_mentor is UnmatchedReason.NO_FREE_SEAT:
        return as_mentee
    if not wants or as_mentee is UnmatchedReason.NO_FREE_SEAT:
        return as_mentor
    hopeless = as_mentee is UnmatchedReason.WANTS_NOT_OFFERED and as_mentor is not UnmatchedReason.OFFERS_NOT_WANTED
    return as_mentor if hopeless else as_mentee
