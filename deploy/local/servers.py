"""Which servers: decided for Kafka and for MongoDB on its own, the first line that fits.

1. named by the environment: that one, nothing is started;
2. containers, only when asked for (`Backend.CONTAINERS`): no engine is then an error, not a fallback;
3. Apache Kafka when there is Java and the jars are or can be fetched; SecantusDB;
4. Tansu when there is no Java or the fetch fails; the banner says why.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from deploy.local import containers
from deploy.local.given import given_kafka, given_mongo
from deploy.local.kafka.apache import ApacheKafka
from deploy.local.kafka.jars import NoApacheKafka
from deploy.local.kafka.tansu import Tansu
from deploy.local.mongo.secantus import SecantusDB
from deploy.local.processes import Processes
from deploy.local.server import Server
from shared.kernel.randomness import Randomness


class Backend(StrEnum):
    """Where servers come from when the environment names none."""

    PROCESSES = "processes"
    CONTAINERS = "containers"
    TANSU = "tansu"
    """As on a machine without Java; lets a CI job try that case."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a starter needs: the children's keeper, folders, random numbers, and where servers shall come from."""

    processes: Processes
    kafka: Path
    mongo: Path
    logs: Path
    randomness: Randomness
    backend: Backend = Backend.PROCESSES
    synced: bool = True


async def find_or_start_kafka(place: Place) -> Server:
    """Return a broker that answers, by the four lines above.

    Raises:
        LaunchTrouble: when none can be had; says what to install or to set.

    """
    given = await given_kafka()
    if given is not None:
        return given
    if place.backend is Backend.CONTAINERS:
        return await containers.start_kafka()
    if place.backend is Backend.TANSU:
        return await _tansu(place, "asked for")
    try:
        return await ApacheKafka(place.processes, place.kafka, place.logs, place.randomness).start()
    except NoApacheKafka as reason:
        return await _tansu(place, f"no Apache Kafka: {reason}")


async def _tansu(place: Place, why: str) -> Server:
    return await Tansu(place.processes, place.kafka, place.logs, why).start()


async def find_or_start_mongo(place: Place) -> Server:
    """Return a database that is a writable primary, by the lines above.

    Raises:
        LaunchTrouble: when none can be had; says what to install or to set.

    """
    given = await given_mongo()
    if given is not None:
        return given
    if place.backend is Backend.CONTAINERS:
        return await containers.start_mongo()
    return await SecantusDB(place.processes, place.mongo, place.logs, synced=place.synced).start()
