"""Measure the engine: one table and one JSON line per case.

`python -m tests.bench.matching [--quick] [--sizes 500,2000,10000] [--shapes company,survey] [--seeds 1,2,3] [--seats 1,3] [--no-rivals]`
"""

import argparse
import json
import platform
import resource
import sys
from collections.abc import Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any

from services.matching.domain.rules import RuleSet
from services.matching.engine import Person
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import freeze
from services.matching.engine.solver import Solved, solve_pool
from services.matching.engine.warm import warm
from tests.bench.matching.rivals import RIVALS, edges_of, measured
from tests.support.population import Shape, company, survey

RUNS_BELOW = 20_000
"""Cases up to this size run three times; the median counts."""


def people_of(shape: str, size: int, seed: int, seats: int) -> list[Person]:
    """Return a population; `survey68` is the dense shape with 68 skills."""
    if shape == "company":
        return company(size, seed, Shape(seats_up_to=seats))
    return survey(size, seed, 68 if shape == "survey68" else 43)


def solved_once(people: list[Person], rules: RuleSet, threads: int) -> tuple[Solved, float, float, dict[str, float]]:
    """Solve from the packed snapshot; return the round, CPU and wall seconds, and CPU per stage."""
    snapshot = freeze(people, rules.placeholders)
    stages: dict[str, float] = {}
    last: list[Any] = [process_time(), "index"]

    def tell(stage: str, _share: float) -> None:
        now = process_time()
        stages[str(last[1])] = stages.get(str(last[1]), 0.0) + now - float(last[0])
        last[:] = [now, stage]

    wall, cpu = perf_counter(), process_time()
    found = solve_pool(build_pool(snapshot, rules), rules, 1, threads=threads, progress=tell)
    cpu, wall = process_time() - cpu, perf_counter() - wall
    tell("end", 1.0)
    return found, cpu, wall, stages


def case(shape: str, size: int, seed: int, *, seats: int, candidates: int, threads: int, rivals: bool) -> dict[str, Any]:
    """Measure one case."""
    rules = RuleSet.from_mapping({"search": {"candidates": candidates}})
    people = people_of(shape, size, seed, seats)
    runs = [solved_once(people, rules, threads) for _ in range(3 if size <= RUNS_BELOW else 1)]
    found, cpu, wall = runs[0][0], median(run[1] for run in runs), median(run[2] for run in runs)
    proof = found.certificate
    told: dict[str, Any] = {
        "case": f"{shape} {size} seats 1-{seats} K {candidates} seed {seed}",
        "cpu_seconds": round(cpu, 3),
        "wall_seconds": round(wall, 3),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "value": proof.value,
        "gap": proof.gap,
        "gap_all": proof.gap_all,
        "gap_score": proof.gap_score,
        "coverage": 1 - len(found.unmatched) / size,
        "pairs": len(found.pairs),
        "trios": len(found.trios),
        "stages": {name: round(seconds, 3) for name, seconds in runs[-1][3].items()},
    }
    if rivals and seats == 1:
        told["rivals"] = _rivals(found, rules, size, told)
    return told


def _rivals(found: Solved, rules: RuleSet, size: int, told: dict[str, Any]) -> list[dict[str, Any]]:
    edges = edges_of(found, rules.objective.coverage_bonus)
    results = []
    for name in (name for name, (_, largest) in RIVALS.items() if size <= largest):
        result = measured(name, edges, size)
        result["times_our_cpu"] = round(result["cpu_seconds"] / max(1e-9, told["cpu_seconds"]), 1)
        result["loss_against_ours"] = round(1 - result["value"] / told["value"], 5)
        results.append(result)
    return results


def main(arguments: Sequence[str]) -> int:
    """Run the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="sizes 500 and 2,000, one seed")
    parser.add_argument("--sizes", default="500,2000,10000")
    parser.add_argument("--shapes", default="company,survey")
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--seats", default="1")
    parser.add_argument("--candidates", default="20")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-rivals", action="store_true")
    asked = parser.parse_args(arguments)
    sizes = "500,2000" if asked.quick else asked.sizes
    warm()
    sys.stdout.write(f"# {platform.processor() or platform.machine()}, Python {platform.python_version()}, {asked.threads} thread(s)\n")
    for shape in asked.shapes.split(","):
        for size, seed, seats, best in (
            (int(size), int(seed), int(seats), int(best))
            for size in sizes.split(",")
            for seed in asked.seeds.split(",")
            for seats in asked.seats.split(",")
            for best in asked.candidates.split(",")
        ):
            told = case(shape, size, seed, seats=seats, candidates=best, threads=asked.threads, rivals=not asked.no_rivals)
            _print(told)
    return 0


def _print(told: dict[str, Any]) -> None:
    all_ = told["gap_all"]
    sys.stdout.write(
        f"{told['case']:<42} CPU {told['cpu_seconds']:8.3f} s  wall {told['wall_seconds']:8.3f} s  {told['peak_mib']:5d} MiB  "
        f"certified {100 * (1 - told['gap']):.4f} %, all pairs {100 * (1 - all_):.4f} %  coverage {told['coverage']:.3f}\n"
    )
    for rival in told.get("rivals", ()):
        sys.stdout.write(
            f"    {rival['rival']:<12} CPU {rival['cpu_seconds']:8.3f} s  x {rival['times_our_cpu']:<8} "
            f"loss {100 * rival['loss_against_ours']:.3f} %\n"
        )
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
