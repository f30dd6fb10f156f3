"""What a launcher leaves behind when it is killed with -9, and who tidies up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.leftovers import sweep_temporary_runs

ROOT = Path(__file__).parents[3]


@pytest.mark.mongo
class TestSweep:
    """The next start ends the orphans."""

    def test_servers_of_a_killed_launcher_are_ended_and_their_data_removed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Servers outlive a killed parent; pid files lead to them."""
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
        launcher = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.local.launch_and_wait"],
            cwd=ROOT,
            env=os.environ | {"TMPDIR": str(tmp_path)},
            stdout=subprocess.PIPE,
        )
        assert launcher.stdout is not None
        told = json.loads(launcher.stdout.readline())
        database = psutil.Process(told["pid"])
        assert sweep_temporary_runs() == []
        launcher.kill()
        launcher.wait()
        launcher.stdout.close()
        assert database.is_running()
        assert sweep_temporary_runs() == ["mongo"]
        psutil.wait_procs([database], timeout=10)
        assert not database.is_running()
        assert not Path(told["root"]).exists()
