"""Find the import that is next; one at a time, so that two files never write over each other."""

from dataclasses import dataclass
from datetime import timedelta

from services.profile.application.ports import UnitOfWork
from services.profile.domain.people_import import PeopleImport

LEASE = timedelta(seconds=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimImport:
    """Let the process called `owner` do the oldest open import."""

    owner: str


async def claim_import(command: ClaimImport, uow: UnitOfWork) -> PeopleImport | None:
    """Return the import to do; None when there is none, or another process is at it (its lease has not run out)."""
    waiting = await uow.imports.open_ones()
    now = uow.wall.now()
    if not waiting or not waiting[0].claim(command.owner, now=now, until=now + LEASE):
        return None
    await uow.imports.save(waiting[0])
    return waiting[0]


async def check_claim(command: ClaimImport, import_id: str, uow: UnitOfWork) -> None:
    """Do nothing while the import is this process's; ImportTakenOver when another one went on with it, or ended it."""
    (await uow.imports.get(import_id)).held_by(command.owner)


async def keep_import(command: ClaimImport, import_id: str, rows_read: int, uow: UnitOfWork) -> None:
    """Stay the one who does it, and show progress, while the file is read for the first time."""
    people_import = await uow.imports.get(import_id)
    people_import.held_by(command.owner)
    people_import.read_so_far(rows_read)
    people_import.renew(until=uow.wall.now() + LEASE)
    await uow.imports.save(people_import)
