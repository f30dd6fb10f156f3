"""The first reading of a people file: everybody in it is known before the first of them is written."""

from collections.abc import Sequence

from services.profile.application.ports import UnitOfWork
from services.profile.domain.census import Census, Known, fold_address
from services.profile.domain.people_file.rows import PersonRow

ASKED_AT_ONCE = 500


async def find_known(rows: Sequence[PersonRow], uow: UnitOfWork) -> list[Known]:
    """Return what is stored of the people of some rows, and of those who hold an address that would be new to its person."""
    known = await uow.members.known_by_key([row.company_key for row in rows])
    theirs = {each.company_key: each.email for each in known}
    new = [address for row in rows if (address := fold_address(row.email)) != theirs.get(row.company_key)]
    return known + await uow.members.known_by_address(new)


async def settle_managers(census: Census, uow: UnitOfWork) -> None:
    """Look up managers who are not in the file, then settle who reports to whom (R5)."""
    missing = census.missing_managers()
    for begin in range(0, len(missing), ASKED_AT_ONCE):
        census.find_outside(await uow.members.known_by_key(missing[begin : begin + ASKED_AT_ONCE]))
    census.settle()
