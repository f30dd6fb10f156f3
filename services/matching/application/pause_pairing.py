"""A pairing rests until a date and resumes early or by itself."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.application.access import own_pairing
from services.matching.application.ending import pause_timer
from services.matching.application.ports import UnitOfWork
from services.matching.domain.pairing import Pairing
from shared.kernel.clock import to_milliseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class PausePairing:
    """`member_id` lets the pairing rest until an instant."""

    pairing_id: str
    member_id: str
    until: datetime


async def pause_pairing(command: PausePairing, uow: UnitOfWork) -> Pairing:
    """Rest; a durable timer ends it."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    until = to_milliseconds(command.until)
    pairing.pause(command.member_id, until, uow.clock.now())
    await uow.timers.set(pause_timer(pairing.id), until, "pairing-pause-end", {"pairing_id": pairing.id})
    await uow.pairings.save(pairing)
    return pairing


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumePairing:
    """`member_id` ends the rest early."""

    pairing_id: str
    member_id: str


async def resume_pairing(command: ResumePairing, uow: UnitOfWork) -> Pairing:
    """End the rest before its date."""
    pairing = await own_pairing(command.pairing_id, command.member_id, uow)
    pairing.resume(command.member_id)
    await uow.timers.cancel(pause_timer(pairing.id))
    await uow.pairings.save(pairing)
    return pairing


async def end_pause(pairing_id: str, at: datetime, uow: UnitOfWork) -> None:
    """End a rest whose date has come; a late or repeated timer changes nothing."""
    pairing = await uow.pairings.find(pairing_id)
    if pairing is not None and pairing.end_pause(at):
        await uow.pairings.save(pairing)
