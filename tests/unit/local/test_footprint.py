"""What a run costs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.footprint import pids_in, sample
from deploy.local.processes import write_pid_file

BUSY = "while True: pass"


class TestFootprint:
    """CPU of one core and resident memory, by name."""

    async def test_a_busy_process_is_seen(self) -> None:
        """And its memory is counted."""
        child = subprocess.Popen([sys.executable, "-c", BUSY])  # noqa: ASYNC220 - returns at once
        found = await sample({"busy": child.pid}, 0.4)
        child.kill()
        child.wait()
        (figure,) = found.figures
        assert figure.cpu_percent > 5
        assert 1 < figure.rss_mib < 200
        assert found.rss_mib == pytest.approx(figure.rss_mib)

    async def test_a_process_that_is_gone_counts_as_nothing(self) -> None:
        """A sample never fails because something ended."""
        child = subprocess.Popen([sys.executable, "-c", ""])  # noqa: ASYNC220 - returns at once
        child.wait()
        assert (await sample({"gone": child.pid}, 0.01)).cpu_percent == 0

    def test_names_come_from_the_pid_files(self, tmp_path: Path) -> None:
        """As the launcher wrote them."""
        write_pid_file(tmp_path / "kafka.pid", os.getpid())
        assert pids_in(tmp_path) == {"kafka": os.getpid()}
