"""Two people are never to be paired (R5, C). Who asked for it is never revealed to the other."""

from dataclasses import dataclass

from services.matching.application.ending import save_ended
from services.matching.application.ports import UnitOfWork
from services.matching.domain.life import CloseReason, State
from services.matching.domain.place import Tie, tie_id
from services.matching.domain.refusals import SameMemberTwice

ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class BarPair:
    """`by` is the member who wishes it, or `ADMIN`."""

    one: str
    other: str
    by: str


async def bar_pair(command: BarPair, uow: UnitOfWork) -> None:
    """Note the wish; an open proposal between the two ends, as does their pairing when an admin says so."""
    if command.one == command.other:
        raise SameMemberTwice
    found = await uow.ties.find(tie_id(command.one, command.other))
    tie = found or Tie.between(command.one, command.other)
    tie.bar(command.by)
    await (uow.ties.save(tie) if found else uow.ties.add(tie))
    for pairing in await uow.pairings.find_many(tie.live):
        if pairing.state is State.PROPOSED or command.by == ADMIN:
            pairing.close_for(CloseReason.OTHER, uow.clock.now())
            await save_ended(pairing, uow)


async def unbar_pair(command: BarPair, uow: UnitOfWork) -> None:
    """Take one's own wish back; that of others stays."""
    tie = await uow.ties.find(tie_id(command.one, command.other))
    if tie is not None and command.by in tie.barred_by:
        tie.unbar(command.by)
        await uow.ties.save(tie)
