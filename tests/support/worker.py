"""A process of one service that tests may kill: `python -m tests.support.worker '{"role": "consume", …}'`.

It runs the real consumer with its parked worker, the relay or the timers on real servers. `crash` names a fault point of the path
(before-commit, after-commit, after-send, before-delete, before-offset), `occurrence` the time at which it ends there like a power cut.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from pydantic import BaseModel

from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.broker import BrokerLink
from shared.messaging.sending import KafkaSender, SendFailed
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database, Document, Driver, Session
from shared.persistence.mongo import MongoSettings, connect
from shared.timers.runner import TimerRunner
from shared.timers.timers import Due
from tests.support.path import Node, Work

CRASHED = 9


class Order(BaseModel):
    """What the process is to do."""

    role: str
    service: str
    kafka: KafkaSettings
    mongo: MongoSettings
    replica: str | None = None
    crash: str | None = None
    occurrence: int = 1


class Fuse:
    """Ends the process at the n-th time that a point is reached."""

    def __init__(self, point: str | None, occurrence: int) -> None:
        """Arm for one point, or for none."""
        self._point = point
        self._left = occurrence

    def reach(self, point: str) -> None:
        """End the process if this is the time."""
        if point == self._point:
            self._left -= 1
            if self._left == 0:
                _power_cut()


def _power_cut() -> NoReturn:
    os._exit(CRASHED)


class FusedSession:
    """A transaction that may end in a power cut around its commit."""

    def __init__(self, session: Session, label: str, fuse: Fuse) -> None:
        """Wrap a session."""
        self._session = session
        self._label = label
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        """Pass everything else on."""
        return getattr(self._session, name)

    async def commit(self) -> None:
        """Commit, unless the fuse blows."""
        work = not self._label.startswith("lease.")
        if self._label == "relay.forget":
            self._fuse.reach("before-delete")
        elif work:
            self._fuse.reach("before-commit")
        await self._session.commit()
        if work:
            self._fuse.reach("after-commit")


class FusedDriver:
    """A driver whose transactions may end in a power cut."""

    def __init__(self, driver: Driver, fuse: Fuse) -> None:
        """Wrap a driver."""
        self._driver = driver
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        """Pass everything else on."""
        return getattr(self._driver, name)

    async def begin(self, label: str) -> FusedSession:
        """Open a transaction."""
        return FusedSession(await self._driver.begin(label), label, self._fuse)


class FusedSender(KafkaSender):
    """A producer after whose send the power may be cut."""

    fuse: Fuse

    async def send(self, rows: Sequence[Document]) -> list[SendFailed | None]:
        """Send, then perhaps end."""
        answers = await super().send(rows)
        self.fuse.reach("after-send")
        return answers


async def _fired(due: Due, work: Work) -> None:
    await work.note(due.id, 1)


async def run(order: Order) -> None:
    """Do the role until somebody ends the process."""
    fuse = Fuse(order.crash, order.occurrence)
    wall, randomness = WallClock(), SystemRandomness()
    plain = connect(order.mongo, order.service, wall=wall, randomness=randomness, replica=order.replica)
    fused: Any = FusedDriver(plain._driver, fuse)
    node = Node(order.service, Database(fused, wall=wall, randomness=randomness), order.kafka)
    if order.role == "consume":
        apply = node.consumer.apply

        async def applied(*args: Any, **options: Any) -> None:
            await apply(*args, **options)
            fuse.reach("before-offset")

        node.consumer.apply = applied  # type: ignore[method-assign]
        await BrokerLink(node.consumer, order.kafka, randomness=randomness).run()
        await node.parked.run()
    elif order.role == "relay":
        sender = FusedSender(order.kafka, "worker")
        sender.fuse = fuse
        await node.relay(sender, order.replica).run()
    elif order.role == "timers":
        runner: TimerRunner[Work] = TimerRunner(
            database=node.database,
            bind=Work,
            handlers={"note": _fired},
            clock=wall,
            randomness=randomness,
            doorbell=node.bell,
            tasks=node.tasks,
            replica=order.replica,
        )
        await runner.run()
    else:
        raise ValueError(order.role)


if __name__ == "__main__":
    asyncio.run(run(Order.model_validate_json(sys.argv[1])))
