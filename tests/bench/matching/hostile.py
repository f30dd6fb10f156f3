"""Populations meant to hurt: flat scores, one bottleneck, nothing to find, many seats, many bars (from a seed)."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from services.matching.engine import Person
from tests.support.population import Shape, company, member, survey


def all_alike(people: int, _seed: int) -> list[Person]:
    """Make two kinds of people that complement each other, all else alike: all scores tie."""
    return [
        Person(id=member(at), offers={"a": 3, "b": 3}, wants={"c": 2, "d": 2}, goals=("g",), level=3, years=5.0)
        if at % 2
        else Person(id=member(at), offers={"c": 3, "d": 3}, wants={"a": 2, "b": 2}, goals=("g",), level=3, years=5.0)
        for at in range(people)
    ]


def alike_in_classes(people: int, seed: int) -> list[Person]:
    """Make a hundred kinds of people, everybody within a kind alike to the last field."""
    kinds = company(100, seed, Shape(skills=60, families=4, departments=6))
    return [replace(kinds[at % len(kinds)], id=member(at), manager_chain=(), do_not_pair=(), seats=1) for at in range(people)]


def one_for_all(people: int, seed: int) -> list[Person]:
    """Let one person offer the only thing that everybody wants."""
    return [
        replace(one, wants={"rare": 3}, offers={"rare": 5} if at == people - 1 else one.offers)
        for at, one in enumerate(company(people, seed))
    ]


def one_wanted_skill(people: int, seed: int) -> list[Person]:
    """Let everybody want one skill that one in a hundred offers."""
    crowd = survey(people, seed)
    return [
        replace(one, wants={"rare": 3, **dict(list(one.wants.items())[:1])}, offers={"rare": 4} if at % 100 == 0 else one.offers)
        for at, one in enumerate(crowd)
    ]


def nobody_offers(people: int, seed: int) -> list[Person]:
    """Leave wishes only, and nobody to fulfil them."""
    return [replace(one, offers={}) for one in survey(people, seed)]


def tick_everything(people: int, seed: int) -> list[Person]:
    """Let a tenth tick every skill as offer, and want a third of them."""
    rng = np.random.default_rng([seed, people, 23])
    every = [f"skill-{skill:02d}" for skill in range(43)]
    return [
        replace(one, offers=dict.fromkeys(every), wants={skill: None for skill in every if rng.random() < 1 / 3})
        if rng.random() < 0.1
        else one
        for one in survey(people, seed)
    ]


def everybody_ticks(people: int, seed: int) -> list[Person]:
    """Let everybody offer every skill, more or less strongly, and want a third of them."""
    rng = np.random.default_rng([seed, people, 31])
    every = [f"skill-{skill:02d}" for skill in range(43)]
    return [
        replace(
            one, offers={skill: int(rng.integers(1, 6)) for skill in every}, wants={skill: None for skill in every if rng.random() < 1 / 3}
        )
        for one in survey(people, seed)
    ]


def fields_empty(people: int, seed: int) -> list[Person]:
    """Leave three in ten fields empty."""
    rng = np.random.default_rng([seed, people, 37])
    blank = Person(id="")
    names = ("offers", "wants", "goals", "challenges", "experience", "level", "years", "job_family", "department", "site", "languages")
    return [replace(one, **{name: getattr(blank, name) for name in names if rng.random() < 0.3}) for one in company(people, seed)]


def many_seats(people: int, seed: int) -> list[Person]:
    """Give up to eight seats each."""
    return company(people, seed, Shape(seats_up_to=8))


def many_bars(people: int, seed: int) -> list[Person]:
    """Bar three in ten pairs of each hundred by name."""
    rng = np.random.default_rng([seed, people, 29])
    crowd = []
    for at, one in enumerate(survey(people, seed)):
        first = at // 100 * 100
        barred = tuple(member(other) for other in range(first, min(people, first + 100)) if other != at and rng.random() < 0.3)
        crowd.append(replace(one, do_not_pair=barred))
    return crowd


def long_chains(people: int, seed: int) -> list[Person]:
    """Make reporting lines twenty deep: each column of twenty reports upward."""
    return [
        replace(one, manager_chain=tuple(member(above) for above in range(at - 1, at // 20 * 20 - 1, -1)))
        for at, one in enumerate(survey(people, seed))
    ]


HOSTILE: dict[str, Callable[[int, int], list[Person]]] = {
    "all-alike": all_alike,
    "alike-in-classes": alike_in_classes,
    "one-for-all": one_for_all,
    "everybody-ticks": everybody_ticks,
    "fields-empty": fields_empty,
    "one-wanted-skill": one_wanted_skill,
    "nobody-offers": nobody_offers,
    "tick-everything": tick_everything,
    "many-seats": many_seats,
    "many-bars": many_bars,
    "long-chains": long_chains,
}
