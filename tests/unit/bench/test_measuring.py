"""How the benchmark measures: pairs, quantiles, steady load."""

import asyncio

from tests.bench.pipeline.backlog import Climb
from tests.bench.pipeline.growth import figures as growth_figures
from tests.bench.pipeline.latency import figures as latency_figures
from tests.bench.pipeline.latency import quantiles, steadily
from tests.bench.pipeline.one_run import Measured
from tests.bench.pipeline.pairs import compared


def _runs(*seconds: float) -> list[Measured]:
    return [Measured(events=600, seconds=each, cpu_seconds=each / 2) for each in seconds]


class TestPairs:
    """Ratios within each pair first."""

    def test_a_slow_minute_hits_both_sides_and_no_ratio(self) -> None:
        """The second pair ran on a machine three times as busy."""
        told = compared({"ours": _runs(2, 6), "raw": _runs(1, 3)})
        assert told["ratio_of_throughput"] == {"value": 0.5, "low": 0.5, "high": 0.5}
        assert told["events_per_second"]["ours"] == {"value": 200, "low": 100, "high": 300}
        assert told["cpu_microseconds_per_event"]["raw"] == {"value": 1666.7, "low": 833.3, "high": 2500.0}


class TestGrowth:
    """What many stored events cost."""

    def test_a_stage_that_gets_slower_misses_the_goal(self) -> None:
        """Twice the CPU beside ten times the events; the relay's cost stayed."""
        found = growth_figures({"relay": {10: _runs(1), 100: _runs(1)}, "consumer": {10: _runs(1), 100: _runs(2)}})
        assert [(each.value, each.reached) for each in found if each.goal is not None] == [(1.0, True), (2.0, False)]


class TestBacklog:
    """A long way, told at every part."""

    def test_the_start_counts_neither_for_speed_nor_for_memory(self) -> None:
        """A slow first telling and memory that is warm after a tenth; 30 MiB more at the end are seen."""
        steps = [
            Measured(events=100 * n, seconds=10 + n, cpu_seconds=n / 10, rss_mib=50 if n == 1 else 90 + (n > 19) * 30) for n in range(1, 21)
        ]
        way = Climb(steps)
        assert (way.rate, round(way.cpu), round(way.memory_growth, 2)) == (100, 1000, 1.33)


class TestLatency:
    """Beside a bare round trip of the same pair."""

    def test_ratios_are_of_pairs(self) -> None:
        """A slow second pair changes milliseconds, not ratios."""
        fast, slow = ({"p50": 2.0 * n, "p99": 10.0 * n} for n in (1, 5))
        found = latency_figures(5, [(each, {k: 4 * v for k, v in each.items()}, each, each) for each in (fast, slow)])
        assert [(each.value, each.reached) for each in found if each.goal is not None] == [(4.0, False), (4.0, True)]


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
