"""The four services as processes of their own, told everything by their environment."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import httpx2

from deploy.local.ports import LOOPBACK, free_ports
from deploy.local.processes import Processes, Program, Running
from deploy.local.waiting import port_open, until_ready, with_other_ports

SERVICES = ("profile", "matching", "scheduling", "notification")
READY_WITHIN_SECONDS = 60.0
NOT_FOR_SERVICES = ("TANDEM_TEST_", "TANDEM_STACK", "TANDEM_CONSOLE_", "TANDEM_DEMO_")
ROOT = Path(__file__).parents[2]
HTTP_OK = 200
NONE_NAMED: Mapping[str, int] = MappingProxyType({})


def replica_name(service: str, number: int) -> str:
    """Return what a replica is called here: the first one bears its service's name."""
    return service if number == 0 else f"{service}-{number}"


class Services:
    """Starts, watches, restarts and stops the services, in one or several replicas each, under the names of `replica_name`.

    `settings` is what all of them are told; `own` is what one service, or one replica, is told beside it.
    """

    def __init__(
        self,
        processes: Processes,
        logs: Path,
        settings: Mapping[str, str],
        own: Mapping[str, Mapping[str, str]],
        *,
        replicas: Mapping[str, int] = NONE_NAMED,
        names: Sequence[str] = SERVICES,
        package: str = "services",
        ready_within_seconds: float = READY_WITHIN_SECONDS,
    ) -> None:
        """Nothing starts yet. Names and package are arguments for tests of this room only."""
        self._ready_within_seconds = ready_within_seconds
        self._processes = processes
        self._logs = logs
        self._settings = settings
        self._own = own
        self._stable = {replica_name(name, number): f"{name}-{number}" for name in names for number in range(replicas.get(name, 1))}
        """A replica's stable name by its name here: a killed one that comes back at once gets its partitions at once."""
        self._package = package
        self._ports: dict[str, int] = {}
        self.running: dict[str, Running] = {}

    @property
    def urls(self) -> dict[str, str]:
        """Return where each replica's HTTP API is; a service's own name stands for its first one."""
        return {name: f"http://{LOOPBACK}:{port}" for name, port in self._ports.items()}

    async def start(self) -> None:
        """Start all at once and wait until each says that it is ready.

        Raises:
            LaunchTrouble: names the service that died or stayed silent, with the last lines of its log.

        """
        await with_other_ports(self._attempt)

    async def restart(self, name: str) -> None:
        """Start a service again on its port (after `kill` or `stop_one`)."""
        self._start_one(name)
        await self._ready(name)

    async def stop(self) -> list[str]:
        """Ask all to end within their ten seconds; returns the names of those that had to be forced."""
        forced = await self._processes.stop(list(self.running.values()))
        self.running = {}
        return forced

    async def stop_one(self, name: str) -> None:
        """End one in an orderly way."""
        await self._processes.stop([self.running.pop(name)])

    def kill(self, name: str) -> None:
        """End one with -9."""
        self._processes.kill(self.running.pop(name))

    async def _attempt(self) -> None:
        self._ports = dict(zip(self._stable, free_ports(len(self._stable)), strict=True))
        for name in self._stable:
            self._start_one(name)
        try:
            await asyncio.gather(*(self._ready(name) for name in self._stable))
        except BaseException:
            await self.stop()
            raise

    def _start_one(self, name: str) -> None:
        program = Program(
            name=name,
            command=(sys.executable, "-m", f"{self._package}.{self._service_of(name)}"),
            folder=ROOT,
            log=self._logs / f"{name}.err",
            own_log=self._logs / f"{name}.ndjson",
            environment=self._environment(name),
        )
        self.running[name] = self._processes.start(program)

    def _environment(self, name: str) -> dict[str, str]:
        inherited = {key: value for key, value in os.environ.items() if not key.startswith(NOT_FOR_SERVICES)}
        peers = {f"TANDEM_PEERS__{peer.upper()}_URL": url for peer, url in self.urls.items() if peer == self._service_of(peer)}
        service = self._service_of(name)
        here = {
            f"TANDEM_{service.upper()}_HTTP_HOST": LOOPBACK,
            f"TANDEM_{service.upper()}_HTTP_PORT": str(self._ports[name]),
            "TANDEM_KAFKA__GROUP_INSTANCE_ID": self._stable[name],
            "TANDEM_LOG__FILE": str(self._logs / f"{name}.ndjson"),
        }
        return inherited | dict(self._settings) | peers | here | dict(self._own.get(service, {})) | dict(self._own.get(name, {}))

    def _service_of(self, name: str) -> str:
        return self._stable[name].rpartition("-")[0]

    async def _ready(self, name: str) -> None:
        port, url = self._ports[name], f"{self.urls[name]}/ready"

        async def answers() -> bool:
            return await port_open(port) and await _is_ready(url)

        await until_ready(name, list(self.running.values()), answers, self._ready_within_seconds)


async def _is_ready(url: str) -> bool:
    try:
        async with httpx2.AsyncClient(timeout=4, trust_env=False) as client:
            return (await client.get(url)).status_code == HTTP_OK
    except httpx2.HTTPError:
        return False
