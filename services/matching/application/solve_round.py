"""A frozen round is solved outside the process; what comes back is kept piece by piece (N4, N7)."""

from services.matching.application.ports import SolveOrder, UnitOfWork
from services.matching.domain.round import Round, RoundState, Solution
from services.matching.domain.snapshot import Leaf


async def order_for(round_id: str, uow: UnitOfWork) -> SolveOrder | None:
    """Return what the optimiser gets, or None when there is nothing to solve."""
    frozen = await uow.rounds.get(round_id)
    if frozen.state is not RoundState.FROZEN or frozen.frozen_at is None:
        return None
    return SolveOrder(round_id=frozen.id, rules=frozen.rules, seed=frozen.seed, frozen_at=frozen.frozen_at)


async def keep_leaf(round_id: str, leaf: Leaf, uow: UnitOfWork) -> None:
    """Keep one piece; an attempt that died and is repeated writes the same pieces again."""
    frozen = await uow.rounds.get(round_id)
    if frozen.state is RoundState.FROZEN:
        await uow.snapshots.put_leaf(round_id, leaf)


async def finish_solving(round_id: str, solution: Solution, uow: UnitOfWork) -> Round:
    """Make the outcome count; a round that was cancelled or solved meanwhile stays as it is."""
    frozen = await uow.rounds.get(round_id)
    if frozen.state is RoundState.FROZEN:
        frozen.solve(solution)
        await uow.rounds.save(frozen)
    return frozen
