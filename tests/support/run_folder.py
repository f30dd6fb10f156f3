"""One pair of servers for a whole test run, whatever the number of pytest processes in it.

A *keeper* process owns each server. It ends the server when no *holder* (pytest process, or `tests/run.py`) is alive any more,
even one that was killed; nothing is left behind, and no process has to be the first or the last.
"""

import json
import os
import shutil
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from filelock import FileLock

RUN_NAME = "TANDEM_TEST_RUN"


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What the processes of one test run share."""

    root: Path

    @classmethod
    def of_this_run(cls) -> "RunFolder":
        """Return the folder named by the run (`tests/run.py`), else by xdist, else by this process."""
        name = os.environ.get(RUN_NAME) or os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"alone-{os.getpid()}"
        return cls(Path(tempfile.gettempdir()) / f"tandem-tests-{name}")

    @property
    def holders(self) -> Path:
        """Return the folder with one file per process that needs the servers."""
        return self.root / "holders"

    def lock(self) -> FileLock:
        """Return the lock under which the first one starts a keeper."""
        return FileLock(self.root / "lock", timeout=180)

    def answer(self, kind: str) -> Path:
        """Return the file in which a keeper tells where its server is, or why there is none."""
        return self.root / f"{kind}.json"

    def keeper_log(self, kind: str) -> Path:
        """Return what a keeper printed."""
        return self.root / f"{kind}.keeper.log"

    def data(self, kind: str) -> Path:
        """Return a server's home."""
        return self.root / kind

    def hold(self) -> None:
        """Note that this process needs the servers."""
        self.holders.mkdir(parents=True, exist_ok=True)
        me = psutil.Process()
        (self.holders / str(me.pid)).write_text(json.dumps(me.create_time()))

    def let_go(self) -> None:
        """Note that this process needs them no longer."""
        (self.holders / str(os.getpid())).unlink(missing_ok=True)

    def held(self) -> bool:
        """Say whether a living process needs the servers."""
        return any(_alive(path) for path in sorted(self.holders.glob("*")))

    def keepers(self) -> list[psutil.Process]:
        """Return the living keepers."""
        found = []
        for path in sorted(self.root.glob("*.keeper.pid")):
            with suppress(psutil.Error, ValueError, OSError):
                found.append(psutil.Process(int(path.read_text())))
        return found

    def remove_if_unused(self) -> None:
        """Delete everything when nobody holds or keeps anything."""
        others = [keeper for keeper in self.keepers() if keeper.pid != os.getpid()]
        if not self.held() and not others:
            shutil.rmtree(self.root, ignore_errors=True)


def _alive(holder: Path) -> bool:
    try:
        process = psutil.Process(int(holder.name))
        noted = float(json.loads(holder.read_text()))
        same = abs(float(process.create_time()) - noted) < 1
        return same and bool(process.status() != psutil.STATUS_ZOMBIE)
    except (psutil.Error, ValueError, OSError):
        return False
