"""The whole suite as real processes: three brokers, a synced database, replicas of each service, and a door before each server."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from deploy.local.folder import DataFolder
from deploy.local.kafka.apache import ApacheKafka
from deploy.local.leftovers import claim
from deploy.local.mongo.secantus import SecantusDB
from deploy.local.ports import LOOPBACK
from deploy.local.processes import Processes, Running
from deploy.local.server import Server
from deploy.local.services import SERVICES, replica_name
from deploy.local.stack import Say, Stack, StackOptions, running_stack, say_nothing
from shared.kernel.randomness import SystemRandomness
from tests.chaos.disk import small_disk
from tests.chaos.proxy import Door
from tests.chaos.reading import Databases
from tests.chaos.witness import Witness, watching
from tests.simulation.world import EPOCH

BROKERS = 3
READY_WITHIN_SECONDS = 180.0
"""A process that starts while others are struck may wait for them, on a busy machine for long."""
SETTINGS = {
    "TANDEM_KAFKA__REPLICATION_FACTOR": "3",
    "TANDEM_KAFKA__MIN_INSYNC_REPLICAS": "2",
    "TANDEM_SCHEDULING_SESSIONS_AHEAD": "1",
    "TANDEM_NOTIFICATION_RETRY_FIRST": "PT1S",
    "TANDEM_NOTIFICATION_RETRY_LONGEST": "PT10S",  # a mail that met trouble comes soon after it, or the end would wait for it
    "TANDEM_ENGINE_INTERPRETED": "1",  # pools of ten people: nothing to compile for, at each of many starts
}


@dataclass(kw_only=True)
class Rig:
    """All that faults are aimed at. The harness itself reaches the servers past the doors."""

    stack: Stack
    kafka: ApacheKafka
    mongo: SecantusDB
    replicas: dict[str, list[str]]
    databases: Databases
    witness: Witness
    """Has watched since before the first service started."""
    disk: Path | None
    """The small disk of profile's temporary files, if there could be one."""
    doors: dict[str, Door]
    """By `broker-1` … and by replica: the way of all clients to a broker, and of a replica to the database."""

    @property
    def names(self) -> list[str]:
        """Return all replicas."""
        return [name for names in self.replicas.values() for name in names]

    def process(self, replica: str) -> Running:
        """Return a replica's process."""
        return self.stack.services.running[replica]


@asynccontextmanager
async def running_rig(
    out: Path,
    troubles: list[str],
    *,
    replicas: Mapping[str, int],
    rate: float,
    own: Mapping[str, Mapping[str, str]] | None = None,
    say: Say = say_nothing,
) -> AsyncIterator[Rig]:
    """Start everything; whatever happens, all of it ends. What fails beside a run is noted in `troubles`."""
    names = {service: [replica_name(service, number) for number in range(replicas.get(service, 1))] for service in SERVICES}
    everybody = [name for several in names.values() for name in several]
    async with AsyncExitStack() as endings:
        doors = await _opened(endings, [*(f"broker-{number}" for number in range(1, BROKERS + 1)), *everybody])
        brokers = list(doors.values())[:BROKERS]
        logs = out / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        say("starting three brokers and the database …")
        mongo, database, kafka, cluster = await _servers(endings, logs, brokers)
        databases = Databases(mongo.address)
        endings.callback(databases.close)
        witness = await endings.enter_async_context(watching(databases, troubles))
        disk = endings.enter_context(small_disk(out / "disk"))
        say("profile's temporary files: " + ("a disk of one megabyte" if disk else "no right to mount a disk: RLIMIT_FSIZE alone"))
        told = {name: {**_way_to_database(doors[name], mongo), **(own or {}).get(name, {})} for name in everybody}
        told["profile"] |= {} if disk is None else {"TMPDIR": str(disk)}  # all its replicas hear it
        options = StackOptions(
            logs=logs,
            mail_folder=out / "mail",
            clock_start=EPOCH,
            clock_delay=timedelta(seconds=5),
            clock_rate=rate,
            servers=(cluster, database),
            settings=SETTINGS | {"TANDEM_KAFKA__BOOTSTRAP_SERVERS": ",".join(f"{LOOPBACK}:{door.port}" for door in brokers)},
            own=told,
            replicas=replicas,
            ready_within_seconds=READY_WITHIN_SECONDS,
        )
        stack = await endings.enter_async_context(running_stack(options, say))
        yield Rig(stack=stack, kafka=kafka, mongo=mongo, replicas=names, databases=databases, witness=witness, disk=disk, doors=doors)


async def _opened(endings: AsyncExitStack, names: list[str]) -> dict[str, Door]:
    doors = {name: Door() for name in names}
    for door in doors.values():
        await door.open()
        endings.push_async_callback(door.close)
    return doors


async def _servers(endings: AsyncExitStack, logs: Path, brokers: list[Door]) -> tuple[SecantusDB, Server, ApacheKafka, Server]:
    """Start database and brokers in a folder of their own, and let the doors lead to the brokers."""
    folder = DataFolder.temporary()
    endings.callback(folder.remove)
    claim(folder)
    processes = Processes(folder.pids)
    endings.callback(processes.end_now)
    mongo = SecantusDB(processes, folder.mongo, logs)
    database = await mongo.start()
    endings.push_async_callback(mongo.stop)
    kafka = ApacheKafka(processes, folder.kafka, logs, SystemRandomness(), nodes=BROKERS, doors=[door.port for door in brokers])
    cluster = await kafka.start()
    endings.push_async_callback(kafka.stop)
    for door, port in zip(brokers, kafka.door_ports, strict=True):
        door.target = port
    return mongo, database, kafka, cluster


def _way_to_database(door: Door, mongo: SecantusDB) -> dict[str, str]:
    """Return a URL without `replicaSet`: a driver that asks for the set's members would go past the door."""
    door.target = int(mongo.address.split(":")[2].split("/")[0])
    return {"TANDEM_MONGO__URL": f"mongodb://{LOOPBACK}:{door.port}/?directConnection=true"}
