"""Write one batch of a people file: members, their facts and records, the report and the checkpoint commit together."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.profile.application.claim_import import LEASE
from services.profile.application.ports import UnitOfWork
from services.profile.domain.census import CheckedRow, has_left
from services.profile.domain.member import Member
from services.profile.domain.people_file.problems import Problem, Severity
from services.profile.domain.people_file.rows import name_from
from services.profile.domain.people_import import Outcome, RowReport
from services.profile.domain.refusals import ImportTakenOver
from services.profile.domain.values import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRows:
    """Apply the rows of batch number `batch` of an import. `manager_ids` are those of the rows, in their order."""

    import_id: str
    owner: str
    batch: int
    rows: Sequence[CheckedRow]
    manager_ids: Sequence[str | None]


@dataclass(slots=True)
class _Batch:
    """What one batch does."""

    added: list[Member]
    saved: list[Member]
    moved: list[str]
    reports: list[RowReport]


async def apply_rows(command: ApplyRows, uow: UnitOfWork) -> None:
    """Create or update the people of a batch, once: the checkpoint refuses a batch that is done (ImportTakenOver).

    A dry run only tells what would become of each row. Nobody is deleted by absence from a file.
    """
    people_import = await uow.imports.get(command.import_id)
    people_import.held_by(command.owner)
    if people_import.batches_done != command.batch:
        raise ImportTakenOver
    old = [row.member_id for row in command.rows if row.member_id and not row.is_new]
    stored = {member.id: member for member in await uow.members.find_many(old)}
    batch = _Batch([], [], [], [])
    for row, manager_id in zip(command.rows, command.manager_ids, strict=True):
        batch.reports.append(_apply(row, manager_id, stored.get(row.member_id or ""), batch, uow))
    if people_import.writes:
        await uow.members.add_many(batch.added)
        await uow.members.save_many(batch.saved)
        await uow.imports.report(command.import_id, command.batch, batch.reports, moved=batch.moved)
    else:
        batch.reports = [_forecast(report, withheld=people_import.is_withheld) for report in batch.reports]
        await uow.imports.report(command.import_id, command.batch, batch.reports, moved=())
    people_import.batch_done(batch.reports)
    people_import.renew(until=uow.wall.now() + LEASE)
    await uow.imports.save(people_import)


def _apply(checked: CheckedRow, manager_id: str | None, stored: Member | None, batch: _Batch, uow: UnitOfWork) -> RowReport:
    row = checked.row
    if checked.member_id is None:
        return _report(checked, None, Outcome.REFUSED)
    if stored is not None and stored.status is not Status.ACTIVE:
        return _report(checked, stored.id, Outcome.REFUSED, has_left(row.line))
    values = dict(row.values) | {"email": row.email, "manager_chain": checked.chain}
    if "manager_id" in values:
        values["manager_id"] = manager_id
    if stored is None:
        values["display_name"] = values.get("display_name") or name_from(row.email)
        batch.added.append(Member.join(checked.member_id, row.company_key, values, now=uow.clock.now()))
        return _report(checked, checked.member_id, Outcome.CREATED)
    return _update(checked, stored, values, batch)


def _update(checked: CheckedRow, stored: Member, values: dict[str, object], batch: _Batch) -> RowReport:
    manager_before = stored.manager_id
    changed, kept = stored.update_from_file(values)
    if changed:
        batch.saved.append(stored)
    if stored.manager_id != manager_before:
        batch.moved.append(stored.id)
    own = [_kept(checked.row.line, column) for column in kept]
    return _report(checked, stored.id, Outcome.UPDATED if changed else Outcome.UNCHANGED, *own)


def _report(checked: CheckedRow, member_id: str | None, outcome: Outcome, *more: Problem) -> RowReport:
    problems = (*checked.problems, *more)
    return RowReport(
        line=checked.row.line, company_key=checked.row.company_key or None, member_id=member_id, outcome=outcome, problems=problems
    )


def _forecast(report: RowReport, *, withheld: bool) -> RowReport:
    """Return what is told when nothing is written: no id that nobody got, and no outcome that did not come."""
    member_id = None if report.outcome is Outcome.CREATED else report.member_id
    taken = report.outcome in {Outcome.CREATED, Outcome.UPDATED}
    return replace(report, member_id=member_id, outcome=Outcome.WITHHELD if withheld and taken else report.outcome)


def _kept(line: int, column: str) -> Problem:
    return Problem(
        code="kept-members-own",
        problem=f"the member edited {column} themselves, so the file's value was not taken",
        remedy="nothing to do",
        line=line,
        column=column,
        severity=Severity.INFO,
    )
