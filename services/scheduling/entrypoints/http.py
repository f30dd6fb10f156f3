"""The HTTP API: members read and change the sessions of their own pairings; administrators read counts (R7, R13)."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Generic, TypeVar

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from services.scheduling.application import queries
from services.scheduling.application.book_session import BookSession, book_session
from services.scheduling.application.cancel_session import CancelSession, cancel_session
from services.scheduling.application.mark_session import MarkSession, mark_session
from services.scheduling.application.move_session import AcceptTime, ProposeTime, accept_time, propose_time
from services.scheduling.application.ports import UnitOfWork
from services.scheduling.application.queries import SessionView
from services.scheduling.domain.session import CancelReason, Kind
from services.scheduling.entrypoints.requests import BookBody, CancelBody, CountsOut, ProposeBody, SessionOut, SessionsOut
from shared.http.auth import Principal, Role, requires
from shared.http.commands import GIVE_UP_AFTER_SECONDS, CommandRunner, cause_of
from shared.http.paging import Page, Paged, Paging
from shared.kernel.cause import Cause
from shared.persistence.database import Database, Transaction

U = TypeVar("U", bound=UnitOfWork)
T = TypeVar("T")
AsMember = Annotated[Principal, requires(Role.MEMBER)]
AsAdmin = Annotated[Principal, requires(Role.HR_ADMIN, Role.PROGRAMME_ADMIN)]
NEVER = "~"
"""Sorts what has no time behind everything that has one."""


class Queries(Generic[U]):
    """Runs queries, each in one transaction, so that it sees one state of all documents."""

    def __init__(self, database: Database, bind: Callable[[Transaction, Cause], U]) -> None:
        """`bind` makes the unit of work of one transaction."""
        self._database = database
        self._bind = bind

    async def run(self, request: Request, work: Callable[[U], Awaitable[T]]) -> T:
        """Return what `work` returns."""
        cause = cause_of(request)
        return await self._database.transact("query", lambda tx: work(self._bind(tx, cause)), give_up_after=GIVE_UP_AFTER_SECONDS)


class SessionRoutes(Generic[U]):
    """The routes of scheduling. `minimum_group_size` keeps counts of few pairings to itself."""

    def __init__(self, commands: CommandRunner[U], queries_: Queries[U], minimum_group_size: int) -> None:
        """Take what runs commands and queries."""
        self._commands = commands
        self._queries = queries_
        self._minimum_group_size = minimum_group_size

    def router(self) -> APIRouter:
        """Return the service's routes, each with who may call it."""
        router = APIRouter(tags=["sessions"])
        router.add_api_route("/sessions", self.own_sessions, methods=["GET"])
        router.add_api_route("/sessions/counts", self.counts, methods=["GET"])
        router.add_api_route("/pairings/{pairing_id}/sessions", self.sessions_of_pairing, methods=["GET"])
        router.add_api_route("/pairings/{pairing_id}/sessions", self.book, methods=["POST"], status_code=201)
        session = "/pairings/{pairing_id}/sessions/{session_id}"
        router.add_api_route(f"{session}/propose", self.propose, methods=["POST"])
        router.add_api_route(f"{session}/accept", self.accept, methods=["POST"])
        router.add_api_route(f"{session}/cancel", self.cancel, methods=["POST"])
        router.add_api_route(f"{session}/held", self.held, methods=["POST"])
        router.add_api_route(f"{session}/missed", self.missed, methods=["POST"])
        return router

    async def own_sessions(
        self,
        request: Request,
        principal: AsMember,
        paging: Paged,
        begin: Annotated[AwareDatetime | None, Query(alias="from", description="Only what starts then or later.")] = None,
        end: Annotated[AwareDatetime | None, Query(alias="to", description="Only what starts before then.")] = None,
    ) -> Page[SessionOut]:
        """Return the caller's sessions of all their pairings, soonest first; what waits for a time comes last."""

        async def work(uow: U) -> tuple[SessionView, ...]:
            return await queries.sessions_of_member(principal.as_member(), begin, end, uow)

        return _page(await self._queries.run(request, work), paging)

    async def sessions_of_pairing(self, request: Request, principal: AsMember, pairing_id: str) -> SessionsOut:
        """Return all sessions of one of the caller's pairings, and why the planner cannot book, if so."""

        async def work(uow: U) -> SessionsOut:
            return SessionsOut.of(await queries.sessions_of_pairing(pairing_id, principal.as_member(), uow))

        return await self._queries.run(request, work)

    async def counts(self, request: Request, principal: AsAdmin, programme_id: str | None = None) -> CountsOut:
        """R13: return how many sessions there are by state, of a programme or of all (HR only)."""
        principal.require_programme(programme_id or "")

        async def work(uow: U) -> CountsOut:
            return CountsOut.of(await queries.counts(programme_id, self._minimum_group_size, uow))

        return await self._queries.run(request, work)

    async def book(self, request: Request, principal: AsMember, pairing_id: str, body: BookBody) -> SessionOut:
        """Book another session beside the series: at `starts_at`, or at the earliest slot."""
        command = BookSession(pairing_id=pairing_id, member_id=principal.as_member(), kind=Kind(body.kind), starts_at=body.starts_at)
        return await self._run(request, principal, "book-session", lambda uow: book_session(command, uow), body)

    async def propose(self, request: Request, principal: AsMember, pairing_id: str, session_id: str, body: ProposeBody) -> SessionOut:
        """Propose another time for a session; it moves when all others accept."""
        command = ProposeTime(pairing_id=pairing_id, session_id=session_id, member_id=principal.as_member(), starts_at=body.starts_at)
        return await self._run(request, principal, "propose-time", lambda uow: propose_time(command, uow), body)

    async def accept(self, request: Request, principal: AsMember, pairing_id: str, session_id: str) -> SessionOut:
        """Accept the time that another member proposed."""
        command = AcceptTime(pairing_id=pairing_id, session_id=session_id, member_id=principal.as_member())
        return await self._run(request, principal, "accept-time", lambda uow: accept_time(command, uow))

    async def cancel(
        self, request: Request, principal: AsMember, pairing_id: str, session_id: str, body: CancelBody | None = None
    ) -> SessionOut:
        """Cancel one session; the series goes on."""
        reason = CancelReason((body or CancelBody()).reason)
        command = CancelSession(pairing_id=pairing_id, session_id=session_id, member_id=principal.as_member(), reason=reason)
        return await self._run(request, principal, "cancel-session", lambda uow: cancel_session(command, uow), body)

    async def held(self, request: Request, principal: AsMember, pairing_id: str, session_id: str) -> SessionOut:
        """Say that a session took place; possible once it began."""
        return await self._mark(request, principal, pairing_id, session_id, held=True)

    async def missed(self, request: Request, principal: AsMember, pairing_id: str, session_id: str) -> SessionOut:
        """Say that a session did not take place; possible once it should have begun."""
        return await self._mark(request, principal, pairing_id, session_id, held=False)

    async def _mark(self, request: Request, principal: Principal, pairing_id: str, session_id: str, *, held: bool) -> SessionOut:
        command = MarkSession(pairing_id=pairing_id, session_id=session_id, member_id=principal.as_member(), held=held)
        return await self._run(request, principal, "mark-session", lambda uow: mark_session(command, uow))

    async def _run(
        self, request: Request, principal: Principal, name: str, use_case: Callable[[U], Awaitable[SessionView]], body: object = None
    ) -> SessionOut:
        async def work(uow: U) -> SessionOut:
            return SessionOut.of(await use_case(uow))

        return await self._commands.run(request, principal, name, work, answer=SessionOut, body=body)


def _page(views: tuple[SessionView, ...], paging: Paging) -> Page[SessionOut]:
    """Cut a member's sessions to a page; they are few, so the cut is made here and not in the database."""
    after = None if paging.after is None else (str(paging.after.value), paging.after.id)
    rows = [view for view in views if after is None or _key(view) > after]
    return paging.page(rows[: paging.limit + 1], key=_key, shown=SessionOut.of)


def _key(view: SessionView) -> tuple[str, str]:
    starts_at = view.session.starts_at
    return (starts_at.isoformat() if starts_at else NEVER), view.session.id
