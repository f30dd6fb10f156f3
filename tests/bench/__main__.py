"""`make bench`: import, message path, latency and idle cost, measured in one run on servers of its own; `bench-out/report.json`.

`python -m tests.bench [--quick] [--out bench-out]`. Exit code 0 when everything could be measured: a goal missed is shown, no error.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from shared.observability.logging import configure_logging
from tests.bench.run import FULL, QUICK, Bench


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table, write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about two minutes: fewer rows, events and pairs")
    parser.add_argument("--out", type=Path, default=Path("bench-out"))
    options = parser.parse_args(arguments)
    aside = Console(stderr=True, highlight=False)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:  # log lines are written, as in a service, but nobody reads them
        configure_logging("bench", stream=nowhere)
        report = asyncio.run(Bench(QUICK if options.quick else FULL, lambda line: aside.print(line, markup=False)).run())
    written = report.write(options.out)
    Console(width=None if sys.stdout.isatty() else 132).print(report.table())
    aside.print(f"report: {written}", markup=False)
    return report.exit_code


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
