"""Servers that somebody else runs: named by the environment, never started or stopped by us."""

import os
from collections.abc import Mapping

from deploy.local.kafka import probe as kafka_probe
from deploy.local.mongo import probe as mongo_probe
from deploy.local.server import Product, Server
from deploy.local.trouble import LaunchTrouble

KAFKA_NAME = "TANDEM_KAFKA__BOOTSTRAP_SERVERS"
MONGO_NAME = "TANDEM_MONGO__URL"


def _block(prefix: str, environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in sorted(environment.items()) if name.startswith(prefix)}


async def given_kafka(environment: Mapping[str, str] = os.environ) -> Server | None:
    """Return the broker that the environment names, or None when it names none.

    With logins or TLS the services check it themselves; here only a plain broker can be asked who it is.
    """
    address = environment.get(KAFKA_NAME)
    if not address:
        return None
    settings = _block("TANDEM_KAFKA__", environment)
    product = Product.APACHE_KAFKA
    if environment.get("TANDEM_KAFKA__SECURITY_PROTOCOL", "PLAINTEXT").upper() == "PLAINTEXT":
        kafka_probe.hush_client()
        found = await kafka_probe.cluster_of(address)
        if found is None:
            raise LaunchTrouble(f"No Kafka broker answers at {address} ({KAFKA_NAME}).")
        if found["cluster_id"] == kafka_probe.TANSU_CLUSTER:
            product = Product.TANSU
            settings.setdefault("TANDEM_KAFKA__ENABLE_IDEMPOTENCE", "false")
    return Server(product=product, version="", address=address, settings=settings, why=f"given by {KAFKA_NAME}")


async def given_mongo(environment: Mapping[str, str] = os.environ) -> Server | None:
    """Return the database that the environment names, or None when it names none.

    Raises:
        LaunchTrouble: when it does not answer, or is no replica set (transactions need one).

    """
    url = environment.get(MONGO_NAME)
    if not url:
        return None
    place = url.rsplit("@", 1)[-1]
    answer = await mongo_probe.hello_of(url, within_milliseconds=5000)
    if answer is None:
        raise LaunchTrouble(f"No MongoDB server answers at {place} ({MONGO_NAME}).")
    if not answer.get("setName"):
        raise LaunchTrouble(f"The MongoDB server at {place} is no replica set; Tandem needs transactions ({MONGO_NAME}).")
    secantus = answer["setName"] == mongo_probe.SET_NAME
    return Server(
        product=Product.SECANTUSDB if secantus else Product.MONGODB,
        version=await mongo_probe.version_of(url),
        address=place,
        settings=_block("TANDEM_MONGO__", environment),
        why=f"given by {MONGO_NAME}",
    )
