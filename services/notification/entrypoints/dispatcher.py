"""The dispatcher: takes what is due, sends it over a few conversations at once, writes down what came of it.

Any number of processes may dispatch. A crash between the server's yes and our mark leads to one thing only: the same
mail again, under the same Message-ID, after the lease has ended.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter

from services.notification.application.ports import Directory, Mailer, Sight
from services.notification.application.send_delivery import PostCounter, send_delivery
from services.notification.domain.delivery import Delivery, Outcome, State
from services.notification.domain.truth import OVERTAKEN
from services.notification.entrypoints.settlement import Settlement
from shared.kernel.errors import OutcomeUnknown, StaleVersion
from shared.kernel.tasks import Tasks
from shared.observability import log_events
from shared.observability.logging import correlated, get_log
from shared.observability.tracing import Step, no_step
from shared.persistence.doorbell import Doorbell
from shared.persistence.errors import DatabaseFault
from shared.persistence.patience import Patience

COMPOSE_TRIES_MAX = 5
LOOK_SECONDS = 3.0
HANG_UP_AFTER_SECONDS = 5.0
STOP_SECONDS = 2.5
Lanes = Sequence[Sequence[Delivery]]
ACTIONS = {
    State.SENT: log_events.DELIVERY_SENT,
    State.PENDING: log_events.DELIVERY_DEFERRED,
    State.FAILED: log_events.DELIVERY_FAILED,
    State.SUPPRESSED: log_events.DELIVERY_SUPPRESSED,
}


class Claimed(Protocol):
    """Lanes of deliveries that are ours until an instant."""

    @property
    def claim(self) -> str:
        """Our token."""
        ...

    @property
    def until(self) -> datetime:
        """When the lease ends (technical time)."""
        ...

    @property
    def lanes(self) -> Lanes:
        """Each in its order."""
        ...


class Queue(Protocol):
    """Where pending deliveries are taken from."""

    async def claim(self, limit: int) -> Claimed | None:
        """Claim what is due."""
        ...

    async def release(self, delivery_ids: Sequence[str], claim: str, due_at: datetime) -> None:
        """Give back what was not attempted."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How much at once."""

    conversations: int = 8
    batch: int = 80
    sweep_seconds: float = 1.0
    linger_seconds: float = 0.2
    """So long between two claims when the first did not fill the hand: a few mails together cost far less than one by one."""
    attempt_seconds_max: float = 25.0
    """No attempt begins unless the lease outlasts it."""


class Looking:
    """What is known for the deliveries of one claim: one look serves all lines, until it is old or an outcome changed it."""

    def __init__(self, directory: Directory, deliveries: Sequence[Delivery]) -> None:
        """Nothing is looked up yet."""
        self._directory, self._deliveries = directory, deliveries
        self._sight: Sight | None = None
        self._good_until = 0.0
        self._one_at_a_time = asyncio.Lock()

    async def sight(self) -> Sight:
        """Return what is known."""
        async with self._one_at_a_time:
            now = asyncio.get_running_loop().time()
            if self._sight is None or now >= self._good_until:
                self._sight = await self._directory.look(self._deliveries)
                self._good_until = now + LOOK_SECONDS
        return self._sight

    def learn(self, outcome: Outcome) -> None:
        """Look again when an address was suspended or an announcement dropped: what follows depends on it."""
        if outcome.suspends_address or outcome.code == OVERTAKEN:
            self._sight = None


class Dispatcher:
    """The endless job. Everything it needs is handed over by `main.py`."""

    def __init__(
        self,
        *,
        queue: Queue,
        directory: Directory,
        counter: PostCounter,
        mailer: Callable[[], Mailer],
        settlement: Settlement,
        bell: Doorbell,
        pace: Pace,
        registry: CollectorRegistry,
        step: Step = no_step,
    ) -> None:
        """`bell` rings after every commit that queued something; the sweep finds what other processes queued."""
        self._step = step
        self._queue, self._directory, self._counter, self._settlement = queue, directory, counter, settlement
        self._mailers = [mailer() for _ in range(pace.conversations)]
        self._bell, self._pace = bell, pace
        self._patience = Patience(counter.randomness)
        self._log = get_log()
        self._tasks = Tasks(lambda _name, _fault: None)
        self._stopping = False
        self._outcomes = Counter("tandem_deliveries", "Attempts by outcome.", ["kind", "outcome", "code"], registry=registry)

    async def run(self) -> None:
        """Dispatch until cancelled; then end the mails in hand, so that a graceful stop sends nothing twice."""
        self._stopping = False
        rounds = self._tasks.spawn("deliveries.rounds", self._rounds())
        try:
            await asyncio.shield(rounds)
        except asyncio.CancelledError:
            self._stopping = True
            self._bell.ring()
            await asyncio.wait([rounds], timeout=STOP_SECONDS)
            await self._tasks.stop(0.0)
            raise

    async def _rounds(self) -> None:
        try:
            busy_at, database = asyncio.get_running_loop().time(), Patience(self._counter.randomness)
            while not self._stopping:
                try:
                    busy = await self.round()
                    database.succeeded()
                except (DatabaseFault, OutcomeUnknown, StaleVersion):
                    await self._bell.wait(database.next_wait())  # it is away: what we hold comes again when the lease has ended
                    continue
                if busy:
                    busy_at = asyncio.get_running_loop().time()
                    continue
                if asyncio.get_running_loop().time() - busy_at > HANG_UP_AFTER_SECONDS:
                    await self._hang_up()
                await self._bell.wait(self._pace.sweep_seconds)
        finally:
            await self._hang_up()

    async def round(self) -> bool:
        """Work off one claim; say whether there was something to do."""
        claimed = await self._queue.claim(self._pace.batch)
        if claimed is None:
            return False
        count = await self._work_off(claimed)
        if count < self._pace.batch and not self._stopping:
            await asyncio.sleep(self._pace.linger_seconds)
        return True

    async def _work_off(self, claimed: Claimed) -> int:
        deliveries = [delivery for lane in claimed.lanes for delivery in lane]
        people, looking = _by_member(claimed.lanes), Looking(self._directory, deliveries)
        lines = [
            self._tasks.spawn("deliveries.line", self._line(mailer, people, looking, claimed))
            for mailer, _ in zip(self._mailers, claimed.lanes, strict=False)
        ]
        ends = await asyncio.gather(*lines, return_exceptions=True)  # all of them: no line may outlive its round
        for fault in ends:
            if isinstance(fault, BaseException):
                raise fault
        if all(mailer.available for mailer in self._mailers):
            self._patience.succeeded()
        else:
            await self._wait_for_the_server()
        return len(deliveries)

    async def _wait_for_the_server(self) -> None:
        """Wait, growing and jittered: the mail server is away. One attempt a line paid for it, the others are as new."""
        seconds = self._patience.next_wait()
        self._log.warning(log_events.MAIL_SERVER_AWAY, seconds=round(seconds, 1))
        deadline = asyncio.get_running_loop().time() + seconds
        while not self._stopping and (left := deadline - asyncio.get_running_loop().time()) > 0:
            await self._bell.wait(left)
        await self._hang_up()

    async def _hang_up(self) -> None:
        for mailer in self._mailers:
            await mailer.close()

    async def _line(self, mailer: Mailer, people: Iterator[Lanes], looking: Looking, claimed: Claimed) -> None:
        """One member after the other: nobody gets two mails at once, and what one of them teaches helps the next."""
        for lanes in people:
            for lane in lanes:
                await self._lane(lane, looking, mailer, claimed)

    async def _lane(self, lane: Sequence[Delivery], looking: Looking, mailer: Mailer, claimed: Claimed) -> None:
        """In order; what follows a deferred one waits for it."""
        margin = timedelta(seconds=self._pace.attempt_seconds_max)
        for place, delivery in enumerate(lane):
            if self._stopping or not mailer.available or self._counter.wall.now() + margin > claimed.until:
                await self._queue.release([each.id for each in lane[place:]], claimed.claim, self._counter.wall.now())
                return
            with self._step("delivery.attempt", delivery.cause) as failed:
                outcome = await self._attempt(delivery, await looking.sight(), mailer)
                if outcome.state in {State.PENDING, State.FAILED}:
                    failed(outcome.code or "unknown")
            await self._settlement.settle(delivery, claimed.claim, outcome)
            self._tell(delivery, outcome)
            looking.learn(outcome)
            if outcome.next_at is not None:
                await self._queue.release([each.id for each in lane[place + 1 :]], claimed.claim, outcome.next_at)
                return

    async def _attempt(self, delivery: Delivery, sight: Sight, mailer: Mailer) -> Outcome:
        try:
            return await send_delivery(delivery, self._counter, sight, mailer)
        except Exception as fault:  # noqa: BLE001  # a message that cannot be composed must not hold up the others
            with correlated(delivery.correlation_id):
                self._log.error(log_events.DELIVERY_BROKEN, delivery_id=delivery.id, kind=delivery.kind.value, exc_info=fault)
            if delivery.attempts + 1 >= COMPOSE_TRIES_MAX:
                return Outcome(state=State.FAILED, code="not-composed")
            return self._counter.again(delivery, "not-composed")

    def _tell(self, delivery: Delivery, outcome: Outcome) -> None:
        """N17: one line an attempt, with the correlation of the request that began it all."""
        self._outcomes.labels(delivery.kind.value, outcome.state.value, outcome.code or "").inc()
        age = self._counter.wall.now() - delivery.queued_at
        with correlated(delivery.correlation_id):
            self._log.info(
                ACTIONS[outcome.state],
                delivery_id=delivery.id,
                member_id=delivery.member_id,
                kind=delivery.kind.value,
                cause_id=delivery.cause_id,
                attempt=delivery.attempts + 1,
                code=outcome.code,
                ms=age.total_seconds() * 1000,
            )


def _by_member(lanes: Lanes) -> Iterator[Lanes]:
    """Return each member's lanes, in the order given."""
    members: dict[str, list[Sequence[Delivery]]] = {}
    for lane in lanes:
        members.setdefault(lane[0].member_id, []).append(lane)
    return iter(members.values())
