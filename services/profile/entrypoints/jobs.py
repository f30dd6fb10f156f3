"""What profile does by itself: imports that wait, and pauses that end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from services.profile.application.advance_import import BeginWriting, begin_linking, begin_writing, finish_import, refuse_import
from services.profile.application.apply_rows import ApplyRows, apply_rows
from services.profile.application.change_skill_list import publish_skill_list
from services.profile.application.claim_import import ClaimImport, check_claim, claim_import, keep_import
from services.profile.application.follow_managers import find_below, follow_managers
from services.profile.application.keep_labels import keep_labels
from services.profile.application.pause_member import end_pause
from services.profile.application.ports import PeopleFiles, PeopleTable, UnitOfWork
from services.profile.application.read_people import ASKED_AT_ONCE, find_known, settle_managers
from services.profile.domain.census import Census
from services.profile.domain.people_file.problems import FileRefused
from services.profile.domain.people_file.rows import RawRow, RowReader
from services.profile.domain.people_import import PeopleImport
from services.profile.domain.reference import Reference
from services.profile.domain.refusals import ImportTakenOver, PieceGone
from services.profile.domain.vocabulary import Vocabulary
from services.profile.entrypoints.transactions import Transactions
from shared.kernel.cause import Cause
from shared.kernel.errors import OutcomeUnknown, StaleVersion
from shared.kernel.randomness import Randomness, new_id, seeded
from shared.observability import log_events
from shared.observability.logging import correlated, get_log
from shared.persistence.doorbell import Doorbell
from shared.persistence.errors import DatabaseFault
from shared.persistence.patience import Patience
from shared.timers.timers import Due

ROWS_A_BATCH = 200
MEMBERS_A_BATCH = 200
KEPT_EVERY_BATCHES = 2
LOOK_EVERY_SECONDS = 2.0
T = TypeVar("T")


async def on_pause_ends(due: Due, uow: UnitOfWork) -> None:
    """End a pause whose date has come."""
    await end_pause(due.data["member_id"], due.reached(uow.clock), uow)


async def tell_skill_list(transactions: Transactions, randomness: Randomness) -> None:
    """Tell the hierarchy of skills once, when it is another than was told before; then the work is done."""
    patience = Patience(randomness)
    while True:
        try:
            await transactions.run("publish-skill-list", publish_skill_list, Cause(correlation_id="skill-list"))
        except (DatabaseFault, OutcomeUnknown, StaleVersion):
            await asyncio.sleep(patience.next_wait())
        else:
            return


class ImportWorker:
    """Does the imports that wait, one after another. Killed at any point, it or another process goes on at the checkpoint."""

    def __init__(
        self,
        transactions: Transactions,
        files: PeopleFiles,
        *,
        reference: Reference,
        vocabulary: Callable[[], Awaitable[Vocabulary]],
        owner: str,
        waiting: Doorbell,
        randomness: Randomness,
    ) -> None:
        """Wake at `waiting`, which uploads ring; those of other processes are found by looking.

        `owner` names this process; a replica that is started again under its name goes on at once, others wait for the lease.
        """
        self._transactions = transactions
        self._files = files
        self._reference = reference
        self._vocabulary = vocabulary
        self._waiting = waiting
        self._randomness = randomness
        self._claim = ClaimImport(owner=owner)
        self._log = get_log()

    async def run(self) -> None:
        """Run until cancelled; survives a database that is away: the import goes on at its checkpoint."""
        patience = Patience(self._randomness)
        while True:
            pause = LOOK_EVERY_SECONDS
            try:
                while await self.run_next():
                    pass
                patience.succeeded()
            except (DatabaseFault, OutcomeUnknown, StaleVersion):
                pause = patience.next_wait()
            await self._waiting.wait(pause)

    async def run_next(self) -> bool:
        """Do the next import, if one waits that nobody else does."""
        nobody = Cause(correlation_id="import-worker")
        people_import = await self._transactions.run("claim-import", lambda uow: claim_import(self._claim, uow), nobody)
        if people_import is None:
            return False
        with correlated(people_import.correlation_id), suppress(ImportTakenOver):
            await _OneImport(people_import, self._claim, self).carry_out()
        return True

    async def transact(self, label: str, people_import: PeopleImport, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        """Run one step; its facts name the upload's request as their cause (N17)."""
        return await self._transactions.run(label, work, Cause(correlation_id=people_import.correlation_id))

    async def vocabulary(self) -> Vocabulary:
        """Return the company's list as it is now; an import keeps to the one that it began with."""
        return await self._vocabulary()

    def row_reader(self, table: PeopleTable, vocabulary: Vocabulary) -> RowReader:
        """Return the reader of rows under this table's header."""
        return RowReader(table.header, reference=self._reference, vocabulary=vocabulary)

    @property
    def files(self) -> PeopleFiles:
        """Return the uploaded files."""
        return self._files


class _OneImport:
    """One import from its first row to its end."""

    def __init__(self, people_import: PeopleImport, claim: ClaimImport, worker: ImportWorker) -> None:
        self._import = people_import
        self._id = people_import.id
        self._claim = claim
        self._worker = worker
        seed = people_import.seed
        self._census = Census(new_member_id=lambda key: new_id(seeded(f"{seed}:{key}")))

    async def carry_out(self) -> None:
        """Read everything, then write batch by batch, then let lines of managers follow."""
        log = get_log()
        log.info(log_events.IMPORT_STARTED, import_id=self._id, size=self._import.size, batches_done=self._import.batches_done)
        try:
            vocabulary = await self._worker.vocabulary()
            await self._read(vocabulary)
            await self._write(vocabulary)
        except FileRefused as refused:
            done = await self._step("refuse-import", partial(refuse_import, self._id, self._claim.owner, refused.found))
            log.info(log_events.IMPORT_REFUSED, import_id=self._id, code=done.problems[-1].code)
            return
        except PieceGone:  # whoever was stopped for long finds that another one has ended the import and dropped its file
            await self._step("check-claim", partial(check_claim, self._claim, self._id))
            raise
        if self._import.writes:
            await self._link()
        done = await self._step("finish-import", partial(finish_import, self._id, self._claim.owner))
        log.info(log_events.IMPORT_FINISHED, import_id=self._id, state=done.state.value, **_figures(done))

    async def _read(self, vocabulary: Vocabulary) -> None:
        async with self._worker.files.open(self._import) as table:
            reader, census = self._worker.row_reader(table, vocabulary), self._census
            async for number, raw in _numbered(table.batches(ASKED_AT_ONCE)):
                admitted = census.admit(map(reader.read, raw))
                census.place(admitted, await self._step("find-known", partial(find_known, admitted)))
                if number % KEPT_EVERY_BATCHES == 0:
                    await self._step("keep-import", partial(keep_import, self._claim, self._id, census.rows))
            await self._step("settle-managers", partial(settle_managers, census))
            command = BeginWriting(
                import_id=self._id,
                owner=self._claim.owner,
                rows=census.rows,
                refused=census.refused,
                unknown_columns=table.header.unknown,
                problems=tuple(table.notices),
            )
            labels = reader.labels
        if self._import.writes:
            await self._step("keep-labels", partial(keep_labels, labels))
        self._import = await self._step("begin-writing", partial(begin_writing, command))

    async def _write(self, vocabulary: Vocabulary) -> None:
        async with self._worker.files.open(self._import) as table:
            reader, census = self._worker.row_reader(table, vocabulary), self._census
            async for number, raw in _numbered(table.batches(ROWS_A_BATCH)):
                if number < self._import.batches_done:
                    continue  # written before a crash
                rows = [census.check(reader.read(each)) for each in raw]
                managers = [census.manager_of(row.member_id) if row.member_id else None for row in rows]
                command = ApplyRows(import_id=self._id, owner=self._claim.owner, batch=number, rows=rows, manager_ids=managers)
                await self._step("apply-rows", partial(apply_rows, command))

    async def _link(self) -> None:
        moved = await self._step("begin-linking", partial(begin_linking, self._id, self._claim.owner))
        below = await self._step("find-below", partial(find_below, moved, self._census))
        for begin in range(0, len(below), MEMBERS_A_BATCH):
            some = below[begin : begin + MEMBERS_A_BATCH]
            await self._step("follow-managers", partial(follow_managers, some, self._census))
            await self._step("keep-import", partial(keep_import, self._claim, self._id, self._census.rows))

    async def _step(self, label: str, work: Callable[[UnitOfWork], Awaitable[T]]) -> T:
        return await self._worker.transact(label, self._import, work)


async def _numbered(batches: AsyncIterator[list[RawRow]]) -> AsyncIterator[tuple[int, list[RawRow]]]:
    number = 0
    async for batch in batches:
        yield number, batch
        number += 1


def _figures(people_import: PeopleImport) -> dict[str, int]:
    counts = people_import.counts
    return {name: getattr(counts, name) for name in ("rows", "created", "updated", "unchanged", "refused", "warnings")}
