"""A running Kafka or MongoDB server, as services and tests need to know it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from deploy.local.processes import Running


class Product(StrEnum):
    """What answers behind the address."""

    APACHE_KAFKA = "apache-kafka"
    TANSU = "tansu"
    SECANTUSDB = "secantusdb"
    MONGODB = "mongodb"


class Capability(StrEnum):
    """What a server can do. Tests ask for these, never for a product."""

    KAFKA = "kafka"
    IDEMPOTENCE = "idempotence"
    DURABLE = "durable"
    COMPACTION = "compaction"
    OFFSETS = "offsets"
    CLUSTER = "cluster"
    MONGO = "mongo"
    REAL_MONGO = "real_mongo"


CAPABILITIES: Mapping[Product, tuple[Capability, ...]] = {
    Product.APACHE_KAFKA: (
        Capability.KAFKA,
        Capability.IDEMPOTENCE,
        Capability.DURABLE,
        Capability.COMPACTION,
        Capability.OFFSETS,
        Capability.CLUSTER,
    ),
    Product.TANSU: (Capability.KAFKA,),
    Product.SECANTUSDB: (Capability.MONGO,),
    Product.MONGODB: (Capability.MONGO, Capability.REAL_MONGO),
}


async def nothing_to_stop() -> None:
    """Leave a server alone that somebody else runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """One server. `settings` are the environment names that point a service at it; `off` says what it cannot do or keep."""

    product: Product
    version: str
    address: str
    settings: Mapping[str, str]
    data: Path | None = None
    off: tuple[str, ...] = ()
    why: str = ""
    processes: tuple[Running, ...] = ()
    stop: Callable[[], Awaitable[Any]] = field(default=nothing_to_stop, repr=False, compare=False)

    @property
    def kind(self) -> str:
        """Return `kafka` or `mongo`."""
        return "kafka" if Capability.KAFKA in CAPABILITIES[self.product] else "mongo"

    @property
    def capabilities(self) -> tuple[Capability, ...]:
        """Return what tests may ask of it."""
        return CAPABILITIES[self.product]

    def banner(self) -> str:
        """Return the line that every start prints: server, version, address, data directory, what is off and why."""
        where = [f"data in {self.data}"] if self.data else []
        parts = [f"{self.kind}: {self.product} {self.version}".rstrip(), self.address, *where, *self.off]
        return ", ".join(parts) + (f" ({self.why})" if self.why else "")

    def as_plain(self) -> dict[str, Any]:
        """Return what another process needs to know of it."""
        return {
            "product": self.product.value,
            "version": self.version,
            "address": self.address,
            "settings": dict(self.settings),
            "data": None if self.data is None else str(self.data),
            "off": list(self.off),
            "why": self.why,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "Server":
        """Return a server that another process started and will stop."""
        return cls(
            product=Product(plain["product"]),
            version=plain["version"],
            address=plain["address"],
            settings=dict(plain["settings"]),
            data=None if plain["data"] is None else Path(plain["data"]),
            off=tuple(plain["off"]),
            why=plain["why"],
        )


async def output_of(*command: str, within_seconds: float, folder: Path | None = None) -> tuple[int, str]:
    """Run a short command and return its exit code and all it printed; 127 when there is no such program."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
    except OSError as fault:
        return 127, f"{command[0]}: {fault.strerror}"
    try:
        async with asyncio.timeout(within_seconds):
            printed, _ = await process.communicate()
    except (TimeoutError, asyncio.CancelledError) as ended:
        process.kill()
        await process.communicate()
        if isinstance(ended, asyncio.CancelledError):
            raise
        return 124, f"{command[0]} took longer than {within_seconds:.0f} s"
    return process.returncode or 0, printed.decode(errors="replace").strip()
