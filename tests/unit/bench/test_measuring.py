"""How the benchmark measures: pairs, quantiles, steady load."""

import asyncio

from tests.bench.latency import quantiles, steadily
from tests.bench.pipeline import compared
from tests.bench.pipeline_run import Measured


def _runs(*seconds: float) -> list[Measured]:
    return [Measured(seconds=each, cpu_seconds=each / 2) for each in seconds]


class TestPairs:
    """Ratios within each pair first."""

    def test_a_slow_minute_hits_both_sides_and_no_ratio(self) -> None:
        """The second pair ran on a machine three times as busy."""
        told = compared({"ours": _runs(2, 6), "raw": _runs(1, 3)}, events=600)
        assert told["ratio_of_throughput"] == {"median": 0.5, "low": 0.5, "high": 0.5}
        assert told["events_per_second"]["ours"] == {"median": 200, "low": 100, "high": 300}
        assert told["cpu_microseconds_per_event"]["raw"] == {"median": 1667, "low": 833, "high": 2500}


class TestQuantiles:
    """Nearest rank."""

    def test_every_quantile_was_really_measured(self) -> None:
        """The 99th of a hundred is not the largest; of one value all are that one."""
        assert quantiles([number / 1000 for number in range(1, 101)]) == {"p50": 50.0, "p99": 99.0}
        assert quantiles([0.007]) == {"p50": 7.0, "p99": 7.0}


class TestSteadyLoad:
    """Acts begin at fixed moments."""

    async def test_a_slow_act_does_not_hold_up_the_next(self) -> None:
        """Otherwise a slow system would be given less to do just when it is slow."""
        together = most = 0
        done: list[int] = []

        async def slow(number: int) -> None:
            nonlocal together, most
            together += 1
            most = max(most, together)
            await asyncio.sleep(0.1)
            together -= 1
            done.append(number)

        await steadily(10, 200, slow)
        assert sorted(done) == list(range(10))
        assert most > 5

    async def test_they_are_spread_over_time(self) -> None:
        """Ten at a hundred a second take about a tenth of a second."""
        loop = asyncio.get_running_loop()
        began: list[float] = []

        async def note(_: int) -> None:
            began.append(loop.time())

        await steadily(10, 100, note)
        assert began[-1] - began[0] >= 0.085
