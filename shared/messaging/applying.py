"""Applying events inside a transaction: what the consumer, the parked worker and a redrive have in common."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar

from shared.kernel.cause import Cause
from shared.kernel.randomness import Randomness, jittered
from shared.messaging.burial import Undertaker
from shared.messaging.decoding import Item
from shared.messaging.failures import BUG_TRIES, NOT_YET_TRIES, Trouble, Unreadable
from shared.messaging.inbox import Inbox
from shared.messaging.lanes import Lanes
from shared.observability import log_events
from shared.observability.logging import correlated, get_log
from shared.persistence.database import Transaction
from shared.persistence.doorbell import Doorbell

U = TypeVar("U")
PARKED_LONGEST_SECONDS = 300.0
BEHIND = "behind"


@dataclass(slots=True)
class Tally:
    """What one transaction did with its events; made anew at each run."""

    applied: list[str] = field(default_factory=list)
    duplicate: int = 0
    parked: list[tuple[str, str, str]] = field(default_factory=list)
    dead: list[tuple[str, str, str]] = field(default_factory=list)


class Applier(Generic[U]):
    """Knows the inbox, the lanes and the service's unit of work; owns no transaction."""

    def __init__(
        self,
        *,
        group: str,
        bind: Callable[[Transaction, Cause], U],
        undertaker: Undertaker,
        randomness: Randomness,
        parked_bell: Doorbell,
        inbox_keeps: timedelta,
    ) -> None:
        """`bind` makes the service's unit of work over a transaction, for one cause."""
        self._group = group
        self._bind = bind
        self._undertaker = undertaker
        self._randomness = randomness
        self._parked_bell = parked_bell
        self._inbox_keeps = inbox_keeps
        self._log = get_log()

    async def execute(self, tx: Transaction, item: Item[U]) -> None:
        """Run the handler of an event; its log lines carry the event's own correlation id (N17)."""
        if item.work is None:
            raise Unreadable(item.code or "")
        with correlated(item.cause.correlation_id):
            await item.work(self._bind(tx, item.cause))

    def tell_applied(self, tx: Transaction, items: Sequence[Item[U]]) -> None:
        """N17: at debug each event has a line of its own once it is committed; a batch's line cannot carry all correlation ids."""
        if items and self._log.is_enabled_for(logging.DEBUG):
            tx.after_commit(lambda: self._tell_applied(items))

    def _tell_applied(self, items: Sequence[Item[U]]) -> None:
        for item in items:
            with correlated(item.cause.correlation_id):
                self._log.debug(log_events.EVENT_APPLIED, event_id=item.event_id, type=item.type, key=item.key)

    async def take(self, tx: Transaction, items: Sequence[Item[U]]) -> Tally:
        """Apply a batch: known ids dropped, held lanes parked behind, the rest executed in order. Unreadable ones are buried."""
        tally, applied = Tally(), list[Item[U]]()
        tx.foreseen = tuple(dict.fromkeys([item.key for item in items]))
        new = dict.fromkeys(await Inbox(tx, self._group, self._inbox_keeps).mark([item.event_id for item in items]))
        lanes = Lanes(tx)
        await lanes.load([item.lane for item in items])
        for item in items:
            if item.event_id not in new:
                tally.duplicate += 1
                continue
            del new[item.event_id]
            if lanes.is_held(item.lane):
                await self._park_behind(tx, lanes, item, tally)
            elif item.work is None:
                await self._bury(tx, lanes, item, Trouble(item.code or ""), 1, tally)
            else:
                await self.execute(tx, item)
                tally.applied.append(item.type)
                applied.append(item)
        self._tell_after(tx, tally)
        self.tell_applied(tx, applied)
        return tally

    async def set_aside(self, tx: Transaction, troubled: Sequence[tuple[Item[U], Trouble | None]]) -> Tally:
        """Mark failed events as handled and park or bury them; events without trouble are parked behind those of their lane."""
        tally = Tally()
        new = dict.fromkeys(await Inbox(tx, self._group, self._inbox_keeps).mark(item.event_id for item, _ in troubled))
        lanes = Lanes(tx)
        await lanes.load(item.lane for item, _ in troubled)
        for item, trouble in troubled:
            if item.event_id not in new:
                tally.duplicate += 1
            elif trouble is None or lanes.is_held(item.lane):
                await self._park_behind(tx, lanes, item, tally)
            elif trouble.waits:
                next_at = tx.wall.now() + self._pause_after(1)
                await lanes.park(item, code=trouble.code, attempts=1, next_at=next_at)
                tally.parked.append((item.event_id, item.type, trouble.code))
            else:
                await self._bury(tx, lanes, item, trouble, BUG_TRIES if trouble.bug else 1, tally)
        self._tell_after(tx, tally)
        return tally

    async def retry_failed(self, tx: Transaction, item: Item[U], trouble: Trouble, attempts: int) -> None:
        """Note a failed try of a parked event: later again, or dead after its tries.

        Two replicas may have tried it at once: only who read the present count of tries notes its own.
        """
        tally, lanes = Tally(), Lanes(tx)
        if not await lanes.waits_after(item.event_id, attempts - 1):
            return
        await lanes.load([item.lane])
        tries = NOT_YET_TRIES if trouble.waits else BUG_TRIES if trouble.bug else 1
        if attempts < tries:
            next_at = tx.wall.now() + self._pause_after(attempts)
            await lanes.put_off(item, code=trouble.code, attempts=attempts, next_at=next_at)
        else:
            await lanes.take_out([item.event_id])
            await self._bury(tx, lanes, item, trouble, attempts, tally)
        self._tell_after(tx, tally)

    async def _park_behind(self, tx: Transaction, lanes: Lanes, item: Item[U], tally: Tally) -> None:
        await lanes.park(item, code=BEHIND, attempts=0, next_at=tx.wall.now())  # due at once, should the lane be free by now
        tally.parked.append((item.event_id, item.type, BEHIND))

    async def _bury(  # noqa: PLR0917 - one step of three callers
        self, tx: Transaction, lanes: Lanes, item: Item[U], trouble: Trouble, attempts: int, tally: Tally
    ) -> None:
        await self._undertaker.bury(tx, lanes, item, code=trouble.code, attempts=attempts)
        tally.dead.append((item.event_id, item.type, trouble.code))

    def _pause_after(self, attempts: int) -> timedelta:
        return timedelta(seconds=jittered(min(PARKED_LONGEST_SECONDS, 0.5 * 2**attempts), self._randomness))

    def _tell_after(self, tx: Transaction, tally: Tally) -> None:
        if tally.parked or tally.dead:
            tx.after_commit(lambda: self._tell(tally))

    def _tell(self, tally: Tally) -> None:
        self._parked_bell.ring()
        for event_id, type_, code in tally.parked:
            self._log.info(log_events.EVENT_PARKED, event_id=event_id, type=type_, code=code)
        for event_id, type_, code in tally.dead:
            self._log.error(log_events.EVENT_DEAD, event_id=event_id, type=type_, code=code)


async def pause(seconds: float, stopping: asyncio.Event) -> None:
    """Wait, but no longer than until the stop of the process."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
