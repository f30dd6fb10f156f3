"""The small service as a process of its own, for tests of starts and stops."""

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

from tests.support.tokens import ISSUER, TestIssuer

ROOT = Path(__file__).parents[2]
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
    issuer: TestIssuer
    log: Path

    async def is_live(self) -> bool:
        """Say whether it answers."""
        return await self._answers("/live")

    async def is_ready(self) -> bool:
        """Say whether it is ready."""
        return await self._answers("/ready")

    async def _answers(self, path: str) -> bool:
        try:
            return (await self.client.get(path)).status_code == httpx2.codes.OK
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

    def actions(self) -> list[str]:
        """Return the actions in its log."""
        return [line["event"]["action"] for line in self.lines()]


@asynccontextmanager
async def small_process(folder: Path, **changes: str) -> AsyncIterator[Started]:
    """Start the small service with nothing to reach, unless `changes` say otherwise."""
    port, log, issuer = free_port(), folder / "log.ndjson", TestIssuer()
    (folder / "keys.json").write_text(json.dumps(issuer.jwks()))
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
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
        try:
            yield Started(process, client, issuer, log)
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()
