"""The round runner: carries rounds on, whatever died before (N4, N7). And what durable timers start."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from services.matching.application import (
    expire_pairing,
    freeze_round,
    look_at_draft,
    pause_pairing,
    publish_round,
    review_pairing,
    solve_round,
)
from services.matching.application.ports import UnitOfWork
from services.matching.application.queries import RoundProgress
from services.matching.application.solver import EngineFailed, Piece, Progress, RoundSolver, SolveOrder
from services.matching.domain.draft import Draft, Solution
from services.matching.domain.round import Round, RoundState
from services.matching.domain.snapshot import FrozenMember, Leaf
from shared.kernel.cause import Cause
from shared.kernel.errors import OutcomeUnknown
from shared.kernel.randomness import Randomness
from shared.kernel.tasks import Tasks
from shared.observability import log_events
from shared.observability.logging import correlated, get_log
from shared.persistence.doorbell import Doorbell
from shared.persistence.errors import DatabaseFault
from shared.persistence.leases import Lease
from shared.persistence.patience import Patience
from shared.timers.timers import Due

Transact = Callable[[str, Cause, Callable[[UnitOfWork], Awaitable[Any]]], Awaitable[Any]]
"""Runs a use case in a transaction of its own: label, cause, work."""
SWEEP_SECONDS = 5.0
LOOK_SECONDS = 1.0
ATTEMPTS_MAX = 3
PIECES_PER_NOTE = 5


class RoundReader(Protocol):
    """What the runner reads outside transactions."""

    async def working_rounds(self) -> list[Round]:
        """Return the rounds that have something to do."""
        ...

    async def round(self, round_id: str) -> Round | None:
        """Return a round."""
        ...

    def snapshot(self, round_id: str) -> AsyncIterator[Sequence[FrozenMember]]:
        """Yield a round's frozen members."""
        ...

    def leaves(self, round_id: str, draft: Draft) -> AsyncIterator[Leaf]:
        """Yield the pieces of a draft."""
        ...

    async def note_progress(self, round_id: str, progress: RoundProgress) -> None:
        """Show how far it is."""
        ...


@dataclass(frozen=True, kw_only=True)
class Runner:
    """Takes each working round one step further until there is none; a lease says which replica does it.

    Every step is a transaction that looks at the round's state first, so two runners at once or a runner killed at any
    point lose nothing and do nothing twice: the lease only saves work.
    """

    transact: Transact
    reader: RoundReader
    engine: RoundSolver
    bell: Doorbell
    lease: Lease
    tasks: Tasks
    randomness: Randomness

    async def run(self) -> None:
        """Run until cancelled; survives a database that is away."""
        keeping = self.tasks.spawn("rounds.lease", self.lease.keep())
        patience = Patience(self.randomness)
        try:
            while True:
                pause = SWEEP_SECONDS
                try:
                    if await self.lease.wait_held(SWEEP_SECONDS):
                        await self.carry_on()
                    patience.succeeded()
                except (DatabaseFault, OutcomeUnknown):
                    pause = patience.next_wait()
                await self.bell.wait(pause)
        finally:
            keeping.cancel()
            await self.lease.give_up()

    async def carry_on(self) -> None:
        """Carry every working round as far as it goes; one that meets a bug is told and tried again later, the others go on."""
        for current in await self.reader.working_rounds():
            with correlated(current.correlation_id):
                try:
                    await self._carry_on(current)
                except (DatabaseFault, OutcomeUnknown):
                    raise
                except Exception as fault:  # noqa: BLE001 - whatever one round meets, the others go on
                    get_log().error(log_events.ROUND_STUCK, round=current.id, state=current.state.value, exc_info=fault)

    async def _carry_on(self, current: Round) -> None:
        cause = Cause(correlation_id=current.correlation_id)
        state: RoundState | None = current.state
        if state is RoundState.OPENED:
            await self._freeze(current.id, cause)
        while state in {RoundState.OPENED, RoundState.FROZEN}:
            await self._look(current.id, cause)
            state = await self._solve(current.id, cause)
        if state is RoundState.PUBLISHING:
            await self._publish(current.id, cause)

    async def _freeze(self, round_id: str, cause: Cause) -> None:
        size = 0
        slices = await self.transact("round.begin-freezing", cause, partial(freeze_round.begin_freezing, round_id))
        for done, part in enumerate(slices):
            await self.reader.note_progress(round_id, RoundProgress(stage="freezing", done=done, of=len(slices)))
            size += await self.transact("round.slice", cause, partial(freeze_round.freeze_slice, part))
        if slices:
            await self.transact("round.frozen", cause, partial(freeze_round.finish_freezing, round_id, size))
            get_log().info(log_events.ROUND_FROZEN, round=round_id, members=size)

    async def _look(self, round_id: str, cause: Cause) -> None:
        """N7: before a repair, look piece by piece at what happened since the freeze."""
        base = await self.transact("round.repair", cause, partial(look_at_draft.repair_due, round_id))
        if base is None:
            return
        found, pieces = look_at_draft.Touched(), base.solution.leaves
        for number in range(pieces):
            await self.reader.note_progress(round_id, RoundProgress(stage="looking", done=number, of=pieces))
            found.look(await self.transact("round.look", cause, partial(look_at_draft.see_leaf, round_id, base.number, number)))
        await self.transact("round.looked", cause, partial(look_at_draft.finish_looking, round_id, found))

    async def _solve(self, round_id: str, cause: Cause) -> RoundState | None:
        """Solve the draft that is due; return where the round stands then, None when it is not ours to carry on."""
        for attempt in range(1, ATTEMPTS_MAX + 1):
            order = await self.transact("round.order", cause, partial(solve_round.order_for, round_id))
            if order is None:
                break
            await self.reader.note_progress(round_id, RoundProgress(stage="starting", done=0, of=1))
            outcome = await self._attempt(order, cause)
            if outcome is None:
                return None
            if isinstance(outcome, Solution):
                solved: Round = await self.transact("round.solved", cause, partial(solve_round.finish_solving, order, outcome))
                await self.reader.note_progress(round_id, RoundProgress(stage="solved", done=1, of=1))
                get_log().info(log_events.ROUND_SOLVED, round=round_id, pairs=outcome.pairs, unmatched=outcome.unmatched)
                return solved.state
            get_log().error(log_events.ROUND_ENGINE_FAILED, round=round_id, code=outcome.code, attempt=attempt)
        else:
            await self.transact("round.given-up", cause, partial(solve_round.give_up_solving, round_id))
        current = await self.reader.round(round_id)
        return None if current is None else current.state

    async def _attempt(self, order: SolveOrder, cause: Cause) -> Solution | EngineFailed | None:
        """Solve beside the event loop; look each second whether the round was cancelled or the lease went elsewhere."""
        newest: list[RoundProgress] = []

        def note(stage: str, share: float) -> None:
            newest[:] = [RoundProgress(stage=stage, done=round(100 * share), of=100)]

        solving = self.tasks.spawn("round.solve", self._answer(order, cause, note))
        try:
            while not solving.done():
                await asyncio.wait({solving}, timeout=LOOK_SECONDS)
                if newest:
                    await self.reader.note_progress(order.round_id, newest[-1])
                    newest.clear()
                if not solving.done() and not await self._is_still_mine(order):
                    return None
            found = solving.result()
        finally:
            solving.cancel()
            await asyncio.wait({solving})
        if isinstance(found, DatabaseFault | OutcomeUnknown):
            raise found
        answered: Solution | EngineFailed = found
        return answered

    async def _answer(self, order: SolveOrder, cause: Cause, note: Progress) -> Solution | EngineFailed | DatabaseFault | OutcomeUnknown:
        async def keep(piece: Piece) -> None:
            await self.transact("round.leaf", cause, partial(solve_round.keep_piece, order, piece))

        try:
            current = await self.reader.round(order.round_id)
            base = None if current is None or order.draft.base is None else current.drafts[order.draft.base - 1]
            return await self.engine.solve(
                order,
                self.reader.snapshot(order.round_id),
                base=None if base is None else self.reader.leaves(order.round_id, base),
                keep=keep,
                progress=note,
            )
        except (EngineFailed, DatabaseFault, OutcomeUnknown) as fault:
            return fault

    async def _is_still_mine(self, order: SolveOrder) -> bool:
        current = await self.reader.round(order.round_id)
        return self.lease.held and current is not None and current.state is RoundState.FROZEN and current.pending == order.draft

    async def _publish(self, round_id: str, cause: Cause) -> None:
        more, pieces = True, 0
        while more:
            await self._note_publishing(round_id, pieces)
            more = await self.transact("round.publish", cause, partial(publish_round.publish_leaf, round_id))
            pieces += 1
        get_log().info(log_events.ROUND_PUBLISHED, round=round_id, transactions=pieces)

    async def _note_publishing(self, round_id: str, pieces: int) -> None:
        if pieces % PIECES_PER_NOTE == 0:
            current = await self.reader.round(round_id)
            if current is not None and current.solution is not None:
                done = RoundProgress(stage="publishing", done=current.leaves_published, of=current.solution.leaves)
                await self.reader.note_progress(round_id, done)


def timer_handlers() -> Mapping[str, Callable[[Due, Any], Awaitable[None]]]:
    """Return what becomes of each kind of timer; all of them may come late or twice."""

    async def on_expiry(due: Due, uow: UnitOfWork) -> None:
        await expire_pairing.expire_pairing(due.data["pairing_id"], due.reached(uow.clock), uow)

    async def on_pause_end(due: Due, uow: UnitOfWork) -> None:
        await pause_pairing.end_pause(due.data["pairing_id"], due.reached(uow.clock), uow)

    async def on_review_end(due: Due, uow: UnitOfWork) -> None:
        await review_pairing.end_review(due.data["pairing_id"], due.reached(uow.clock), uow)

    return {"pairing-expiry": on_expiry, "pairing-pause-end": on_pause_end, "pairing-review-end": on_review_end}
