"""An admin retires a programme: no new rounds and pairings, what exists goes on."""

from services.matching.application.ports import UnitOfWork
from services.matching.domain.programme import Programme


async def retire_programme(programme_id: str, uow: UnitOfWork) -> Programme:
    """Retire it; saying so twice changes nothing."""
    programme = await uow.programmes.get(programme_id)
    programme.retire()
    await uow.programmes.save(programme)
    return programme
