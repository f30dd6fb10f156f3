"""Measure the engine: one table and one JSON line per case, a report of goals, and a page with charts.

`python -m tests.bench.matching [--quick] [--only TEXT] [--afresh] [--out DIR] [--threads N]`. A broken run goes on where it
stopped: what `cases.ndjson` in the folder holds is not measured again.
"""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from tests.bench.matching.cases import Case, measure, rivals_for
from tests.bench.matching.goals import figures
from tests.bench.matching.hostile import HOSTILE
from tests.bench.matching.page import HEAD, page, row
from tests.bench.report import machine, versions

SEEDS = (1, 2, 3)


def cases(*, quick: bool, threads: int) -> Iterator[Case]:
    """Return what is measured, small things first."""
    for size in (500, 2_000) if quick else (500, 2_000, 10_000):
        for shape in ("company", "survey", "survey68"):
            rivals = rivals_for(size, 1, quick=quick) if shape != "survey68" else ()
            yield Case(shape=shape, size=size, threads=threads, rivals=rivals)
            if quick:
                continue
            yield from (Case(shape=shape, size=size, seed=seed, threads=threads) for seed in SEEDS[1:])
            yield Case(shape=shape, size=size, candidates=40, threads=threads)
            if shape == "company":
                yield Case(shape=shape, size=size, seats=3, threads=threads)
    for shape in HOSTILE:
        yield Case(shape=shape, size=500 if quick else 2_000, seats=8 if shape == "many-seats" else 1, threads=threads)
    if not quick:
        yield Case(shape="survey", size=40_000, threads=threads)
        yield Case(shape="company", size=100_000, threads=threads, rivals=("greedy", "random"))
        yield Case(shape="company", size=100_000, seats=3, threads=threads)


def _known(kept: Path) -> dict[str, dict[str, Any]]:
    lines = kept.read_text(encoding="utf-8").splitlines() if kept.exists() else []
    return {told["case"]: told for told in map(json.loads, lines)}


def main(arguments: Sequence[str]) -> int:
    """Run the cases asked for; return 1 if a case failed (a missed goal is no failure)."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="500 and 2,000 people, one seed, small rivals")
    parser.add_argument("--only", default="", help="only cases with this text in their name")
    parser.add_argument("--afresh", action="store_true", help="measure again what is known")
    parser.add_argument("--out", type=Path, default=Path("bench-out/matching"))
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args(arguments)
    asked.out.mkdir(parents=True, exist_ok=True)
    kept = asked.out / ("quick.ndjson" if asked.quick else "cases.ndjson")
    if asked.afresh:
        kept.unlink(missing_ok=True)
    known, failed = _known(kept), 0
    plan = [case for case in cases(quick=asked.quick, threads=asked.threads) if asked.only in case.name]
    for number, case in enumerate(plan, 1):
        sys.stderr.write(f"{number} of {len(plan)}: {case.name}{' (known)' if case.name in known else ''}\n")
        if case.name in known:
            continue
        try:
            with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as crew:
                told = crew.submit(measure, case).result()
        except Exception as fault:  # noqa: BLE001 - the other cases go on
            sys.stderr.write(f"  failed: {type(fault).__name__}: {fault}\n")
            failed += 1
            continue
        known[case.name] = told
        with kept.open("a", encoding="utf-8") as file:
            file.write(json.dumps(told) + "\n")
        _print(told)
    _report(asked.out, [known[case.name] for case in plan if case.name in known])
    return 1 if failed else 0


def _print(told: dict[str, Any]) -> None:
    sys.stdout.write("  ".join(f"{name} {cell}" for name, cell in zip(HEAD[1:], row(told)[1:], strict=True)) + "\n")
    for rival in told["rivals"]:
        sys.stdout.write(
            f"    {rival['rival']:<12} CPU {rival['cpu_seconds']:8.3f} s  x {rival['times_our_cpu']:<8} (our solver alone x "
            f"{rival['times_our_solver']})  loss {100 * rival['loss_against_ours']:.3f} %\n"
        )
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def _report(folder: Path, found: list[dict[str, Any]]) -> None:
    goals, missing = figures(found)
    for goal in goals:
        sys.stdout.write(f"{'met   ' if goal.reached else 'MISSED'} {goal.name}: {goal.value:g} {goal.unit} (goal {goal.goal:g})\n")
    plain = {"machine": machine(), "versions": versions(), "goals": [goal.plain() for goal in goals], "unmeasured": missing, "cases": found}
    (folder / "report.json").write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")
    (folder / "report.html").write_text(page(found, goals, missing, machine()), encoding="utf-8")
    sys.stdout.write(f"report: {folder / 'report.json'} and report.html\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
