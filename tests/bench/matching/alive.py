"""Whether a service stays alive beside heavy work: HTTP answers, members of consumer groups, stages that a reader sees (N4)."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx2
import numpy as np
from aiokafka.admin import AIOKafkaAdminClient

from shared.contracts.topics import Topic
from shared.messaging.settings import KafkaSettings

ASK_SECONDS = 0.25


class Alive:
    """Asks a small question over and over and keeps what it saw."""

    def __init__(self, client: httpx2.AsyncClient, path: str) -> None:
        """`path` is answered by one read of one document."""
        self._client = client
        self._path = path
        self._took: list[float] = []
        self._failed = 0
        self.stages: list[str] = []

    async def ask(self) -> None:
        """Ask until cancelled."""
        while True:
            begun = time.perf_counter()
            try:
                answer = await self._client.get(self._path)
            except httpx2.HTTPError:
                self._failed += 1
            else:
                self._failed += not answer.is_success
                self._took.append(1_000 * (time.perf_counter() - begun))
            await asyncio.sleep(ASK_SECONDS)

    def saw(self, progress: Mapping[str, Any] | None) -> None:
        """Keep the names of the stages in the order in which they were shown."""
        if progress is not None and progress["stage"] not in self.stages[-1:]:
            self.stages.append(progress["stage"])

    def told(self) -> dict[str, Any]:
        """Return what was seen, times in milliseconds."""
        p50, p99, most = (round(float(np.quantile(self._took, q)), 1) for q in (0.5, 0.99, 1.0))
        return {"answers": len(self._took), "failed": self._failed, "p50_ms": p50, "p99_ms": p99, "max_ms": most, "stages": self.stages}


async def members_of_groups(settings: KafkaSettings, service: str, topics: Sequence[Topic]) -> dict[str, list[str]]:
    """Return the member ids of a service's consumer groups: whoever was expelled and came back has another one."""
    admin = AIOKafkaAdminClient(**settings.client_options())
    await admin.start()
    found = {}
    try:
        for topic in topics:
            with suppress(IndexError):  # nobody reads it
                (described,) = await admin.describe_consumer_groups([settings.group_of(service, topic)])
                found[topic.name] = sorted(member["member_id"] for member in described.to_object()["groups"][0]["members"])
    finally:
        await admin.close()
    return found
