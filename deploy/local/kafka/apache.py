"""Apache Kafka (KRaft) as one process, or three that form a cluster, over data that may be kept."""

import base64
import shutil
from collections.abc import Sequence
from pathlib import Path

from deploy.local.kafka import jars, probe
from deploy.local.kafka.properties import Node, server_properties
from deploy.local.ports import free_ports
from deploy.local.processes import Processes, Program, Running
from deploy.local.server import Product, Server, output_of
from deploy.local.trouble import LaunchTrouble
from deploy.local.waiting import until_ready, with_other_ports
from shared.kernel.randomness import Randomness

READY_WITHIN_SECONDS = 60.0
FORMAT_WITHIN_SECONDS = 60.0
SMALL_JVM = ("-Xms64m", "-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
"""150 to 180 MB resident; the tiered stop favours a quick start over top speed."""


class ApacheKafka:
    """One broker or cluster in one data folder. Start, stop, kill and start again keep its topics and records."""

    def __init__(
        self, processes: Processes, folder: Path, logs: Path, randomness: Randomness, *, nodes: int = 1, doors: Sequence[int] = ()
    ) -> None:
        """Nothing starts yet. `doors` are ports of proxies, one a node, that lead to `door_ports`; who comes by one stays outside."""
        self._processes = processes
        self._folder = folder
        self._logs = logs
        self._randomness = randomness
        self._count = nodes
        self._doors = tuple(doors)
        self._cluster_id = ""
        self._nodes: list[Node] = []
        self.running: list[Running] = []

    @property
    def address(self) -> str:
        """Return the bootstrap servers."""
        return ",".join(f"127.0.0.1:{node.port}" for node in self._nodes)

    @property
    def door_ports(self) -> list[int]:
        """Return where the proxies of `doors` shall lead to, in the order of nodes."""
        return [node.door_port for node in self._nodes]

    async def start(self) -> Server:
        """Fetch the jars when needed, format a new data folder, start, and wait until all brokers are up and ours.

        Raises:
            NoApacheKafka: when this machine cannot run it.
            LaunchTrouble: when it was started and did not come up.

        """
        libraries = await jars.jars()
        probe.hush_client()
        await with_other_ports(lambda: self._attempt(libraries))
        return Server(
            product=Product.APACHE_KAFKA,
            version=jars.kafka_version(),
            address=self.address,
            data=self._folder,
            settings={"TANDEM_KAFKA__BOOTSTRAP_SERVERS": self.address},
            off=() if self._count > 1 else ("one node",),
            processes=tuple(self.running),
            stop=self.stop,
        )

    async def restart(self) -> None:
        """Start again over the same data and the same ports (after `stop` or `kill`)."""
        await self._launch(await jars.jars())

    async def stop(self, number: int | None = None) -> None:
        """End one node, or all, in an orderly way."""
        leaving = self._running(number)
        await self._processes.stop(leaving)
        self.running = [running for running in self.running if running not in leaving]

    def kill(self, number: int | None = None) -> None:
        """End one node, or all, with -9."""
        for running in self._running(number):
            self._processes.kill(running)
            self.running.remove(running)

    def _running(self, number: int | None) -> list[Running]:
        return [running for running in self.running if number is None or running.name == self._name(number)]

    async def _attempt(self, libraries: Path) -> None:
        ports = iter(free_ports(3 * self._count))
        self._nodes = [
            Node(
                number=number,
                port=next(ports),
                controller_port=next(ports),
                folder=self._folder / f"node-{number}",
                door_port=next(ports) if self._doors else 0,
                door=self._doors[number - 1] if self._doors else 0,
            )
            for number in range(1, self._count + 1)
        ]
        for node in self._nodes:
            node.folder.mkdir(parents=True, exist_ok=True)
            node.properties.write_text(server_properties(node, self._nodes))
        self._cluster_id = self._known_cluster_id() or self._new_cluster_id()
        for node in self._nodes:
            await self._format(libraries, node)
        await self._launch(libraries)

    async def _launch(self, libraries: Path) -> None:
        here = [running.name for running in self.running]
        missing = [node for node in self._nodes if self._name(node.number) not in here]
        self.running += [self._processes.start(self._program(libraries, node)) for node in missing]

        async def all_answer() -> bool:
            return all([await probe.is_cluster(node.port, self._cluster_id, self._count) for node in self._nodes])

        try:
            await until_ready("Apache Kafka", self.running, all_answer, READY_WITHIN_SECONDS)
        except BaseException:
            await self.stop()
            raise

    def _program(self, libraries: Path, node: Node) -> Program:
        name = self._name(node.number)
        return Program(
            name=name,
            command=("java", *SMALL_JVM, "-cp", f"{libraries}/*", "kafka.Kafka", str(node.properties)),
            folder=node.folder,
            log=self._logs / f"{name}.log",
        )

    def _name(self, number: int) -> str:
        return "kafka" if self._count == 1 else f"kafka-{number}"

    async def _format(self, libraries: Path, node: Node) -> None:
        if (node.data / "meta.properties").exists():
            return
        shutil.rmtree(node.data, ignore_errors=True)  # a format that was interrupted
        code, printed = await output_of(
            *("java", "-XX:TieredStopAtLevel=1", "-cp", f"{libraries}/*", "kafka.tools.StorageTool"),
            *("format", "-t", self._cluster_id, "-c", str(node.properties)),
            within_seconds=FORMAT_WITHIN_SECONDS,
        )
        if code != 0:
            raise LaunchTrouble(f"Kafka's data folder {node.data} cannot be formatted:", tuple(printed.splitlines()[-10:]))

    def _known_cluster_id(self) -> str | None:
        for node in self._nodes:
            meta = node.data / "meta.properties"
            if meta.exists():
                lines = [line.partition("=") for line in meta.read_text().splitlines()]
                return next(value for name, _, value in lines if name == "cluster.id")
        return None

    def _new_cluster_id(self) -> str:
        """Return 128 random bits the way Kafka writes them; never with a leading dash, which its tool takes for an option."""
        text = base64.urlsafe_b64encode(self._randomness.getrandbits(128).to_bytes(16, "big")).decode().rstrip("=")
        return "A" + text[1:] if text.startswith("-") else text
