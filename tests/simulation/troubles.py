"""Messages that make trouble: poison that an outsider puts on a topic, handlers that cannot do an event yet, handlers with a bug."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.contracts.catalogue import CONTRACTS
from shared.kernel.errors import NotYet
from tests.simulation.broker import SimulatedBroker
from tests.simulation.faults import SERVICES, Fault
from tests.simulation.world import World

GARBAGE, UNREADABLE = 0, 1
NONSENSE = b'{"nonsense'
CONSUMED = {service: {contract.TOPIC.name for contract in CONTRACTS if service in contract.CONSUMERS} for service in SERVICES}
HANDLED = {service: {contract.TYPE for contract in CONTRACTS if service in contract.CONSUMERS} for service in SERVICES}


class Bug(Exception):
    """A simulated fault of a handler."""


@dataclass(frozen=True, slots=True)
class Poison:
    """A record that nobody can read, and the services that must bury it."""

    event_id: str
    topic: str
    offset: int
    partition: int
    services: tuple[str, ...]


class Troubles:
    """Which events make trouble, for whom and until when."""

    def __init__(self, world: World, broker: SimulatedBroker) -> None:
        """Nothing does, yet."""
        self._world, self._broker = world, broker
        self._next: dict[str, list[Fault]] = {service: [] for service in SERVICES}
        self._met: dict[tuple[str, str], tuple[str, float]] = {}
        self.poison: list[Poison] = []
        self.bugs: dict[tuple[str, str], None] = {}
        """Service and event of each bug that was met."""
        self.strikes: Mapping[str, Callable[[Fault], None]] = {
            "poison": self._put_poison,
            "not-yet": self._expect,
            "bug": self._expect,
        }

    def meet(self, service: str, event_id: str) -> None:
        """Raise what an event meets at its handler.

        Raises:
            NotYet, Bug: as planned, as long as planned.

        """
        met, now = self._met.get((service, event_id)), self._world.loop.time()
        if met is None and self._next[service]:
            fault = self._next[service].pop(0)
            met = self._met[service, event_id] = (fault.kind, now + fault.amount)
            if fault.kind == "bug":
                self.bugs[service, event_id] = None
        if met is None or now > met[1] or self._world.healed:
            return
        raise NotYet("simulated") if met[0] == "not-yet" else Bug

    def _expect(self, fault: Fault) -> None:
        self._next[fault.target].append(fault)

    def _put_poison(self, fault: Fault) -> None:
        """Put a record among those of a key that is in use: garbage, a known type that cannot be read, or a version from the future."""
        models = [
            record for record in self._broker.appended if record.topic in CONSUMED[fault.target] and record.value not in {None, NONSENSE}
        ]
        if not models:
            return
        model = models[int(self._world.luck.random() * len(models))]
        event_id, headers = f"poison-{len(self.poison) + 1}", dict(model.headers)
        type_ = (headers.get("ce_type") or b"").decode()
        readers = [service for service in SERVICES if type_ in HANDLED[service]]
        if fault.amount == GARBAGE:
            headers, readers = {}, [service for service in SERVICES if model.topic in CONSUMED[service]]
        elif fault.amount == UNREADABLE:
            headers |= {"ce_id": event_id.encode()}
        else:
            headers |= {"ce_id": event_id.encode(), "ce_type": f"{type_.rpartition('.v')[0]}.v99".encode()}
        record: Any = self._broker.put(model.topic, model.key, NONSENSE, list(headers.items()))
        if fault.amount == GARBAGE:
            event_id = f"{record.topic}/{record.partition}/{record.offset}"
        self.poison.append(Poison(event_id, record.topic, record.offset, record.partition, tuple(readers)))
