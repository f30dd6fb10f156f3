"""People files over HTTP: upload, progress, report; and enrolling many at once."""

import codecs
import hashlib
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect

from services.profile.application.enrol_members import EnrolMembers, enrol_members
from services.profile.application.ports import UnitOfWork, UploadStore
from services.profile.application.queries import ReadReport, read_report
from services.profile.application.receive_import import ReceiveImport, receive_import
from services.profile.domain.refusals import UnknownEncoding
from services.profile.domain.values import Status
from services.profile.entrypoints import answers, import_answers
from services.profile.entrypoints.requests import EnrolManyIn
from services.profile.entrypoints.transactions import Transactions
from shared.http.auth import Principal, Role, requires
from shared.http.bodies import takes_up_to
from shared.http.commands import CommandRunner, cause_of
from shared.http.description import FILE_BODY, REPEATABLE
from shared.http.paging import Page, Paged, encode_cursor
from shared.kernel.clock import Clock
from shared.kernel.randomness import Randomness, new_id
from shared.persistence.doorbell import Doorbell

PIECE_BYTES = 262_144
UPLOADS_KEPT = timedelta(days=7)
MEMBERS_A_TRANSACTION = 200
ENCODINGS = ("utf-8", "ascii", "cp1252", "iso8859-1", "iso8859-15", "cp1250", "utf-16", "utf-16-le", "utf-16-be")
Hr = Annotated[Principal, requires(Role.HR_ADMIN)]


class Uploads:
    """Takes uploads in, piece by piece, in bounded memory."""

    def __init__(self, store: UploadStore, *, wall: Clock, randomness: Randomness, waiting: Doorbell) -> None:
        """Ring `waiting` when an import waits."""
        self._store = store
        self._wall = wall
        self._randomness = randomness
        self.waiting = waiting

    async def take(self, parts: AsyncIterator[bytes]) -> tuple[str, str, int, int]:
        """Keep an upload; return its id, digest, size and number of pieces. What is cut off in between is dropped."""
        import_id, digest, size, number = new_id(self._randomness), hashlib.sha256(), 0, 0
        expires_at = self._wall.now() + UPLOADS_KEPT
        try:
            async for piece in _pieces(parts):
                await self._store.put(import_id, number, piece, expires_at=expires_at)
                digest.update(piece)
                size, number = size + len(piece), number + 1
        except ClientDisconnect:
            await self.drop(import_id)
            raise
        return import_id, digest.hexdigest(), size, number

    async def drop(self, import_id: str) -> None:
        """Forget an upload that became no import."""
        await self._store.drop(import_id)


def imports_router(commands: CommandRunner[UnitOfWork], transactions: Transactions, uploads: Uploads, *, bytes_max: int) -> APIRouter:
    """Return the routes of imports and of enrolling many."""
    router = APIRouter(tags=["imports"])
    _upload(router, commands, uploads, bytes_max)
    _progress(router, transactions)
    _enrolling(router, transactions)
    return router


def _upload(router: APIRouter, commands: CommandRunner[UnitOfWork], uploads: Uploads, bytes_max: int) -> None:
    @router.post("/imports", status_code=202, dependencies=[takes_up_to(bytes_max)], openapi_extra=FILE_BODY)
    async def receive(
        request: Request,
        principal: Hr,
        *,
        filename: Annotated[str, Query(max_length=200)] = "people.csv",
        dry_run: bool = False,
        all_or_nothing: bool = False,
        encoding: Annotated[str | None, Query(max_length=40)] = None,
    ) -> import_answers.ImportReceived:
        """Take in a people file (the body is the file: CSV or XLSX); it is imported in the background.

        `encoding` names the text encoding of a CSV file that is not UTF-8 (`cp1252` for Western European Excel).
        """
        known_encoding = _encoding(encoding)
        import_id, digest, size, pieces = await uploads.take(request.stream())
        command = ReceiveImport(
            import_id=import_id,
            filename=filename,
            sha256=digest,
            size=size,
            pieces=pieces,
            encoding=known_encoding,
            dry_run=dry_run,
            all_or_nothing=all_or_nothing,
            requested_by=principal.opaque_id,
            correlation_id=cause_of(request).correlation_id,
        )

        async def work(uow: UnitOfWork) -> import_answers.ImportReceived:
            return import_answers.ImportReceived(import_id=await receive_import(command, uow))

        received = await commands.run(
            request, principal, "receive-import", work, answer=import_answers.ImportReceived, body={"sha256": digest}
        )
        if received.import_id != import_id:
            await uploads.drop(import_id)  # the same command came before; its upload counts
        uploads.waiting.ring()
        return received


def _progress(router: APIRouter, transactions: Transactions) -> None:
    @router.get("/imports/{import_id}")
    async def read_import(import_id: str, principal: Hr, request: Request) -> import_answers.ImportOut:  # noqa: ARG001  # that role
        """Return where an import stands."""
        return import_answers.import_out(await transactions.run("import", lambda uow: uow.imports.get(import_id), cause_of(request)))

    @router.get("/imports/{import_id}/rows")
    async def read_rows(
        import_id: str,
        principal: Hr,  # noqa: ARG001  # that role
        request: Request,
        paging: Paged,
        problems_only: bool = False,
    ) -> Page[import_answers.RowOut]:
        """Return what became of each row, in the order of the file; a page holds whole batches, `next` is null at the end."""
        begin = int(paging.after.value or 0) if paging.after else 0
        query = ReadReport(import_id=import_id, from_batch=begin, rows=paging.limit, problems_only=problems_only)
        found = await transactions.run("import-rows", lambda uow: read_report(query, uow), cause_of(request))
        rows = [import_answers.RowOut.model_validate(row, from_attributes=True) for row in found.rows]
        return Page(items=rows, next=None if found.next_batch is None else encode_cursor(found.next_batch, import_id))


def _enrolling(router: APIRouter, transactions: Transactions) -> None:
    @router.post("/enrolments", openapi_extra=REPEATABLE)
    async def enrol_many(body: EnrolManyIn, principal: Hr, request: Request) -> answers.BulkEnrolled:  # noqa: ARG001  # that role
        """Enrol many, or everybody: in transactions of 200 members; cut off in between, the same call goes on."""
        cause = cause_of(request)
        ids, unknown = await transactions.run("find-many", lambda uow: _wanted(body.company_keys, uow), cause)
        enrolled = 0
        for some in _by_hundreds(ids):
            command = EnrolMembers(member_ids=some, programme_id=body.programme_id, capacity=body.capacity)
            enrolled += await transactions.run("enrol-members", lambda uow, command=command: enrol_members(command, uow), cause)  # type: ignore[misc]
        return answers.BulkEnrolled(enrolled=enrolled, unchanged=len(ids) - enrolled, unknown=unknown)


async def _wanted(company_keys: Sequence[str] | None, uow: UnitOfWork) -> tuple[list[str], list[str]]:
    """Return the ids of the members meant, and the keys that nobody who is here has."""
    if company_keys is None:
        return await uow.members.active_ids(), []
    known = [each for each in await uow.members.known_by_key(company_keys) if each.status is Status.ACTIVE]
    here = {each.company_key: each.id for each in known}
    return list(here.values()), [key for key in dict.fromkeys(company_keys) if key not in here]


def _by_hundreds(ids: Sequence[str]) -> list[list[str]]:
    rest = iter(ids)
    return list(iter(lambda: list(islice(rest, MEMBERS_A_TRANSACTION)), []))


async def _pieces(parts: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for part in parts:
        waiting += part
        while len(waiting) >= PIECE_BYTES:
            yield bytes(waiting[:PIECE_BYTES])
            del waiting[:PIECE_BYTES]
    if waiting:
        yield bytes(waiting)


def _encoding(name: str | None) -> str | None:
    if name is None or name.casefold() == "auto":
        return None
    try:
        found = codecs.lookup(name).name
    except LookupError:
        raise UnknownEncoding from None
    if found not in ENCODINGS:
        raise UnknownEncoding
    return found
