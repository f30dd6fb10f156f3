"""Compile everything now, so that no request waits for it: `python -m services.matching.engine.warm`.

Run it when an image is built (with `TANDEM_ENGINE_CACHE` set as at run time) or when a machine is set up; once per change of
the kernels and per kind of processor. With the machine code in its folder this takes about a second.
"""

import sys
from time import perf_counter

import numpy as np

from services.matching.domain.rules import RuleSet
from services.matching.engine.calibrate import calibrate
from services.matching.engine.candidates import undervalued_at
from services.matching.engine.compiled import IS_COMPILED, cache_folder, compiling_alone, forget_older
from services.matching.engine.person import Person
from services.matching.engine.pool import build_pool
from services.matching.engine.round import run
from services.matching.engine.snapshot import freeze


def warm() -> None:
    """Have every compiled function made, or fetched from where another process left it."""
    with compiling_alone():
        for skills in (2, 40):
            touch_all(skills)


def touch_all(skills: int) -> None:
    """Solve tiny rounds that touch every compiled function (few skills: dense rows; many: listed ones)."""
    people = [
        Person(
            id=f"p{at:02d}",
            offers={f"s{at % skills}": 3},
            wants={f"s{(at + 1) % skills}": None},
            goals=("g",),
            challenges=("c",),
            languages=("en",),
            availability=((480, 960),),
        )
        for at in range(41)
    ]
    rules = RuleSet.from_mapping({"common": {"availability": 0.1}})
    run(people, rules, 1)
    run(people, RuleSet.from_mapping({"kind": "circle"}), 1)
    pool = build_pool(freeze(people), rules)
    undervalued_at(pool, calibrate(pool, rules, 1).model, np.zeros(len(people)), np.ones(len(people), bool))


def main() -> int:
    """Warm up and tell where the machine code lies."""
    begun = perf_counter()
    if IS_COMPILED:
        warm()
        forget_older()
        sys.stdout.write(f"matching engine compiled in {perf_counter() - begun:.1f} s, kept in {cache_folder()}\n")
    else:
        sys.stdout.write("matching engine runs interpreted (numba is missing or switched off)\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
