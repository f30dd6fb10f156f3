"""From a snapshot and a rule set to the arrays that are searched: scarcity, indexes, vectors' lengths, gates."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.matching.domain.reasons import Gate
from services.matching.domain.rules import Related, RuleSet
from services.matching.engine.shapes import MARK_BITS, STRENGTH_UNIT, TAG_UNIT, WISH_UNIT, Int, Long, Pool, Real, Skills, Tags
from services.matching.engine.snapshot import GATES, JOURNEY, Codes, Snapshot

_LANGUAGE_WORD = 64
RELATED = -1
"""The bar of an offer that is only related to the wanted skill, and of a want whose wanter knows something near it."""
Counts = NDArray[np.integer[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a pool knows of its codes: their numbers and what each weighs. Held fixed while a few people change."""

    skills: tuple[str, ...]
    scarcity: Real
    best_known: Long
    """The strongest stated offer of each skill."""
    goals: Int
    challenges: Int
    experience: Int


def basis_of(snapshot: Snapshot, pool: Pool, rules: RuleSet) -> Basis:
    """Return the basis of a pool."""
    offered, size = pool.offers, len(pool.offers.post_start) - 1
    direct = np.bincount(offered.skill[offered.bar != RELATED], minlength=size)
    return Basis(
        skills=skill_vocabulary(snapshot),
        scarcity=scarcity(direct, np.diff(pool.wants.post_start), len(pool.seats), rules.gain.scarcity_floor),
        best_known=_best_known(offered, size),
        goals=pool.goals.weight,
        challenges=pool.challenges.weight,
        experience=pool.experience.weight,
    )


def build_pool(snapshot: Snapshot, rules: RuleSet, basis: Basis | None = None) -> Pool:
    """Return the pool in which this rule set's round is searched; with a `basis` its codes weigh what they weighed there."""
    vocabulary = basis.skills if basis else skill_vocabulary(snapshot)
    wants, offers = _renumbered(snapshot.wants, vocabulary), _renumbered(snapshot.offers, vocabulary)
    offered = _offers(offers, vocabulary, rules)
    wanted, inverse = _wants(wants, offers, offered, rules, basis)
    bar_start, bar_person, bar_gate = _gates(snapshot, rules)
    return Pool(
        wants=wanted,
        offers=offered,
        inverse_wish=inverse,
        goals=_tags(snapshot.goals, basis.goals if basis else _rarities(snapshot.goals)),
        challenges=_tags(snapshot.challenges, basis.challenges if basis else _rarities(snapshot.challenges)),
        experience=_tags(snapshot.experience, basis.experience if basis else _rarities(snapshot.experience, rules.sameness.journey)),
        level=snapshot.level,
        years=_years(snapshot.years, rules.sameness.years_added),
        family=snapshot.family.code,
        department=snapshot.department.code,
        site=snapshot.site.code,
        communication=snapshot.communication.code,
        languages=_languages(snapshot.languages),
        slots=snapshot.slots,
        bar_start=bar_start,
        bar_person=bar_person,
        bar_gate=bar_gate,
        seats=np.minimum(snapshot.seats, rules.objective.seats_max).astype(np.int32),
        bonus=snapshot.left_out.astype(np.int64) * rules.objective.fairness_bonus,
    )


def skill_vocabulary(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the skills of wants and offers together, in the pool's numbering."""
    return tuple(sorted({*snapshot.wants.vocabulary, *snapshot.offers.vocabulary}))


def _renumbered(codes: Codes, vocabulary: tuple[str, ...]) -> Codes:
    number = {code: position for position, code in enumerate(vocabulary)}
    to = np.array([number[code] for code in codes.vocabulary] or [0], np.int32)
    code = to[codes.code]
    order = np.lexsort((code, rows_of(codes.start)))
    return Codes(vocabulary, codes.start, code[order], codes.value[order])


def rows_of(start: Long) -> Long:
    """Return for each entry of compressed rows the row it stands in."""
    return np.repeat(np.arange(len(start) - 1, dtype=np.int64), np.diff(start))


def _posting(key: Int, size: int) -> tuple[Long, Long]:
    """Return row starts by key, and the stable order that sorts entries by it."""
    order = np.argsort(key, kind="stable")
    return np.concatenate(([0], np.cumsum(np.bincount(key, minlength=size)))).astype(np.int64), order


def _skills(start: Long, skill: Int, value: Int, bar: Int, size: int) -> Skills:
    post_start, order = _posting(skill, size)
    person = rows_of(start)[order].astype(np.int32)
    return Skills(start, skill, value, bar, post_start, person, value[order], bar[order])


def _offers(offers: Codes, vocabulary: tuple[str, ...], rules: RuleSet) -> Skills:
    """R6: strengths in quarter points; who offers a skill related to a wanted one offers that in part.

    The skill itself beats whatever is related to it, and of several related ones the most useful counts. A related offer
    says no strength of its own (bar `RELATED`), so it never serves somebody who knows something near the want already.
    """
    strength = np.where(offers.value == 0, rules.gain.unknown_strength, offers.value) * STRENGTH_UNIT
    person = rows_of(offers.start)
    wanted, at, nearness = _related_offers(offers, vocabulary, rules.related)
    part = np.maximum(1, np.round(strength[at] * rules.gain.related_share * nearness))
    who = np.concatenate((person, person[at]))
    skill = np.concatenate((offers.code, wanted))
    value = np.concatenate((strength, part)).astype(np.int32)
    bar = np.concatenate((offers.value, np.full(len(at), RELATED, np.int32)))
    order = np.lexsort((-value, bar == RELATED, skill, who))
    who, skill, value, bar = who[order], skill[order], value[order], bar[order]
    first = np.ones(len(who), bool)
    first[1:] = (who[1:] != who[:-1]) | (skill[1:] != skill[:-1])
    start = np.searchsorted(who[first], np.arange(len(offers.start))).astype(np.int64)
    return _skills(start, skill[first], value[first], bar[first], len(vocabulary))


def _related_offers(offers: Codes, vocabulary: tuple[str, ...], related: Sequence[Related]) -> tuple[Int, Long, Real]:
    """Return for each offer that can stand in for another skill: that skill, the place of the offer, and how near the two are."""
    number = {code: position for position, code in enumerate(vocabulary)}
    known = [(number[pair.wanted], number[pair.offered], pair.nearness) for pair in related if {pair.wanted, pair.offered} <= number.keys()]
    wanted, offered = np.array([pair[0] for pair in known], np.int32), np.array([pair[1] for pair in known], np.int64)
    start, order = _posting(offers.code, len(vocabulary))
    count = (np.diff(start)[offered] if len(offered) else np.zeros(0)).astype(np.int64)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    at = order[np.repeat(start[offered], count) + offset] if len(offered) else np.zeros(0, np.int64)
    return np.repeat(wanted, count), at, np.repeat(np.array([pair[2] for pair in known]), count)


def scarcity(offerers: Counts, wishes: Counts, people: int, floor: float) -> Real:
    """Return v per skill: rare skills weigh more; a mean of 1 over all wishes (which `wishes` counts per skill)."""
    raw = np.maximum(floor, np.sqrt(np.log((people + 1) / (offerers + 1))))
    total = int(wishes.sum())
    mean = float((raw * wishes).sum()) / total if total else 1.0
    return raw / mean


def _best_known(offered: Skills, size: int) -> Long:
    best = np.zeros(size, np.int64)
    np.maximum.at(best, offered.skill, offered.bar)
    return best


def _wants(wants: Codes, offers: Codes, offered: Skills, rules: RuleSet, basis: Basis | None) -> tuple[Skills, Real]:
    """N10: weigh each wish by priority and scarcity, and find each person's whole wish D."""
    person, size = rows_of(wants.start), len(wants.vocabulary)
    own = _own_strength(wants, offers, size, rules.gain.unknown_strength)
    best_known = _best_known(offered, size) if basis is None else basis.best_known
    kept = (own == 0) | (own < best_known[wants.code])
    start = np.concatenate(([0], np.cumsum(np.bincount(person[kept], minlength=len(wants.start) - 1)))).astype(np.int64)
    skill, bar, person = wants.code[kept], own[kept].astype(np.int32), person[kept]
    if basis is None:
        counts, wishes = np.bincount(offers.code, minlength=size), np.bincount(skill, minlength=size)
        worth = scarcity(counts, wishes, len(start) - 1, rules.gain.scarcity_floor)
    else:
        worth = basis.scarcity
    bar[(bar == 0) & _knows_something_near(person, skill, offered)] = RELATED
    priority = np.where(wants.value == 0, rules.gain.unknown_priority, wants.value)[kept]
    value = np.maximum(1, np.round(priority * worth[skill] * WISH_UNIT)).astype(np.int32)
    typical = rules.gain.enough_wants * rules.gain.unknown_priority * WISH_UNIT
    whole = np.maximum(typical, _whole_wish(person, value, len(start) - 1, rules))
    inverse = np.where(np.diff(start) > 0, 1.0 / (whole * 5 * STRENGTH_UNIT), 0.0)
    return _skills(start, skill, value, bar, size), inverse


def _own_strength(wants: Codes, offers: Codes, size: int, unknown: int) -> Long:
    """Return for each want the person's own strength in it, 0 if they do not offer it."""
    mine = rows_of(offers.start) * size + offers.code
    wish = rows_of(wants.start) * size + wants.code
    if not len(mine):
        return np.zeros(len(wish), np.int64)
    at = np.minimum(np.searchsorted(mine, wish), len(mine) - 1)
    return np.where(mine[at] == wish, np.where(offers.value[at] == 0, unknown, offers.value[at]), 0).astype(np.int64)


def _knows_something_near(person: Long, skill: Int, offered: Skills) -> NDArray[np.bool_]:
    """Tell for each want whether the person offers a related skill themselves: then only the wanted one is new to them."""
    size = len(offered.post_start) - 1
    near = offered.bar == RELATED
    return np.isin(person * size + skill, rows_of(offered.start)[near] * size + offered.skill[near])


def _whole_wish(person: Long, value: Int, people: int, rules: RuleSet) -> Real:
    """Return D before its lower limit: the heaviest wishes in full, the rest in part."""
    order = np.lexsort((-value, person))
    who, sorted_value = person[order], value[order]
    first = np.searchsorted(who, np.arange(people))
    rank = np.arange(len(who)) - first[who]
    share = np.where(rank < rules.gain.full_wants, 1.0, rules.gain.rest_share)
    return np.bincount(who, sorted_value * share, minlength=people).astype(np.float64)


def _years(years: Int, added: float) -> Int:
    """Return years as a thousandth of their logarithm: one year matters less the more one has."""
    return np.where(years < 0, -1, np.round(1_000 * np.log(np.maximum(years, 0) / 1_000 + added))).astype(np.int32)


def _rarities(codes: Codes, journey: float = 1.0) -> Int:
    """Weigh each code by its rarity: two of three people tick "learn new things". R25: steps of a journey by the programme's rule."""
    people, size = len(codes.start) - 1, len(codes.vocabulary)
    rarity = np.log((people + 1) / (np.bincount(codes.code, minlength=size) + 1))
    share = np.array([journey if code.startswith(JOURNEY) else 1.0 for code in codes.vocabulary], np.float64)
    return np.maximum(TAG_UNIT // 32, np.round(rarity * rarity * TAG_UNIT * share)).astype(np.int32)


def _tags(codes: Codes, weight: Int) -> Tags:
    post_start, order = _posting(codes.code, len(weight))
    person = rows_of(codes.start)
    length = np.bincount(person, weight[codes.code], minlength=len(codes.start) - 1)
    scale = np.where(length > 0, 1.0 / np.sqrt(np.maximum(length, 1)), 0.0)
    mark = np.zeros(len(codes.start) - 1, np.uint64)
    np.bitwise_or.at(mark, person, np.uint64(1) << (codes.code.astype(np.uint64) % np.uint64(MARK_BITS)))
    return Tags(codes.start, codes.code, post_start, person[order].astype(np.int32), weight, scale, mark)


def _languages(codes: Codes) -> np.ndarray[tuple[int, int], np.dtype[np.uint64]]:
    """Return each person's languages as bits; none = unknown."""
    words = max(1, -(-len(codes.vocabulary) // _LANGUAGE_WORD))
    bits = np.zeros((len(codes.start) - 1, words), np.uint64)
    person, code = rows_of(codes.start), codes.code.astype(np.uint64)
    np.bitwise_or.at(bits, (person, (code // _LANGUAGE_WORD).astype(np.int64)), np.uint64(1) << (code % np.uint64(_LANGUAGE_WORD)))
    return bits


def _gates(snapshot: Snapshot, rules: RuleSet) -> tuple[Long, Int, np.ndarray[tuple[int], np.dtype[np.int8]]]:
    """R5: leave out the gates by name that this rule set does not use."""
    off = [GATES.index(Gate.REPORTING_LINE)] * (not rules.gates.reporting_line) + [GATES.index(Gate.RECRUITER)] * (
        not rules.gates.recruiter
    )
    kept = ~np.isin(snapshot.bar_gate, np.array(off, np.int8))
    person = rows_of(snapshot.bar_start)[kept]
    start = np.searchsorted(person, np.arange(snapshot.size + 1)).astype(np.int64)
    return start, snapshot.bar_person[kept], snapshot.bar_gate[kept]
