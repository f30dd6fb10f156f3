"""`make bench-pipeline`: the message path beside loops written by hand, its latency, growth, memory and restart; `bench-out/pipeline`.

`python -m tests.bench.pipeline [--quick] [--parts pairs,latency] [--backlog 1000000] [--stored 10000,1000000] [--out bench-out/pipeline]`.
Exit code 0 when everything could be measured: a goal missed is shown, no error.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from shared.observability.logging import configure_logging
from tests.bench.pipeline.run import FULL, PARTS, QUICK, PipelineBench


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(sorted(int(each) for each in text.split(",")))


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, write the report."""
    parser = argparse.ArgumentParser(prog="tests.bench.pipeline", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a few minutes: fewer events and pairs")
    parser.add_argument("--parts", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--events", type=int, help="events of one run of a pair")
    parser.add_argument("--pairs", type=int, help="how often both sides are measured")
    parser.add_argument("--backlog", type=int, help="events that wait for the consumer")
    parser.add_argument("--stored", type=_numbers, help="how many events are stored already, comma-separated")
    parser.add_argument("--out", type=Path, default=Path("bench-out/pipeline"))
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else FULL
    chosen = {name: value for name in ("events", "pairs", "backlog", "stored") if (value := getattr(options, name)) is not None}
    aside = Console(stderr=True, highlight=False, soft_wrap=True)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        configure_logging("bench", stream=nowhere)
        bench = PipelineBench(replace(plan, **chosen), tuple(options.parts.split(",")), lambda line: aside.print(line, markup=False))
        report = asyncio.run(bench.run())
    written = report.write(options.out)
    Console(width=None if sys.stdout.isatty() else 132).print(report.table())
    aside.print(f"report: {written}", markup=False)
    return report.exit_code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
