"""The worker process of one round: reads a job, members and the draft it builds on from stdin, and writes lines of answers to stdout.

Started by `round_engine.py` as `python -m services.matching.adapters.round_worker`. Knows no database, broker or clock.
"""

import json
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

from pydantic import TypeAdapter

from services.matching.adapters.drafting import Outcome, Pool, outcome_of, preview_of
from services.matching.adapters.worker_lines import END_MARK, Job
from services.matching.domain.snapshot import FrozenMember, Leaf, leaves_of
from services.matching.engine.what_if import changes, compare_sides

GROUPS_PER_LEAF = 50
UNMATCHED_PER_LEAF = 200
PARENT_CHECK_SECONDS = 1.0


class Incomplete(Exception):
    """The input ended without an end mark: the service died or lost its database in the middle."""


def main(source: TextIO, sink: TextIO) -> None:
    """Solve one round; whatever fails is told in one line that quotes no data (N9)."""
    try:
        for answer in answers(source, sink):
            _say(sink, answer)
    except Exception as fault:  # noqa: BLE001 - the other side decides what becomes of the round
        _say(sink, {"failed": f"{type(fault).__name__} in {_place_of(fault)}"})


def _place_of(fault: BaseException) -> str:
    """Return where it happened: file and line, no values."""
    last = traceback.extract_tb(fault.__traceback__)[-1]
    return f"{Path(last.filename).name}:{last.lineno}"


def answers(source: Iterable[str], sink: TextIO) -> Iterable[dict[str, Any]]:
    """Yield the pieces and, last, the solution; or what would change and, last, the comparison."""
    lines = iter(source)
    job = TypeAdapter(Job).validate_json(next(lines))
    shape, leaf_shape = TypeAdapter(list[FrozenMember]), TypeAdapter(Leaf)
    members = (member for line in _until_end_mark(lines) for member in shape.validate_json(line))
    pool = Pool.of(job.order, members, (leaf_shape.validate_json(line) for line in _until_end_mark(lines)))
    if job.previews:
        yield {"preview": preview_of(pool)}
        return
    outcome = outcome_of(pool, threads=job.threads, progress=lambda stage, share: _say(sink, {"stage": stage, "share": share}))
    if job.compares:
        yield from _compared(pool, outcome)
        return
    leaves = 0
    for leaf in leaves_of(outcome.groups, outcome.unmatched, groups_max=GROUPS_PER_LEAF, unmatched_max=UNMATCHED_PER_LEAF):
        leaves += 1
        yield {"leaf": leaf_shape.dump_python(leaf, mode="json")}
    yield {"report": outcome.report | {"effort": _effort()}}
    yield {"solution": outcome.counts(len(pool.waits)) | {"leaves": leaves}}


def _until_end_mark(lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        if line == END_MARK:
            return
        yield line
    raise Incomplete


def _compared(pool: Pool, outcome: Outcome) -> Iterator[dict[str, Any]]:
    before, after = pool.base_side(), outcome.side()
    for change in changes(before, after):
        yield {"change": change}
    told = compare_sides(before, after, pool.people, minimum_group=pool.order.minimum_group_size)
    yield {"comparison": told | {"result_hash": outcome.result_hash, "base": pool.order.draft.base}}


def _effort() -> dict[str, float]:
    """Return what it took: the only figures that differ between two runs."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {"cpu_seconds": round(time.process_time(), 2), "peak_memory_mib": round(used.ru_maxrss / 1024, 1)}


def _say(sink: TextIO, answer: dict[str, Any]) -> None:
    sink.write(json.dumps(answer, separators=(",", ":")) + "\n")
    sink.flush()


def end_with(parent: int) -> None:
    """Look once a second whether the parent lives: a round whose service was killed is solved anew by the next one."""

    def look(_signal: int, _frame: object) -> None:
        if os.getppid() != parent:
            os._exit(1)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, PARENT_CHECK_SECONDS, PARENT_CHECK_SECONDS)


if __name__ == "__main__":
    end_with(os.getppid())
    answers_to = sys.stdout
    sys.stdout = sys.stderr  # a library that prints must not garble the answer
    main(sys.stdin, answers_to)
    signal.setitimer(signal.ITIMER_REAL, 0)  # a look while the interpreter ends would end it by the signal
