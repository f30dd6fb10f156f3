"""Take an uploaded people file in; it is imported in the background."""

from dataclasses import dataclass

from services.profile.application.ports import UnitOfWork
from services.profile.domain.people_import import PeopleImport


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveImport:
    """Import the file whose bytes are stored under `import_id`."""

    import_id: str
    filename: str
    sha256: str
    size: int
    pieces: int
    encoding: str | None
    dry_run: bool
    all_or_nothing: bool
    requested_by: str
    correlation_id: str


async def receive_import(command: ReceiveImport, uow: UnitOfWork) -> str:
    """Note the import; return its id. Ids of new members come from its seed, so that a repeat after a crash gives the same."""
    await uow.imports.add(
        PeopleImport(
            id=command.import_id,
            filename=command.filename,
            sha256=command.sha256,
            size=command.size,
            pieces=command.pieces,
            encoding=command.encoding,
            dry_run=command.dry_run,
            all_or_nothing=command.all_or_nothing,
            requested_by=command.requested_by,
            correlation_id=command.correlation_id,
            seed=uow.new_id(),
            received_at=uow.clock.now(),
        )
    )
    return command.import_id
