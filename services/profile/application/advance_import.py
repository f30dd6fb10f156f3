"""The steps of an import between its batches: begin to write, follow the moved, end."""

from dataclasses import dataclass

from services.profile.application.ports import UnitOfWork
from services.profile.domain.people_file.problems import Problem
from services.profile.domain.people_import import PeopleImport, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginWriting:
    """The whole file was read: so many rows, so many of them refused."""

    import_id: str
    owner: str
    rows: int
    refused: int
    unknown_columns: tuple[str, ...]
    problems: tuple[Problem, ...]


async def begin_writing(command: BeginWriting, uow: UnitOfWork) -> PeopleImport:
    """Go on to the rows. All-or-nothing with a refused row: the rows are reported, none is written."""
    people_import = await uow.imports.get(command.import_id)
    people_import.held_by(command.owner)
    problems = command.problems
    if command.rows == 0:
        problems = (*problems, _no_rows())
    if people_import.all_or_nothing and command.refused:
        problems = (*problems, _not_all(command.refused, command.rows))
    people_import.begin_writing(command.rows, command.unknown_columns, problems)
    await uow.imports.save(people_import)
    return people_import


async def begin_linking(import_id: str, owner: str, uow: UnitOfWork) -> list[str]:
    """All rows are written. Return whose manager changed: lines of managers below them follow (R5)."""
    people_import = await uow.imports.get(import_id)
    people_import.held_by(owner)
    if people_import.stage is not Stage.LINKING:
        people_import.begin_linking()
        await uow.imports.save(people_import)
    return await uow.imports.moved(import_id)


async def finish_import(import_id: str, owner: str, uow: UnitOfWork) -> PeopleImport:
    """End the import and forget the uploaded bytes."""
    people_import = await uow.imports.get(import_id)
    people_import.held_by(owner)
    people_import.finish(now=uow.clock.now())
    await uow.imports.drop_file(import_id)
    await uow.imports.save(people_import)
    return people_import


async def refuse_import(import_id: str, owner: str, problem: Problem, uow: UnitOfWork) -> PeopleImport:
    """Say why the file as a whole cannot be taken, and forget its bytes."""
    people_import = await uow.imports.get(import_id)
    people_import.held_by(owner)
    people_import.refuse(problem, now=uow.clock.now())
    await uow.imports.drop_file(import_id)
    await uow.imports.save(people_import)
    return people_import


def _no_rows() -> Problem:
    return Problem(code="no-rows", problem="the file has a header and no rows", remedy="add one row per person", line=1)


def _not_all(refused: int, rows: int) -> Problem:
    return Problem(
        code="all-or-nothing",
        problem=f"{refused} of {rows} rows are refused, so none was written",
        remedy="mend the refused rows, or import without all-or-nothing to take the good ones",
    )
