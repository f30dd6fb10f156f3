"""Asks a broker who it is."""

import logging.config
from collections.abc import Mapping
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from deploy.local.waiting import port_open

TANSU_CLUSTER = "tansu_cluster"


def hush_client() -> None:
    """Keep the client's complaints about a server that is still starting away from the terminal."""
    logging.config.dictConfig(
        {"version": 1, "disable_existing_loggers": False, "incremental": True, "loggers": {"aiokafka": {"level": "CRITICAL"}}}
    )


async def cluster_of(address: str, **client: Any) -> Mapping[str, Any] | None:
    """Return `cluster_id` and `brokers` of the broker at `address`, or None when it does not answer."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=3000, **client)
    try:
        await admin.start()
        described: Mapping[str, Any] = await admin.describe_cluster()
    except (KafkaError, OSError):
        return None
    else:
        return described
    finally:
        await admin.close()


async def is_cluster(port: int, cluster_id: str | None, brokers: int) -> bool:
    """Say whether the broker on `port` is the one with this id (any id when None) and sees all its brokers."""
    if not await port_open(port):
        return False
    found = await cluster_of(f"127.0.0.1:{port}")
    return found is not None and cluster_id in {None, found["cluster_id"]} and len(found["brokers"]) == brokers
