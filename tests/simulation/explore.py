"""Sweeping seeds: `make simulate SEEDS=FROM:TO [PLAN=file] [JOBS=n] [STATE=file] [SUMMARY=file]`.

A seed that fails is printed with the command that repeats it; the first of each rule is shrunk to the faults and the life that it needs.
A sweep that is interrupted goes on where it was when it is given the same state file; what failed in it is tried again.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable, Sequence
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from tests.simulation.faults import Plan, one_of_each, plan_of
from tests.simulation.run import PROCESSES, Verdict, run
from tests.simulation.shrinking import Shrinking
from tests.simulation.tally import State, Tally, again

TRACE_LINES = 40
CHUNK, CHUNKS_A_PROCESS = 10, 5
"""Seeds that are kept together, and after how many of those a process ends: what a run leaves behind goes with it."""
LIFE_OF_ONE = 16.0
"""A single fault strikes after six virtual seconds."""


def told(verdict: Verdict, plan: Plan) -> str:
    """Return what a failing seed has to say, and how to repeat it."""
    rules = [f"  {found.rule}: {found.what}" for found in verdict.violations]
    lines = [f"seed {verdict.seed} on Python {sys.version.split()[0]}:", *rules, "the end of its trace:"]
    repeat = [f"plan.json: {plan.as_json()}", f"again: {again(verdict.seed)} PLAN=plan.json"]
    return "\n".join([*lines, *verdict.trace[-TRACE_LINES:], *repeat])


def once(seed: int, plan: Plan, *, keep_trace: bool = False) -> Verdict:
    """Run a plan."""
    return run(seed, plan.faults, keep_trace=keep_trace, lasts=plan.lasts)


def swept(seeds: range, given: Plan | None) -> Tally:
    """Run a chunk of seeds, each by its own plan or all by a given one."""
    tally = Tally()
    for seed in seeds:
        began = time.process_time()
        verdict = once(seed, given or plan_of(seed, PROCESSES))
        tally.add(verdict, time.process_time() - began)
    return tally


def enumerated(seed: int) -> Tally:
    """Run one seed once for each fault of the catalogue, with this fault alone."""
    tally = Tally()
    for fault in one_of_each(PROCESSES):
        began = time.process_time()
        tally.add(once(seed, Plan((fault,), LIFE_OF_ONE)), time.process_time() - began)
    return tally


class Sweep:
    """A sweep over chunks of seeds, in one process or in several."""

    def __init__(self, begin: int, end: int, given: Plan | None, state: Path | None) -> None:
        """Continue what `state` holds."""
        self._begin, self._end, self._given, self._path = begin, end, given, state
        self._state = State.read(state)
        self.tally = Tally()
        for done in self._state.done.values():
            self.tally.merge(done)
        self._shrunk: dict[str, None] = {}

    def run(self, jobs: int) -> None:
        """Do what is not done yet."""
        begins = [first for first in range(self._begin, self._end, CHUNK) if first not in self._state.done]
        left = [range(first, min(first + CHUNK, self._end)) for first in begins]
        work = partial(swept, given=self._given)
        if jobs == 1 and len(left) <= CHUNKS_A_PROCESS:
            self._take(left, map(work, left))
        else:  # not concurrent.futures: CPython 3.11 hangs there when a process has done its tasks (gh-115634)
            with get_context("spawn").Pool(jobs, maxtasksperchild=CHUNKS_A_PROCESS) as pool:
                self._take(left, pool.imap(work, left))

    def _take(self, chunks: Sequence[range], tallies: Iterable[Tally]) -> None:
        for seeds, tally in zip(chunks, tallies, strict=True):
            self._state.add(seeds.start, tally, self._path)
            self.tally.merge(tally)
            for failure in tally.failures:
                _say(self._report(failure["seed"], failure["rules"]))
            total = self.tally
            _say(f"{total.seeds} seeds, {total.faults.total()} faults, {len(total.failures)} failed, {total.cpu_seconds:.0f} CPU s")

    def _report(self, seed: int, rules: Sequence[str]) -> str:
        rule = rules[0].partition(":")[0]
        if rule in self._shrunk:
            return f"seed {seed}: {'; '.join(rules)}\nagain: {again(seed)}"
        self._shrunk[rule] = None
        small = Shrinking(rule, partial(once, seed)).shrink(self._given or plan_of(seed, PROCESSES))
        return told(once(seed, small, keep_trace=True), small)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _asked(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("seeds", help="FROM:TO, without TO")
    parser.add_argument("--plan", type=Path, help="a plan to use instead of each seed's own")
    parser.add_argument("--jobs", type=int, default=1, help="processes; 0: as many as there are cores")
    parser.add_argument("--state", type=Path, help="a file to continue from, and to keep what was done")
    parser.add_argument("--summary", type=Path, help="a file for the summary as JSON")
    parser.add_argument("--enumerate", action="store_true", help="run the first seed once for each fault of the catalogue, alone")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the seeds; return 1 when one fails or when too few faults struck."""
    asked = _asked(arguments)
    begin, end = (int(each) for each in asked.seeds.split(":"))
    given = Plan.from_json(asked.plan.read_text(encoding="utf-8")) if asked.plan else None
    sweep = Sweep(begin, end, given, asked.state)
    try:
        if asked.enumerate:
            sweep.tally.merge(enumerated(begin))
        else:
            sweep.run(asked.jobs or os.cpu_count() or 1)
    except KeyboardInterrupt:
        _say("interrupted; the same command with the same STATE goes on")
    tally = sweep.tally
    summary = json.dumps(tally.summary(), indent=1)
    if asked.summary:
        asked.summary.write_text(summary + "\n", encoding="utf-8")
    _say(summary)
    return int(bool(tally.failures) or not tally.is_covered)


if __name__ == "__main__":
    sys.exit(main())
