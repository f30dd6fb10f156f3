"""Sweeping seeds: `python -m tests.simulation.explore FROM:TO [--plan FILE]` (`make simulate SEEDS=FROM:TO [PLAN=file]`).

A seed that fails is shrunk to the faults that it needs and printed with the command that repeats it.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.simulation.faults import Fault, as_json, from_json, plan
from tests.simulation.run import PROCESSES, Verdict, run

TRACE_LINES = 40
TRIES_MAX = 60
Run = Callable[[Sequence[Fault]], Verdict]


def shrunk(faults: Sequence[Fault], rule: str, once: Run, tries: int = TRIES_MAX) -> list[Fault]:
    """Return a smaller plan under which the same rule breaks (delta debugging; another rule is another bug)."""
    left, size = list(faults), max(1, len(faults) // 2)
    while left and size and tries > 0:
        smaller = None
        for begin in range(0, len(left), size):
            candidate = left[:begin] + left[begin + size :]
            tries -= 1
            if any(found.rule == rule for found in once(candidate).violations):
                smaller = candidate
                break
            if tries <= 0:
                break
        if smaller is None:
            size //= 2
        else:
            left = smaller
            size = min(size, max(1, len(left)))
    return left


def told(verdict: Verdict, faults: Sequence[Fault]) -> str:
    """Return what a failing seed has to say, and how to repeat it."""
    again = f"make simulate SEEDS={verdict.seed}:{verdict.seed + 1} PLAN=plan.json"
    rules = [f"  {found.rule}: {found.what}" for found in verdict.violations]
    lines = [f"seed {verdict.seed} on Python {sys.version.split()[0]}:", *rules, "the end of its trace:"]
    return "\n".join([*lines, *verdict.trace[-TRACE_LINES:], f"plan.json: {as_json(faults)}", f"again: {again}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds; return 1 when one fails."""
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("seeds", help="FROM:TO, without TO")
    parser.add_argument("--plan", type=Path, help="a plan to use instead of each seed's own")
    given = parser.parse_args(arguments)
    begin, end = (int(each) for each in given.seeds.split(":"))
    failed, fired, reached = 0, Counter[str](), Counter[str]()
    for seed in range(begin, end):
        faults = from_json(given.plan.read_text(encoding="utf-8")) if given.plan else plan(seed, PROCESSES)
        verdict = run(seed, faults)
        fired.update(f"{fault.kind} {fault.point}".strip() for fault in verdict.fired)
        reached.update(verdict.reached)
        if verdict.violations:
            failed += 1
            rule = verdict.violations[0].rule
            few = shrunk(faults, rule, lambda some, seed=seed: run(seed, some))  # type: ignore[misc]
            sys.stdout.write(told(run(seed, few, keep_trace=True), few) + "\n")
            sys.stdout.flush()
    sys.stdout.write(f"{end - begin} seeds, {fired.total()} faults, {failed} failed\n")
    sys.stdout.write(f"faults by kind and point: {dict(fired.most_common())}\nfacts: {dict(reached.most_common())}\n")
    return min(1, failed)


if __name__ == "__main__":
    sys.exit(main())
