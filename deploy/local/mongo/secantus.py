"""SecantusDB as its own process, over data that may be kept. GPL-2.0: a separate program, found on disk, never imported."""

import shutil
import sys
from importlib import metadata
from pathlib import Path

from deploy.local.mongo import probe
from deploy.local.ports import free_ports
from deploy.local.processes import Processes, Program, Running
from deploy.local.server import Product, Server
from deploy.local.trouble import NoServer
from deploy.local.waiting import port_open, until_ready, with_other_ports

READY_WITHIN_SECONDS = 20.0
CACHE = "256M"


class SecantusDB:
    """One database server in one data folder."""

    def __init__(self, processes: Processes, folder: Path, logs: Path, *, synced: bool = True) -> None:
        """`synced=False` is for tests that never kill it: a transaction may then be lost by kill -9."""
        self._processes = processes
        self._folder = folder
        self._logs = logs
        self._synced = synced
        self._port = 0
        self.running: list[Running] = []

    @property
    def address(self) -> str:
        """Return the connection string."""
        return f"mongodb://127.0.0.1:{self._port}/?replicaSet={probe.SET_NAME}"

    async def start(self) -> Server:
        """Start it and wait until it says that it is the writable primary of its set.

        Raises:
            NoServer: when there is no wheel for this machine.
            LaunchTrouble: when it did not come up.

        """
        await with_other_ports(self._attempt)
        return Server(
            product=Product.SECANTUSDB,
            version=metadata.version("secantusdb"),
            address=self.address,
            data=self._folder,
            settings={"TANDEM_MONGO__URL": self.address},
            off=() if self._synced else ("commits not synced",),
            processes=tuple(self.running),
            stop=self.stop,
        )

    async def restart(self) -> None:
        """Start again over the same data and the same port (after `stop` or `kill`)."""
        await self._launch()

    async def stop(self) -> None:
        """End it in an orderly way."""
        await self._processes.stop(self.running)
        self.running = []

    def kill(self) -> None:
        """End it with -9."""
        for running in self.running:
            self._processes.kill(running)
        self.running = []

    async def _attempt(self) -> None:
        (self._port,) = free_ports(1)
        await self._launch()

    async def _launch(self) -> None:
        self.running = [self._processes.start(self._program())]
        try:
            await until_ready("SecantusDB", self.running, self._answers, READY_WITHIN_SECONDS)
        except BaseException:
            await self.stop()
            raise

    async def _answers(self) -> bool:
        return await port_open(self._port) and await probe.is_writable(self.address, probe.SET_NAME)

    def _program(self) -> Program:
        command = (
            *(executable(), "--host", "127.0.0.1", "--port", str(self._port)),
            *("--storage-path", str(self._folder / "data"), "--cache-size", CACHE),
            *(("--sync-on-commit",) if self._synced else ()),
        )
        # in its own folder: it reads a secantusd.toml that it finds in the working directory
        return Program(name="mongo", command=command, folder=self._folder, log=self._logs / "mongo.log")


def executable() -> str:
    """Return the server's program beside this Python, or on the PATH.

    Raises:
        NoServer: when it is not installed (no wheel for this machine).

    """
    beside = Path(sys.executable).with_name("secantusd-py")
    found = str(beside) if beside.exists() else shutil.which("secantusd-py")
    if found is None:
        raise NoServer(
            "There is no SecantusDB for this machine: `make setup` installs it where it has a wheel (CPython 3.11 to 3.13 on Linux, "
            "macOS arm64, Windows x64); elsewhere set TANDEM_MONGO__URL to a MongoDB replica set."
        )
    return found
