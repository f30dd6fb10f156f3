"""The benchmark's report: goals, exit code, what it holds."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from deploy.local import footprint
from deploy.local.footprint import Footprint
from tests.bench import __main__ as command
from tests.bench.pipeline import __main__ as pipeline_command
from tests.bench.pipeline.one_run import Measured
from tests.bench.pipeline.pairs import WHATS
from tests.bench.pipeline.pairs import figures as pair_figures
from tests.bench.pipeline.run import PipelineBench
from tests.bench.report import Figure, Report, jvm_flags
from tests.bench.run import FULL, Bench, idle_figures, settled


def _figure(value: float, goal: float | None, better: str = "higher") -> Figure:
    return Figure.model_validate({"part": "relay", "name": "ratio", "value": value, "unit": "of raw", "goal": goal, "better": better})


class TestGoal:
    """A goal is reached or missed, in the direction that is better."""

    @pytest.mark.parametrize(
        ("value", "goal", "better", "reached"),
        [(0.5, 0.5, "higher", True), (0.49, 0.5, "higher", False), (900, 900, "lower", True), (901, 900, "lower", False)],
    )
    def test_the_direction_counts(self, value: float, goal: float, better: str, reached: bool) -> None:
        """At least for rates, at most for costs."""
        assert _figure(value, goal, better).reached is reached

    def test_without_a_goal_nothing_is_judged(self) -> None:
        """And the report does not mention it."""
        assert _figure(1, None).reached is None
        assert "reached" not in _figure(1, None).plain()


class TestReport:
    """What is written and shown."""

    def test_a_missed_goal_is_no_error_but_a_part_not_measured_is(self) -> None:
        """Exit code 0 unless something could not be measured."""
        report = Report(quick=True, figures=[_figure(0.1, 0.5)])
        assert report.exit_code == 0
        report.unmeasured["import"] = "TimeoutError: "
        assert report.exit_code == 1

    def test_the_file_holds_machine_versions_flags_and_every_figure(self, tmp_path: Path) -> None:
        """A stranger can judge a figure only with what it was measured on."""
        report = Report(quick=False, figures=[_figure(0.6, 0.5)], jvm_flags=["-Xmx256m"], servers=["apache-kafka 4.1.0"])
        plain = json.loads(report.write(tmp_path / "new").read_text())
        assert plain["figures"] == [
            {"part": "relay", "name": "ratio", "value": 0.6, "unit": "of raw", "goal": 0.5, "better": "higher", "reached": True}
        ]
        assert plain["jvm_flags"] == ["-Xmx256m"]
        assert plain["versions"]["python"].startswith("3.")
        assert {"motor", "aiokafka"} <= plain["versions"].keys()
        assert plain["machine"]["cores"] == os.cpu_count()
        assert os.uname().nodename not in json.dumps(plain["machine"])

    def test_the_table_shows_misses_and_holes(self) -> None:
        """Nobody has to open the file to see them."""
        report = Report(quick=True, figures=[_figure(0.1, 0.5)], unmeasured={"latency": "no broker"})
        console = Console(width=160, record=True, file=io.StringIO())
        console.print(report.table())
        shown = console.export_text()
        assert "≥ 0.5" in shown
        assert " no " in shown
        assert "no broker" in shown


class TestJvmFlags:
    """The flags of the broker's Java machine."""

    def test_only_a_java_process_has_them(self) -> None:
        """Flags that begin with -X; of other processes nothing, of ended ones neither."""
        commands = [["java", "-c", "input()", "-Xmx1m"], [sys.executable, "-c", "input()", "-Xmx1m"]]
        children = [subprocess.Popen(each, executable=sys.executable, stdin=subprocess.PIPE) for each in commands]
        try:
            assert jvm_flags([children[0].pid]) == ["-Xmx1m"]
            assert jvm_flags([children[1].pid, 2**22 + 1]) == []
        finally:
            for child in children:
                child.communicate(b"\n")


class TestParts:
    """Parts are independent of each other."""

    async def test_a_part_that_fails_is_named_and_the_next_goes_on(self) -> None:
        """Nothing that was measured is lost."""
        said: list[str] = []
        bench = Bench(FULL, said.append)

        async def broken() -> list[Figure]:
            raise RuntimeError("no such thing")

        async def good() -> list[Figure]:
            return [_figure(1, None)]

        await bench.part("import", broken)
        await bench.part("latency", good)
        assert bench.report.unmeasured == {"import": "RuntimeError: no such thing"}
        assert len(bench.report.figures) == 1
        assert any("could not be measured" in line for line in said)
        assert bench.report.seconds.keys() == {"import", "latency"}

    def test_all_processes_together_have_the_goals(self) -> None:
        """Four services and servers: 12 % of a core, 900 MiB."""
        figures = idle_figures(
            Footprint(1.0, tuple(footprint.Figure(name=name, cpu_percent=7.0, rss_mib=400.0) for name in ("kafka", "profile")))
        )
        judged = {figure.name: figure.reached for figure in figures if figure.goal is not None}
        assert judged == {"all CPU": False, "all memory": True}

    async def test_idle_means_that_no_child_works(self) -> None:
        """What a start sets going ends first."""
        work = "import time\nwhile time.process_time() < 1: pass"
        child = subprocess.Popen([sys.executable, "-c", work])  # noqa: ASYNC220 - returns at once
        await settled({"me": os.getpid()}, 2.0, within=60)
        assert child.poll() == 0

    async def test_the_wait_has_an_end(self) -> None:
        """A child that works for ever is measured with the rest."""
        child = subprocess.Popen([sys.executable, "-c", "while True: pass"])  # noqa: ASYNC220 - returns at once
        try:
            await settled({"me": os.getpid()}, 2.0, within=0.5)
        finally:
            child.kill()
            child.wait()

    def test_pairs_carry_range_and_goal(self) -> None:
        """The goals stand on events per CPU alone: the consumer's both ways of writing 0.95, the relay's 0.8."""
        ours = [Measured(events=100, seconds=9.0, cpu_seconds=each) for each in (1.0, 2.0, 1.6)]
        raw = [Measured(events=100, seconds=1.0, cpu_seconds=each) for each in (1.0, 1.0, 1.6)]
        figures = pair_figures({what: {"ours": ours, "raw": raw} for what in WHATS})
        judged = [(figure.goal, figure.reached, figure.low, figure.high) for figure in figures if figure.goal]
        assert judged == [(0.8, True, 0.5, 1.0), (0.95, True, 0.5, 1.0), (0.95, True, 0.5, 1.0)]


class TestCommand:
    """`python -m tests.bench`."""

    def test_the_report_is_written_whatever_happens(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A stack that does not start is something that could not be measured."""

        async def nothing_starts(self: Bench) -> Report:
            self.report.unmeasured["servers and services"] = "LaunchTrouble: no"
            return self.report

        monkeypatch.setattr(Bench, "run", nothing_starts)
        assert command.main(["--quick", "--out", str(tmp_path)]) == 1
        assert json.loads((tmp_path / "report.json").read_text())["quick"] is True

    def test_options_of_the_pipeline_change_its_plan(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A million events are one option away; what is not named stays the plan's."""
        seen: list[PipelineBench] = []

        async def nothing_starts(self: PipelineBench) -> Report:
            seen.append(self)
            return self.report

        monkeypatch.setattr(PipelineBench, "run", nothing_starts)
        assert pipeline_command.main(["--parts", "backlog", "--backlog", "1000000", "--stored", "90,10", "--out", str(tmp_path)]) == 0
        plan = seen[0].plan
        assert (plan.backlog, plan.stored, plan.quick, seen[0].parts) == (1_000_000, (10, 90), False, ("backlog",))
