"""The text of `server.properties`, for one node or several."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One broker that is a controller as well (KRaft). `port` is for clients, `controller_port` for its peers.

    `door` makes it listen on `door_port`, too, and send the clients that come there to the port `door`: a proxy's.
    """

    number: int
    port: int
    controller_port: int
    folder: Path
    door_port: int = 0
    door: int = 0

    @property
    def data(self) -> Path:
        """Return the folder of its log segments."""
        return self.folder / "data"

    @property
    def properties(self) -> Path:
        """Return its settings file."""
        return self.folder / "server.properties"


def server_properties(node: Node, nodes: list[Node]) -> str:
    """Return the settings of `node` among `nodes`: small, quick to start, quick to notice a dead broker."""
    factor = min(3, len(nodes))
    settings = {
        "process.roles": "broker,controller",
        "node.id": node.number,
        "controller.quorum.voters": ",".join(f"{one.number}@127.0.0.1:{one.controller_port}" for one in nodes),
        "listeners": _listeners(PLAINTEXT=node.port, CONTROLLER=node.controller_port, DOOR=node.door_port),
        "advertised.listeners": _listeners(PLAINTEXT=node.port, DOOR=node.door),
        "inter.broker.listener.name": "PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,DOOR:PLAINTEXT",
        "log.dirs": node.data,
        "auto.create.topics.enable": "false",
        "default.replication.factor": factor,
        "min.insync.replicas": max(1, factor - 1),
        "offsets.topic.replication.factor": factor,
        "offsets.topic.num.partitions": 3,
        "transaction.state.log.replication.factor": factor,
        "transaction.state.log.min.isr": max(1, factor - 1),
        "transaction.state.log.num.partitions": 3,
        "group.initial.rebalance.delay.ms": 0,
        "group.min.session.timeout.ms": 1000,
        "log.cleaner.dedupe.buffer.size": 2_097_152,  # the default reserves 128 MB
        "broker.session.timeout.ms": 3000,  # a killed broker may come back after seconds
        "broker.heartbeat.interval.ms": 500,
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _listeners(**ports: int) -> str:
    return ",".join(f"{name}://127.0.0.1:{port}" for name, port in ports.items() if port)
