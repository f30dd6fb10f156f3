"""A service as a process: it answers while broker and database are away, stops within ten seconds, and leaves with code 0."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.support.probing import until
from tests.support.tokens import ISSUER, TestIssuer

ROOT = Path(__file__).parents[3]
NOWHERE = "127.0.0.1:9"
STOP_SECONDS_MAX = 10.0


def free_port() -> int:
    """Return a port that nobody uses right now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Started:
    """A process of the small service."""

    process: asyncio.subprocess.Process
    client: httpx2.AsyncClient
    log: Path

    async def is_live(self) -> bool:
        """Say whether it answers."""
        try:
            return (await self.client.get("/live")).status_code == 200
        except httpx2.TransportError:
            return False

    async def stop(self, number: signal.Signals) -> float:
        """Send a signal; return the seconds until it ended."""
        began = asyncio.get_running_loop().time()
        self.process.send_signal(number)
        async with asyncio.timeout(STOP_SECONDS_MAX + 5):
            await self.process.wait()
        return asyncio.get_running_loop().time() - began

    def lines(self) -> list[dict[str, Any]]:
        """Return its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@asynccontextmanager
async def started(folder: Path, **changes: str) -> AsyncIterator[Started]:
    """Start the small service with nothing to reach, unless `changes` say otherwise."""
    port, log = free_port(), folder / "log.ndjson"
    (folder / "keys.json").write_text(json.dumps(TestIssuer().jwks()))
    settings = {
        "TANDEM_AUTH__ISSUER": ISSUER,
        "TANDEM_AUTH__JWKS": str(folder / "keys.json"),
        "TANDEM_KAFKA__BOOTSTRAP_SERVERS": NOWHERE,
        "TANDEM_MONGO__URL": f"mongodb://{NOWHERE}/?replicaSet=none",
        "TANDEM_MATCHING_HTTP_PORT": str(port),
        "TANDEM_LOG__FILE": str(log),
    }
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.support.small_service",
        cwd=ROOT,
        env=inherited | settings | changes,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        try:
            yield Started(process, client, log)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


class TestAway:
    """A broker or a database that is away stops nothing but readiness."""

    async def test_http_answers_and_ready_names_what_is_missing(self, tmp_path: Path) -> None:
        """Live at once; not ready, with a code for each."""
        async with started(tmp_path) as small:
            await until(small.is_live, within=30, saying="the process answers /live")
            answer = await small.client.get("/ready")
            assert answer.status_code == 503
            assert answer.json()["status"] == "not-ready"
            assert set(answer.json()["checks"]) == {"broker", "database"}
            assert "ok" not in answer.json()["checks"].values()


class TestStop:
    """SIGTERM and SIGINT end the process in good order."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_within_ten_seconds_and_with_code_0(self, tmp_path: Path, number: signal.Signals) -> None:
        """Also while broker and database are away, and with a connection left open."""
        async with started(tmp_path) as small:
            await until(small.is_live, within=30, saying="the process answers /live")
            took = await small.stop(number)
            assert small.process.returncode == 0
            assert took < STOP_SECONDS_MAX
            actions = [line["event"]["action"] for line in small.lines()]
            assert actions[0] == "process.started"
            assert actions[-1] == "process.stopped"
            assert "process.stopping" in actions


class TestBadStart:
    """What is wrong is said in one line."""

    async def test_a_mistyped_name(self, tmp_path: Path) -> None:
        """Exit code 2, one line on stderr, no stack trace."""
        async with started(tmp_path, TANDEM_MATCHING_GREETIN="x") as small:
            _, errors = await small.process.communicate()
            assert small.process.returncode == 2
            assert errors.decode().splitlines() == [
                "tandem matching cannot start: TANDEM_MATCHING_GREETIN is not a setting of Tandem: did you mean TANDEM_MATCHING_GREETING?"
            ]

    async def test_a_port_that_is_taken(self, tmp_path: Path) -> None:
        """A line in the log, no stack trace, exit code 3 (the HTTP server's own)."""
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            async with started(tmp_path, TANDEM_MATCHING_HTTP_PORT=str(taken.getsockname()[1])) as small:
                _, errors = await small.process.communicate()
                assert small.process.returncode == 3
                assert b"Traceback" not in errors
                assert any("address already in use" in line["message"] for line in small.lines())
