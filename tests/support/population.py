"""Made-up populations for tests and benchmarks, from a seed: a believable company, and the shape of real survey data.

Nothing here is tuned to the engine, nor the engine to it: skewed popularity, families that own most skills, sites with
time zones and languages, a level pyramid with reporting lines, capacities, exclusions, absences, empty and odd profiles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator

from services.matching.engine.person import Person

_SITES = (("berlin", 1, "de"), ("munich", 1, "de"), ("london", 0, "en"), ("austin", -6, "en"), ("pune", 5, "en"), ("lyon", 1, "fr"))
_HOUR, _DAY = 60, 24 * 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """How a company is made."""

    skills: int = 2_000
    families: int = 24
    departments: int = 40
    seats_up_to: int = 1
    with_hours: bool = True


def company(people: int, seed: int = 1, shape: Shape | None = None) -> list[Person]:
    """Return a believable company."""
    how = shape or Shape()
    rng = np.random.default_rng([seed, people, 11])
    managers = _pyramid(people)
    chains = _chains(managers)
    depth = np.array([len(chain) for chain in chains])
    own = _family_skills(rng, how)
    popularity = _skewed(how.skills, 0.9)
    return [_employee(rng, at, how, chains[at], int(depth.max() - depth[at]), own, popularity) for at in range(people)]


def _employee(  # noqa: PLR0917 - one call
    rng: Generator, at: int, how: Shape, chain: tuple[int, ...], level: int, own: Sequence[Sequence[int]], popularity: np.ndarray
) -> Person:
    family = int(rng.integers(how.families))
    site, offset, language = _SITES[int(rng.choice(len(_SITES), p=(0.28, 0.14, 0.18, 0.14, 0.16, 0.10)))]
    offers = _skills(rng, own[family], how.skills, popularity, int(rng.geometric(0.22)), 0.8)
    wants = [skill for skill in _skills(rng, own[family], how.skills, popularity, int(rng.geometric(0.35)), 0.55) if skill not in offers]
    empty, odd = rng.random() < 0.06, rng.random()
    away = rng.random() < 0.03
    languages = tuple(sorted({language, "en"} if rng.random() < 0.8 else {language}))
    return Person(
        id=member(at),
        offers={} if empty else {f"skill-{skill:04d}": _maybe(rng, 0.8, 1, 6) for skill in offers},
        wants={} if empty or odd < 0.1 else {f"skill-{skill:04d}": _maybe(rng, 0.7, 1, 4) for skill in wants},
        goals=() if empty else tuple(sorted({f"goal-{goal:02d}" for goal in rng.choice(24, 3, p=_skewed(24, 0.8))})),
        challenges=() if rng.random() < 0.3 else tuple(sorted({f"challenge-{one:02d}" for one in rng.integers(0, 18, 2)})),
        challenges_long=() if rng.random() < 0.5 else (f"challenge-{int(rng.integers(18)):02d}",),
        level=None if rng.random() < 0.03 else level,
        years=None if rng.random() < 0.1 else round(float(rng.gamma(2.0, 3.0) + level), 1),
        job_family=f"family-{family:02d}",
        department=f"department-{(family * 5 + int(rng.integers(5))) % how.departments:02d}",
        site=site,
        languages=languages if rng.random() < 0.9 else (),
        availability=_hours(rng, offset) if how.with_hours and rng.random() < 0.85 else (),
        communication=None if rng.random() < 0.4 else ("chat", "call", "in-person")[int(rng.integers(3))],
        manager_chain=tuple(member(manager) for manager in chain),
        seats=0 if away else int(rng.integers(1, how.seats_up_to + 1)),
        do_not_pair=(member(max(0, at - 7)),) if at > 7 and rng.random() < 0.004 else (),
        left_out=bool(rng.random() < 0.05),
    )


def survey(people: int, seed: int = 1, skills: int = 43) -> list[Person]:
    """Return the shape of real survey data: few skills, many ticks, many without wants, one goal that most tick."""
    rng = np.random.default_rng([seed, people, skills, 17])
    offered, wanted = _skewed(skills, 0.55), _skewed(skills, 0.55)[::-1].copy()
    wanted[:6] = offered[:6] * rng.uniform(3, 8, 6)
    wanted /= wanted.sum()
    crowd = []
    for at in range(people):
        neither, no_wants = rng.random() < 0.12, rng.random() < 0.14
        ticks_all = rng.random() < 0.01
        offer_count = skills if ticks_all else min(skills, 1 + int(rng.lognormal(1.15, 0.75)))
        want_count = min(skills, 40 if ticks_all else 1 + int(rng.lognormal(0.9, 0.8)))
        offers: list[int] = [] if neither else rng.choice(skills, offer_count, replace=False, p=offered).tolist()
        wants: list[int] = [] if neither or no_wants else rng.choice(skills, want_count, replace=False, p=wanted).tolist()
        goals = {f"goal-{goal:02d}" for goal in rng.choice(15, 3, p=_skewed(15, 0.6))} | (
            {"learn-new-things"} if rng.random() < 2 / 3 else set()
        )
        crowd.append(
            Person(
                id=member(at),
                offers={f"skill-{skill:02d}": None for skill in sorted(offers)},
                wants={f"skill-{skill:02d}": None for skill in sorted(wants)},
                goals=() if rng.random() < 0.05 else tuple(sorted(goals)),
                challenges=tuple(sorted({f"challenge-{one:02d}" for one in rng.choice(14, 3, p=_skewed(14, 0.5))})),
                experience=tuple(sorted({f"journey-{one:02d}" for one in rng.choice(30, 2, p=_skewed(30, 0.7))})),
                years=None if rng.random() < 0.05 else round(float(rng.gamma(2.2, 4.0)), 1),
                job_family=None if rng.random() < 0.04 else f"role-{int(rng.choice(27, p=_skewed(27, 0.9))):02d}",
                department=None if rng.random() < 0.1 else f"industry-{int(rng.choice(20, p=_skewed(20, 0.8))):02d}",
                manager_chain=(f"outside-{int(rng.integers(people)):06d}",) if rng.random() < 1 / 3 else (member(at // 8),) * (at > 0),
            )
        )
    return crowd


def member(number: int) -> str:
    """Return the id of a made-up member."""
    return f"m{number:06d}"


def _skewed(size: int, power: float) -> np.ndarray:
    """Return falling shares that sum to 1."""
    share = 1.0 / np.arange(1, size + 1) ** power
    return np.asarray(share / share.sum())


def _pyramid(people: int) -> list[int]:
    """Return everybody's manager: a tree in which each leads eight; the first leads all."""
    return [-1, *((at - 1) // 8 for at in range(1, people))]


def _chains(managers: Sequence[int]) -> list[tuple[int, ...]]:
    chains: list[tuple[int, ...]] = []
    for manager in managers:
        chains.append(() if manager < 0 else (manager, *chains[manager]))
    return chains


def _family_skills(rng: Generator, how: Shape) -> list[list[int]]:
    """Give each family about its share of all skills, some of them shared with others."""
    size = max(3, 2 * how.skills // how.families)
    return [sorted({*rng.integers(0, how.skills, size).tolist()}) for _ in range(how.families)]


def _skills(rng: Generator, own: Sequence[int], skills: int, popularity: np.ndarray, count: int, from_own: float) -> list[int]:  # noqa: PLR0917 - one call
    found = set()
    for _ in range(min(count, 24)):
        if rng.random() < from_own:
            found.add(own[min(len(own) - 1, int(rng.exponential(len(own) / 5)))])
        else:
            found.add(int(np.searchsorted(np.cumsum(popularity), rng.random())) % skills)
    return sorted(found)


def _maybe(rng: Generator, known: float, low: int, high: int) -> int | None:
    return int(rng.integers(low, high)) if rng.random() < known else None


def _hours(rng: Generator, offset: int) -> tuple[tuple[int, int], ...]:
    """Return free hours in UTC minutes of the week: some of each working day."""
    start = (8 - offset + int(rng.integers(0, 3))) * _HOUR
    return tuple((day * _DAY + start, day * _DAY + start + int(rng.integers(2, 9)) * _HOUR) for day in range(5) if rng.random() < 0.8)
