"""What the processes of a run cost: CPU and memory of each, with its children. `python -m deploy.local.footprint --seconds 20`."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from deploy.local.stack_file import StackFile, stack_path

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One process with its children. `cpu_percent` is of one core over the sample; `rss_mib` the larger of its two ends."""

    name: str
    cpu_percent: float
    rss_mib: float


@dataclass(frozen=True, slots=True)
class Footprint:
    """All of a sample."""

    seconds: float
    figures: tuple[Figure, ...]

    @property
    def cpu_percent(self) -> float:
        """Return the sum over all processes, in per cent of one core."""
        return sum(figure.cpu_percent for figure in self.figures)

    @property
    def rss_mib(self) -> float:
        """Return the sum over all processes."""
        return sum(figure.rss_mib for figure in self.figures)


async def sample(pids: Mapping[str, int], seconds: float) -> Footprint:
    """Measure the named processes over `seconds`; one that has ended counts as nothing."""
    loop = asyncio.get_running_loop()
    began, before = loop.time(), {name: _cost(pid) for name, pid in pids.items()}
    await asyncio.sleep(seconds)
    passed = loop.time() - began
    figures = []
    for name, pid in pids.items():
        cpu, rss = _cost(pid)
        spent = max(0.0, cpu - before[name][0])
        figures.append(Figure(name=name, cpu_percent=100 * spent / passed, rss_mib=max(rss, before[name][1]) / MEBIBYTE))
    return Footprint(passed, tuple(figures))


def _cost(pid: int) -> tuple[float, float]:
    cpu, rss = 0.0, 0.0
    try:
        process = psutil.Process(pid)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return cpu, rss
    for one in family:
        try:
            times = one.cpu_times()
            cpu += times.user + times.system
            rss += one.memory_info().rss
        except psutil.Error:
            continue
    return cpu, rss


def children_of(pids: Iterable[int]) -> dict[int, float]:
    """Return what the processes started that is still there, with its CPU seconds; while either grows much, nothing is idle."""
    found: dict[int, float] = {}
    for pid in pids:
        try:
            for child in psutil.Process(pid).children(recursive=True):
                times = child.cpu_times()
                found[child.pid] = times.user + times.system
        except psutil.Error:
            continue
    return found


def pids_in(folder: Path) -> dict[str, int]:
    """Return name and process id of every pid file in `folder`."""
    return {path.stem: int(json.loads(path.read_text())["pid"]) for path in sorted(folder.glob("*.pid"))}


def main() -> int:
    """Print the footprint of the stack that `tandem up` started, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    arguments = parser.parse_args()
    stack = StackFile.read(stack_path())
    if stack is None:
        sys.stderr.write(f"No stack file at {stack_path()}: is `tandem up` running?\n")
        return 2
    found = asyncio.run(sample(pids_in(Path(stack.pids)), arguments.seconds))
    answer = asdict(found) | {"cpu_percent": found.cpu_percent, "rss_mib": found.rss_mib}
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
