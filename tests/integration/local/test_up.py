"""`tandem up` as a newcomer meets it: a process of its own, real servers, the four services."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import pytest_asyncio

from tests.support.probing import until

ROOT = Path(__file__).parents[3]
UP_WITHIN_SECONDS = 120.0
DOWN_WITHIN_SECONDS = 45.0
PEOPLE = "member_id,email,display_name\nE1,ada@corp.example,Ada\nE2,bob@corp.example,Bob\n"

pytestmark = [pytest.mark.durable, pytest.mark.mongo, pytest.mark.slow]


@dataclass(slots=True)
class Up:
    """A `tandem up` that runs in `folder`."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def stack(self) -> dict[str, Any]:
        """Return what it wrote for other commands."""
        found: dict[str, Any] = json.loads((self.folder / ".tandem/stack.json").read_text())
        return found

    def printed(self) -> str:
        """Return what it said on stderr."""
        return (self.folder / "err.txt").read_text()

    def children(self) -> list[psutil.Process]:
        """Return all that it started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    async def ended(self) -> int:
        """Wait for its end and return the exit code."""
        await until(lambda: self.process.poll() is not None, within=DOWN_WITHIN_SECONDS, saying="`tandem up` ended")
        return self.process.returncode


def environment() -> dict[str, str]:
    """Return an environment in which the launcher chooses for itself, whatever this test run was given."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")} | {"PYTHONPATH": str(ROOT)}


def command(*arguments: str) -> list[str]:
    """Return the command line of `tandem`."""
    return [sys.executable, "-m", "services.console", *arguments]


async def start(folder: Path) -> Up:
    """Start it over `folder/data` and wait for its stack file."""
    with (folder / "err.txt").open("wb") as errors:
        process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            command("up", "--keep", "data"), cwd=folder, env=environment(), stdout=subprocess.DEVNULL, stderr=errors
        )
    up = Up(folder, process)

    def is_up() -> bool:
        assert process.poll() is None, up.printed()
        return (folder / ".tandem/stack.json").exists()

    await until(is_up, within=UP_WITHIN_SECONDS, saying="`tandem up` wrote its stack file")
    return up


async def tandem(up: Up, *arguments: str) -> tuple[int, Any]:
    """Run another command beside it and return exit code and JSON."""
    process = await asyncio.create_subprocess_exec(
        *command(*arguments, "--json"), cwd=up.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    out, err = await process.communicate()
    return process.returncode or 0, json.loads(out) if out else err.decode()


@pytest_asyncio.fixture
async def up(tmp_path: Path) -> AsyncIterator[Up]:
    """Run `tandem up`; whatever the test does, nothing is left."""
    running = await start(tmp_path)
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        await running.ended()


class TestUp:
    """Starts, is found by other commands, ends with all that it started. One story, because each start costs seconds."""

    async def test_a_kept_run_from_its_first_start_to_the_death_of_a_service(self, up: Up, tmp_path: Path) -> None:
        """`--keep DIR`: data survive Ctrl-C, processes do not; a service that dies is named and ends the run."""
        await self._a_second_run_over_the_same_data_is_refused(up)
        (tmp_path / "people.csv").write_text(PEOPLE)
        code, found = await tandem(up, "import", "people.csv")
        assert (code, found["import"]["counts"]["created"]) == (0, 2)
        code, found = await tandem(up, "status")
        assert (code, [one["state"] for one in found]) == (0, ["ready"] * 4)
        await self._ctrl_c_ends_everything(up)

        again = await start(tmp_path)
        code, found = await tandem(again, "import", "people.csv")
        assert (code, found["import"]["counts"]["unchanged"]) == (0, 2)
        await self._a_service_that_dies_is_named_and_ends_the_run(again)

    async def _a_second_run_over_the_same_data_is_refused(self, up: Up) -> None:
        """Two servers over one folder would harm it."""
        second = await asyncio.create_subprocess_exec(
            *command("up", "--keep", "data"), cwd=up.folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        _, complaint = await second.communicate()
        assert second.returncode == 1
        assert b"is in use by process" in complaint
        assert up.process.poll() is None
        assert (up.folder / "data/owner.json").exists(), "the refused run must not take the other one's marks away"
        assert list((up.folder / "data/pids").glob("*.pid"))

    async def _ctrl_c_ends_everything(self, up: Up) -> None:
        """Exit code 0: this is how the command is meant to end."""
        children = up.children()
        assert len(children) >= 6
        up.process.send_signal(signal.SIGINT)
        assert await up.ended() == 0
        assert [child for child in children if child.is_running()] == []
        assert not (up.folder / ".tandem/stack.json").exists()

    async def _a_service_that_dies_is_named_and_ends_the_run(self, up: Up) -> None:
        """Which one, its last lines, exit code 1."""
        children = up.children()
        noted = json.loads((Path(up.stack["pids"]) / "scheduling.pid").read_text())
        os.kill(noted["pid"], signal.SIGKILL)
        assert await up.ended() == 1
        assert "tandem: scheduling ended with exit code -9" in up.printed()
        assert [child for child in children if child.is_running()] == []
