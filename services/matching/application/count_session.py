"""A session was held or missed: how the pairing goes, in counts (N19)."""

from dataclasses import dataclass
from datetime import datetime

from services.matching.application.ports import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSession:
    """`held` is false for a missed one; `at` is when scheduling said so."""

    pairing_id: str
    held: bool
    at: datetime


async def count_session(command: CountSession, uow: UnitOfWork) -> None:
    """Add it to the pairing's health; never a reason to close anything by itself."""
    await uow.health.count(command.pairing_id, held=int(command.held), missed=int(not command.held), at=command.at)
