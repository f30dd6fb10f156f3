"""One case of the benchmark: a population, solved from the packed snapshot, its rivals, and suggestions (in a process of its own)."""

import resource
from dataclasses import asdict, dataclass
from statistics import median
from time import perf_counter, process_time
from typing import Any

from services.matching.domain.rules import RuleSet
from services.matching.engine import Person
from services.matching.engine.pool import build_pool
from services.matching.engine.snapshot import Snapshot, freeze
from services.matching.engine.solver import Solved, solve_pool
from services.matching.engine.suggestions import SuggestionIndex
from services.matching.engine.warm import warm
from tests.bench.matching.hostile import HOSTILE
from tests.bench.matching.rivals import RIVALS, measured
from tests.bench.matching.suggestions import lists
from tests.support.population import Shape, company, survey

RUNS_BELOW = 20_000
"""Cases up to this size run three times; the median counts."""
ASKED = 400
"""So many people ask for suggestions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is measured. `rivals`: whom to try on the same people."""

    shape: str
    size: int
    seed: int = 1
    seats: int = 1
    candidates: int = 20
    threads: int = 1
    rivals: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the case in words; the key by which a broken run goes on."""
        return f"{self.shape} {self.size} seats 1-{self.seats} K {self.candidates} seed {self.seed}"


def people_of(shape: str, size: int, seed: int, seats: int) -> list[Person]:
    """Return a population; `survey68` is the dense shape with 68 skills."""
    if shape in HOSTILE:
        return HOSTILE[shape](size, seed)
    if shape == "company":
        return company(size, seed, Shape(seats_up_to=seats))
    return survey(size, seed, 68 if shape == "survey68" else 43)


def solved_once(snapshot: Snapshot, rules: RuleSet, threads: int) -> tuple[Solved, float, float, dict[str, float]]:
    """Solve from the packed snapshot; return the round, CPU and wall seconds, and CPU per stage."""
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


def measure(case: Case) -> dict[str, Any]:
    """Measure one case."""
    warm()
    rules = RuleSet.from_mapping({"search": {"candidates": case.candidates}})
    people = people_of(case.shape, case.size, case.seed, case.seats)
    snapshot = freeze(people, rules.placeholders)
    runs = [solved_once(snapshot, rules, case.threads) for _ in range(3 if case.size <= RUNS_BELOW else 1)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    found = runs[0][0]
    told = asdict(case) | {
        "case": case.name,
        "cpu_seconds": round(median(run[1] for run in runs), 4),
        "wall_seconds": round(median(run[2] for run in runs), 4),
        "peak_mib": peak,
        "stages": {name: round(seconds, 4) for name, seconds in runs[-1][3].items()},
    }
    told |= _quality(found, case.size)
    told["suggestions"] = _suggestions(people, rules, found, snapshot)
    told["rivals"] = _rivals(case, snapshot) if case.rivals else []
    return told


def _quality(found: Solved, size: int) -> dict[str, Any]:
    proof = found.certificate
    return {
        "value": proof.value,
        "score": proof.score,
        "gap": proof.gap,
        "gap_all": proof.gap_all,
        "gap_score": proof.gap_score,
        "gap_score_all": proof.gap_score_all,
        "coverage": 1 - len(found.unmatched) / size,
        "pairs": len(found.pairs),
        "trios": len(found.trios),
        "candidates_found": len(found.edges),
    }


def _suggestions(people: list[Person], rules: RuleSet, found: Solved, snapshot: Snapshot) -> dict[str, float]:
    """Ask for many people's top ten, with this round's prices."""
    prices = {member: max(0, int(net)) / 2 for member, net in zip(snapshot.ids, found.net2, strict=True)}
    return lists(SuggestionIndex.of(people, rules, found.quantiles, prices), snapshot.ids[:: max(1, len(snapshot.ids) // ASKED)])


def _rivals(case: Case, snapshot: Snapshot) -> list[dict[str, Any]]:
    """Solve without the pricing pass, so that all have the same graph; what the graph costs counts in our time only."""
    rules = RuleSet.from_mapping({"search": {"candidates": case.candidates, "pricing_passes": 0}})
    runs = [solved_once(snapshot, rules, case.threads) for _ in range(3 if case.size <= RUNS_BELOW else 1)]
    ours, cpu = runs[0][0], median(run[1] for run in runs)
    optimum = median(run[3]["optimum"] for run in runs)
    results = []
    for name in case.rivals:
        result = measured(name, ours, rules.objective.coverage_bonus)
        result["our_cpu_seconds"], result["our_solver_seconds"] = round(cpu, 4), round(optimum, 4)
        result["times_our_cpu"] = round(result["cpu_seconds"] / max(1e-9, cpu), 2)
        result["times_our_solver"] = round(result["cpu_seconds"] / max(1e-9, optimum), 2)
        result["loss_against_ours"] = round(1 - result["value"] / ours.certificate.value, 6)
        result["our_score_times_theirs"] = round(ours.certificate.score / max(1, result["score"]), 4)
        results.append(result)
    return results


def rivals_for(size: int, seats: int, *, quick: bool) -> tuple[str, ...]:
    """Return whom to try at this size."""
    return tuple(name for name, (_, _, full, short) in RIVALS.items() if seats == 1 and size <= (short if quick else full))
