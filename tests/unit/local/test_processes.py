"""Children that cannot be left behind."""

import json
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import Processes, Program, end_leftovers
from deploy.local.trouble import LaunchTrouble, PortTaken
from deploy.local.waiting import until_ready

FOREVER = "import signal, sys, time\nprint('up', flush=True)\nwhile True: signal.pause()"
DEAF = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: signal.pause()"
PARENT = (
    "import subprocess, sys, signal\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import signal\\nwhile True: signal.pause()'])\n"
    "print(child.pid, flush=True)\nwhile True: signal.pause()"
)


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    """Return a keeper of children whose pid files lie in the test's folder."""
    (tmp_path / "pids").mkdir()
    return Processes(tmp_path / "pids")


def program(tmp_path: Path, code: str, name: str = "child") -> Program:
    """Return a small Python program as a child."""
    return Program(name=name, command=(sys.executable, "-c", code), folder=tmp_path, log=tmp_path / f"{name}.log")


def printed(log: Path) -> str:
    """Return what the child has printed so far."""
    return log.read_text() if log.exists() else ""


async def said_something(log: Path) -> bool:
    """Say whether the child has printed."""
    return printed(log) != ""


class TestStopping:
    """Orderly first, then hard."""

    async def test_a_child_ends_on_sigterm(self, processes: Processes, tmp_path: Path) -> None:
        """Nothing has to be forced when the child listens."""
        child = processes.start(program(tmp_path, FOREVER))
        assert await processes.stop([child], within_seconds=5) == []
        assert child.exit_code == -signal.SIGTERM

    async def test_a_deaf_child_is_forced(self, processes: Processes, tmp_path: Path) -> None:
        """After the grace time comes SIGKILL; the name is told."""
        child = processes.start(program(tmp_path, DEAF))
        await until_ready("child", [child], lambda: said_something(tmp_path / "child.log"), 5)
        assert await processes.stop([child], within_seconds=0.2) == ["child"]
        assert child.exit_code == -signal.SIGKILL

    async def test_a_grandchild_ends_too(self, processes: Processes, tmp_path: Path) -> None:
        """The whole process group is ended."""
        child = processes.start(program(tmp_path, PARENT))
        await until_ready("child", [child], lambda: said_something(tmp_path / "child.log"), 5)
        grandchild = psutil.Process(int((tmp_path / "child.log").read_text()))
        await processes.stop([child], within_seconds=5)
        psutil.wait_procs([grandchild], timeout=5)
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE

    async def test_leaving_the_interpreter_ends_everything(self, processes: Processes, tmp_path: Path) -> None:
        """The last resort, registered with atexit."""
        child = processes.start(program(tmp_path, FOREVER))
        processes.end_now()
        assert child.exit_code == -signal.SIGKILL
        assert not child.pid_file.exists()


class TestReadiness:
    """Ready means alive and answering."""

    async def test_a_dead_child_is_named_with_its_last_lines(self, processes: Processes, tmp_path: Path) -> None:
        """One sentence, then the log's last lines."""
        child = processes.start(program(tmp_path, "print('no key file'); raise SystemExit(3)"))
        with pytest.raises(LaunchTrouble, match="child ended with exit code 3") as caught:
            await until_ready("child", [child], lambda: said_something(tmp_path / "never"), 5)
        assert caught.value.lines == ("no key file",)

    async def test_a_taken_port_is_told_apart(self, processes: Processes, tmp_path: Path) -> None:
        """So that another port can be tried."""
        child = processes.start(program(tmp_path, "raise SystemExit('[Errno 98] Address already in use')"))
        with pytest.raises(PortTaken):
            await until_ready("child", [child], lambda: said_something(tmp_path / "never"), 5)

    async def test_silence_has_a_limit(self, processes: Processes, tmp_path: Path) -> None:
        """A child that lives and never answers."""
        child = processes.start(program(tmp_path, FOREVER))
        with pytest.raises(LaunchTrouble, match="gave no good answer within"):
            await until_ready("child", [child], lambda: said_something(tmp_path / "never"), 0.3)
        await processes.stop([child])

    def test_a_missing_program_is_one_sentence(self, processes: Processes, tmp_path: Path) -> None:
        """No stack trace for a missing file."""
        missing = Program(name="ghost", command=("no-such-program",), folder=tmp_path, log=tmp_path / "ghost.log")
        with pytest.raises(LaunchTrouble, match="ghost cannot be started"):
            processes.start(missing)


class TestLeftovers:
    """Servers outlive a killed parent; only our own are ended."""

    async def test_a_process_of_a_killed_launcher_is_ended(self, processes: Processes, tmp_path: Path) -> None:
        """Found by pid, start time and command line."""
        child = processes.start(program(tmp_path, FOREVER))
        assert end_leftovers(tmp_path / "pids") == ["child"]
        assert child.exit_code is not None

    def test_a_stranger_with_the_noted_pid_is_left_alone(self, tmp_path: Path) -> None:
        """Ids are given to somebody else one day: here to this very test."""
        noted = {"pid": os.getpid(), "started_at": psutil.Process().create_time(), "command": ["java", "kafka.Kafka"]}
        (tmp_path / "kafka.pid").write_text(json.dumps(noted))
        assert end_leftovers(tmp_path) == []
        assert not (tmp_path / "kafka.pid").exists()

    def test_an_unreadable_pid_file_ends_nobody(self, tmp_path: Path) -> None:
        """A half-written file is no order to kill."""
        (tmp_path / "kafka.pid").write_text("{")
        assert end_leftovers(tmp_path) == []
