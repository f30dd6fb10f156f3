"""One import of a people file: where it stands, so that it goes on after a crash and nobody does it twice."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from services.profile.domain.people_file.problems import Problem, Severity
from services.profile.domain.refusals import ImportTakenOver
from shared.kernel.aggregate import Aggregate

PROBLEMS_KEPT_MAX = 100


class ImportState(StrEnum):
    """How far an import has come."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"


class Stage(StrEnum):
    """What a running import does."""

    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    LINKING = "linking"
    FINISHED = "finished"


class Outcome(StrEnum):
    """What became of one row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    WITHHELD = "withheld"
    """A good row, not taken because another row was refused and the file was sent all-or-nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowReport:
    """What is told about one row."""

    line: int
    company_key: str | None
    member_id: str | None
    outcome: Outcome
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Rows by outcome; `warnings` counts rows that were taken though something in them could not be used."""

    rows: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    withheld: int = 0
    warnings: int = 0

    def plus(self, reports: list[RowReport]) -> "Counts":
        """Return the counts with some more rows."""
        total = {outcome: sum(report.outcome is outcome for report in reports) for outcome in Outcome}
        warned = sum(
            report.outcome not in {Outcome.REFUSED, Outcome.WITHHELD}
            and any(problem.severity is Severity.WARNING for problem in report.problems)
            for report in reports
        )
        return Counts(
            rows=self.rows + len(reports),
            created=self.created + total[Outcome.CREATED],
            updated=self.updated + total[Outcome.UPDATED],
            unchanged=self.unchanged + total[Outcome.UNCHANGED],
            refused=self.refused + total[Outcome.REFUSED],
            withheld=self.withheld + total[Outcome.WITHHELD],
            warnings=self.warnings + warned,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Which process does the import, until when on the wall's clock."""

    owner: str
    until: datetime


@dataclass(kw_only=True)
class PeopleImport(Aggregate):
    """An upload and its progress. `batches_done` is the checkpoint: it moves in the transaction that writes the batch."""

    filename: str
    sha256: str
    size: int
    pieces: int
    encoding: str | None
    dry_run: bool
    all_or_nothing: bool
    requested_by: str
    correlation_id: str
    seed: str
    received_at: datetime
    state: ImportState = ImportState.WAITING
    stage: Stage = Stage.WAITING
    rows_read: int = 0
    rows_total: int | None = None
    batches_done: int = 0
    counts: Counts = field(default_factory=Counts)
    problems: tuple[Problem, ...] = ()
    unknown_columns: tuple[str, ...] = ()
    lease: Lease | None = None
    finished_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether something is left to do."""
        return self.state in {ImportState.WAITING, ImportState.RUNNING}

    @property
    def writes(self) -> bool:
        """Tell whether members are changed (a dry run changes nothing, nor does all-or-nothing with a refused row)."""
        return not self.dry_run and not self.is_withheld

    @property
    def is_withheld(self) -> bool:
        """Tell whether no row is taken because one was refused (all-or-nothing)."""
        return self.problem_coded("all-or-nothing")

    def problem_coded(self, code: str) -> bool:
        """Tell whether a problem of the file as a whole has this code."""
        return any(problem.code == code for problem in self.problems)

    def claim(self, owner: str, *, now: datetime, until: datetime) -> bool:
        """Let a process do the import, unless another one is at it. True when it may."""
        if not self.is_open or (self.lease and self.lease.owner != owner and self.lease.until > now):
            return False
        self.state, self.lease = ImportState.RUNNING, Lease(owner=owner, until=until)
        return True

    def held_by(self, owner: str) -> None:
        """Let go when another process has taken over."""
        if not self.is_open or self.lease is None or self.lease.owner != owner:
            raise ImportTakenOver

    def renew(self, *, until: datetime) -> None:
        """Stay the one who does it."""
        if self.lease:
            self.lease = replace(self.lease, until=until)

    def read_so_far(self, rows: int) -> None:
        """Tell how many rows the first reading has met."""
        self.stage, self.rows_read = Stage.READING, rows

    def begin_writing(self, rows: int, unknown_columns: tuple[str, ...], problems: tuple[Problem, ...]) -> None:
        """Everything was read and judged; from here on rows are written (or reported only)."""
        self.stage, self.rows_total, self.rows_read = Stage.WRITING, rows, rows
        self.unknown_columns, self.problems = unknown_columns, problems[:PROBLEMS_KEPT_MAX]

    def batch_done(self, reports: list[RowReport]) -> None:
        """One more batch is written and reported."""
        self.batches_done += 1
        self.counts = self.counts.plus(reports)

    def begin_linking(self) -> None:
        """All rows are written; lines of managers below the moved ones follow."""
        self.stage = Stage.LINKING

    def finish(self, *, now: datetime) -> None:
        """All is done, or nothing was to be done because the whole was refused or held nobody."""
        self.state = ImportState.REFUSED if self.is_withheld or self.problem_coded("no-rows") else ImportState.DONE
        self._end(now)

    def refuse(self, problem: Problem, *, now: datetime) -> None:
        """Give up: the file as a whole cannot be taken."""
        self.state, self.problems = ImportState.REFUSED, (*self.problems, problem)[:PROBLEMS_KEPT_MAX]
        self._end(now)

    def _end(self, now: datetime) -> None:
        self.stage, self.finished_at, self.lease, self.seed = Stage.FINISHED, now, None, ""
