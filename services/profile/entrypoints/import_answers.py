"""What HR gets to see of imports."""

from pydantic import BaseModel

from services.profile.domain.people_import import PeopleImport
from shared.contracts.base import Instant


class ProblemOut(BaseModel):
    """One finding about a people file."""

    line: int
    column: str
    code: str
    problem: str
    remedy: str
    severity: str


class RowOut(BaseModel):
    """What became of one row."""

    line: int
    company_key: str | None
    member_id: str | None
    outcome: str
    problems: list[ProblemOut]


class CountsOut(BaseModel):
    """Rows by outcome."""

    rows: int
    created: int
    updated: int
    unchanged: int
    refused: int
    withheld: int
    warnings: int


class ProgressOut(BaseModel):
    """How far the import has come; `rows_total` is known once the file was read through."""

    rows_total: int | None
    rows_read: int
    rows_done: int


class ImportReceived(BaseModel):
    """An upload was taken in."""

    import_id: str


class ImportOut(BaseModel):
    """Where an import stands."""

    import_id: str
    state: str
    stage: str
    filename: str
    dry_run: bool
    all_or_nothing: bool
    progress: ProgressOut
    counts: CountsOut
    problems: list[ProblemOut]
    unknown_columns: list[str]
    received_at: Instant
    finished_at: Instant | None


def import_out(found: PeopleImport) -> ImportOut:
    """Return where an import stands."""
    return ImportOut(
        import_id=found.id,
        state=found.state.value,
        stage=found.stage.value,
        filename=found.filename,
        dry_run=found.dry_run,
        all_or_nothing=found.all_or_nothing,
        progress=ProgressOut(rows_total=found.rows_total, rows_read=found.rows_read, rows_done=found.counts.rows),
        counts=CountsOut.model_validate(found.counts, from_attributes=True),
        problems=[ProblemOut.model_validate(problem, from_attributes=True) for problem in found.problems],
        unknown_columns=list(found.unknown_columns),
        received_at=found.received_at,
        finished_at=found.finished_at,
    )
