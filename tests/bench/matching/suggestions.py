"""How long a list of suggestions takes: `python -m tests.bench.matching.suggestions [PEOPLE …]`, in processor time (N4, R3).

Prints a line of JSON for each size: building the index, laying a change over it, and one list of ten (median and 99th percentile), each
for people in the index and for people in the overlay.
"""

import dataclasses
import json
import sys
import time
from collections.abc import Callable, Iterable

import numpy as np

from services.matching.domain.rules import RuleSet
from services.matching.engine.suggestions import SuggestionIndex, build_index
from tests.support.population import company

CHANGED, ASKED = 100, 2_000


def cpu(work: Callable[[], object]) -> float:
    """Return the milliseconds of processor time that something takes."""
    begun = time.process_time()
    work()
    return 1_000 * (time.process_time() - begun)


def lists(index: SuggestionIndex, members: Iterable[str]) -> dict[str, float]:
    """Return median and 99th percentile of one list of ten, in milliseconds."""
    index.suggest(next(iter(members)))
    took = [cpu(lambda one=one: index.suggest(one)) for one in members]  # type: ignore[misc]
    return {"p50_ms": round(float(np.quantile(took, 0.5)), 3), "p99_ms": round(float(np.quantile(took, 0.99)), 3)}


def measured(people: int) -> dict[str, object]:
    """Measure one size."""
    crowd, rules = company(people, seed=1), RuleSet()
    begun = time.process_time()
    index = SuggestionIndex(build_index(crowd, rules, 1, prices={}))
    built = time.process_time() - begun
    asked = [crowd[at].id for at in np.random.default_rng(3).integers(0, people, ASKED)]
    changed = {one.id: dataclasses.replace(one, goals=("goal-01", "brand-new")) for one in crowd[:CHANGED]}
    overlay = index.with_changed(changed)
    laid = cpu(lambda: index.with_changed(changed))
    return {
        "people": people,
        "build_s": round(built, 2),
        "lay_over_ms": round(laid, 1),
        "in_index": lists(index, asked),
        "with_overlay": lists(overlay, asked),
        "in_overlay": lists(overlay, list(changed)),
    }


def main(sizes: list[str]) -> None:
    """Print one line a size."""
    for size in sizes or ["10000"]:
        sys.stdout.write(json.dumps(measured(int(size))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
