"""The same seed gives the same trace, byte for byte, whatever the hash seed and whatever ran before."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PROGRAMME = """
import sys
from tests.simulation.faults import plan
from tests.simulation.run import PROCESSES, run
for seed in map(int, sys.argv[1:]):
    print(seed, run(seed, plan(seed, PROCESSES, 30), lasts=8.0).digest)
"""


def digests(hash_seed: str, *seeds: int) -> dict[str, str]:
    """Return the digests of runs in a process of its own."""
    command = [sys.executable, "-c", PROGRAMME, *map(str, seeds)]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": hash_seed}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return dict(line.split() for line in done.stdout.splitlines())


class TestDeterminism:
    """One digest per seed."""

    def test_neither_hash_seed_nor_order_of_runs_shows(self) -> None:
        """Module state would show in another order, unordered sets under another hash seed."""
        assert digests("0", 5, 6) == digests("random", 6, 5)
