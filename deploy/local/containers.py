"""Kafka and MongoDB as containers: only when asked for; no engine is then an error, never a fallback.

Plain images through testcontainers' core container: its ready-made classes take other vendors' images. A free port of the host
is the same port inside, so that the address the server advertises is true. Written, and to be run by whoever has an engine.
"""

from collections.abc import Callable
from typing import Any

from deploy.local.kafka import probe as kafka_probe
from deploy.local.mongo import probe as mongo_probe
from deploy.local.ports import free_ports
from deploy.local.server import Product, Server
from deploy.local.trouble import LaunchTrouble
from deploy.local.waiting import until_ready

KAFKA_IMAGE = "apache/kafka:4.1.0"
MONGO_IMAGE = "mongo:8.0"
READY_WITHIN_SECONDS = 120.0
SET_NAME = "rs0"


def kafka_environment(port: int, controller_port: int) -> dict[str, str]:
    """Return all settings: one `KAFKA_…` variable switches the image's own defaults off."""
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://127.0.0.1:{controller_port}",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://127.0.0.1:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": f"1@127.0.0.1:{controller_port}",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS": "1000",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


async def start_kafka() -> Server:
    """Start a broker in a container and wait for it."""
    port, controller_port = free_ports(2)
    container = _container(KAFKA_IMAGE, port)
    for name, value in kafka_environment(port, controller_port).items():
        container.with_env(name, value)
    _start(container)
    kafka_probe.hush_client()
    await _ready("Apache Kafka in a container", container, lambda: kafka_probe.is_cluster(port, None, 1))
    address = f"127.0.0.1:{port}"
    return Server(
        product=Product.APACHE_KAFKA,
        version=KAFKA_IMAGE.partition(":")[2],
        address=address,
        settings={"TANDEM_KAFKA__BOOTSTRAP_SERVERS": address},
        off=("one node",),
        why="container, asked for",
        stop=_stopper(container),
    )


async def start_mongo() -> Server:
    """Start a database in a container, make it a replica set of one, and wait until it is primary."""
    (port,) = free_ports(1)
    container = _container(MONGO_IMAGE, port).with_command(f"mongod --replSet {SET_NAME} --bind_ip_all --port {port}")
    _start(container)
    direct = f"mongodb://127.0.0.1:{port}/?directConnection=true"

    async def initiated() -> bool:
        return await mongo_probe.initiate(direct, SET_NAME, f"127.0.0.1:{port}")

    url = f"mongodb://127.0.0.1:{port}/?replicaSet={SET_NAME}"
    await _ready("MongoDB in a container", container, initiated)
    await _ready("MongoDB in a container", container, lambda: mongo_probe.is_writable(url, SET_NAME))
    return Server(
        product=Product.MONGODB,
        version=await mongo_probe.version_of(url),
        address=url,
        settings={"TANDEM_MONGO__URL": url},
        why="container, asked for",
        stop=_stopper(container),
    )


def _container(image: str, port: int) -> Any:
    try:
        from testcontainers.core.container import DockerContainer  # noqa: PLC0415 - only for those who ask
    except ImportError as fault:
        raise LaunchTrouble(f"Containers were asked for, but {fault.name} is not installed (`make setup` installs it).") from fault
    try:
        return DockerContainer(image).with_bind_ports(port, port)
    except Exception as fault:  # whatever the engine's client raises here means that there is no engine
        raise LaunchTrouble("Containers were asked for, but no Docker engine answers here.") from fault


def _start(container: Any) -> None:
    try:
        container.start()
    except Exception as fault:  # the engine's client has many kinds of errors; each is told
        raise LaunchTrouble(f"The container of {container.image} cannot be started: {fault}") from fault


async def _ready(name: str, container: Any, answers: Callable[[], Any]) -> None:
    try:
        await until_ready(name, (), answers, READY_WITHIN_SECONDS)
    except BaseException as fault:
        lines = b"\n".join(container.get_logs()).decode(errors="replace").splitlines()
        container.stop()
        if isinstance(fault, LaunchTrouble):
            raise LaunchTrouble(str(fault), tuple(lines[-15:])) from fault
        raise


def _stopper(container: Any) -> Callable[[], Any]:
    async def stop() -> None:
        container.stop()

    return stop
