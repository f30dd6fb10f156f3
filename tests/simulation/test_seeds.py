"""Fixed seeds and a few new ones each day, each with faults of its own: the rules of the oracle hold. `make simulate` tries others."""

import pytest

from shared.kernel.clock import WallClock
from tests.simulation.explore import once, told
from tests.simulation.faults import plan_of
from tests.simulation.run import PROCESSES

SEEDS = (3, 4, 9, 16)
TODAY = WallClock().now().toordinal()
NEW = tuple(100_000 + TODAY * 10 + each for each in range(2))
"""New ones every day: a sweep that grows by itself. Their numbers are the names of the tests, so that they can be repeated."""


class TestSeeds:
    """N2 under crashes, lost answers, servers that are away, pauses, clock jumps, rebalances, conflicts, poison, repeats."""

    @pytest.mark.parametrize("seed", [*SEEDS, *NEW])
    def test_every_rule_holds(self, seed: int) -> None:
        """Nothing lost, nothing twice, always in order; no pairing, seat, session or mail that must not be."""
        plan = plan_of(seed, PROCESSES)
        verdict = once(seed, plan, keep_trace=True)
        assert verdict.violations == [], told(verdict, plan)
