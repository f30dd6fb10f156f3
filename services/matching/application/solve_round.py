"""A frozen round is solved outside the process; what comes back is kept piece by piece (N4, N7)."""

from services.matching.application.cancel_round import CancelRound, cancel_round
from services.matching.application.ports import UnitOfWork
from services.matching.application.solver import Piece, SolveOrder
from services.matching.domain.draft import Solution
from services.matching.domain.round import Round, RoundState
from services.matching.domain.snapshot import Leaf


async def order_for(round_id: str, uow: UnitOfWork) -> SolveOrder | None:
    """Return what the optimiser gets, or None when there is nothing to solve."""
    frozen = await uow.rounds.get(round_id)
    if frozen.state is not RoundState.FROZEN or frozen.frozen_at is None:
        return None
    programme = await uow.programmes.get(frozen.programme_id)
    return SolveOrder(
        round_id=frozen.id,
        draft=frozen.due,
        frozen_at=frozen.frozen_at,
        minimum_group_size=programme.terms.minimum_group_size,
        skills=await uow.skills.frozen(frozen.id),
    )


async def keep_piece(order: SolveOrder, piece: Piece, uow: UnitOfWork) -> None:
    """Keep one piece; an attempt that died and is repeated writes the same pieces again."""
    frozen = await uow.rounds.get(order.round_id)
    if frozen.pending is not None and frozen.pending.number == order.draft.number:
        if isinstance(piece, Leaf):
            await uow.snapshots.put_leaf(order.round_id, order.draft.number, piece)
        else:
            await uow.snapshots.put_report(order.round_id, order.draft.number, piece)


async def finish_solving(order: SolveOrder, solution: Solution, uow: UnitOfWork) -> Round:
    """Make the outcome count; a round that was cancelled or solved meanwhile stays as it is."""
    frozen = await uow.rounds.get(order.round_id)
    if frozen.state is RoundState.FROZEN and frozen.due == order.draft:
        frozen.solve(solution)
        await uow.rounds.save(frozen)
    return frozen


async def give_up_solving(round_id: str, uow: UnitOfWork) -> None:
    """End the tries of an optimiser that cannot answer: the draft before stays; without one the round is cancelled."""
    frozen = await uow.rounds.get(round_id)
    if frozen.state is RoundState.FROZEN and frozen.drafts:
        frozen.give_up_draft("engine-failed")
        await uow.rounds.save(frozen)
    elif frozen.state is RoundState.FROZEN:
        await cancel_round(CancelRound(round_id=round_id, reason="engine-failed"), uow)
