"""Rounds over HTTP: watch, review, what-if, solve again, publish (N4, N7)."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from services.matching.application import cancel_round, publish_round, review_draft
from services.matching.application.ports import UnitOfWork
from services.matching.application.queries import Library
from services.matching.application.solver import EngineFailed, RoundEngine, SolveOrder
from services.matching.domain.draft import Draft
from services.matching.domain.round import Round
from services.matching.domain.round_refusals import RoundNotSolved
from services.matching.entrypoints.analyst.page import page_of
from services.matching.entrypoints.round_answers import ReviewOut, RoundOut, plain_report
from services.matching.entrypoints.round_requests import DraftIn, PublishIn, SolveIn, WishesIn
from shared.http.auth import Principal, Role, requires
from shared.http.commands import CommandRunner
from shared.kernel.errors import NotFound
from shared.observability import log_events
from shared.observability.logging import get_log
from shared.persistence.errors import DatabaseFault

Admin = Annotated[Principal, requires(Role.PROGRAMME_ADMIN, Role.HR_ADMIN)]
Overseer = Annotated[Principal, requires(Role.PROGRAMME_ADMIN, Role.HR_ADMIN, Role.AUDITOR)]
Commands = CommandRunner[UnitOfWork]
OfDraft = Annotated[int | None, Query(ge=1, description="Which draft; the newest by default.")]


class RoundRoutes:
    """N4, N7: overseers see counts; the programme's admins see who with whom by ids and codes, before anybody is told."""

    def __init__(self, commands: Commands, library: Library, engine: RoundEngine) -> None:
        self._commands = commands
        self._library = library
        self._engine = engine

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/rounds/{round_id}", tags=["rounds"])
        router.add_api_route("", self.show, methods=["GET"])
        router.add_api_route("/report", self.report, methods=["GET"])
        router.add_api_route("/report.html", self.page, methods=["GET"], response_class=HTMLResponse)
        router.add_api_route("/review", self.look, methods=["GET"])
        router.add_api_route("/review", self.wish, methods=["POST"])
        router.add_api_route("/what-if", self.what_if, methods=["POST"], response_class=StreamingResponse)
        router.add_api_route("/solve", self.solve, methods=["POST"], status_code=202)
        router.add_api_route("/repair", self.repair, methods=["POST"], status_code=202)
        router.add_api_route("/publish", self.publish, methods=["POST"], status_code=202)
        router.add_api_route("/cancel", self.cancel, methods=["POST"])
        return router

    async def _permitted(self, round_id: str, principal: Principal) -> Round:
        found = await self._library.round(round_id)
        if found is None:
            raise NotFound(id=round_id)
        if not principal.has(Role.AUDITOR):
            principal.require_programme(found.programme_id)
        return found

    async def _run(self, request: Request, admin: Admin, name: str, work: Any, body: object = None) -> RoundOut:
        async def shown(uow: UnitOfWork) -> RoundOut:
            return RoundOut.of(await work(uow))

        return await self._commands.run(request, admin, name, shown, answer=RoundOut, body=body)

    async def show(self, round_id: str, overseer: Overseer) -> RoundOut:
        """Show how far a round is, its drafts and counts."""
        return RoundOut.of(await self._permitted(round_id, overseer), await self._library.progress(round_id))

    async def report(self, round_id: str, overseer: Overseer, draft: OfDraft = None) -> dict[str, Any]:
        """Show the figures of a draft; aggregates only, none of fewer people than the programme's minimum (R13)."""
        found = await self._permitted(round_id, overseer)
        shown = _draft(found, draft)
        report = await self._library.report(round_id, shown.number)
        if report is None:
            raise NotFound(id=round_id)
        return plain_report(found, shown, report.figures)

    async def page(self, round_id: str, overseer: Overseer, draft: OfDraft = None) -> HTMLResponse:
        """Show the same as a page that needs nothing else."""
        report = await self.report(round_id, overseer, draft)
        if "people" not in report:
            raise NotFound(id=round_id)  # a round without people has nothing to draw
        return HTMLResponse(page_of(report))

    async def look(
        self,
        round_id: str,
        admin: Admin,
        draft: OfDraft = None,
        piece: Annotated[int, Query(ge=0, description="`next` of the piece before.")] = 0,
        member_id: Annotated[str | None, Query(max_length=100, description="Only what this member is in.")] = None,
    ) -> ReviewOut:
        """Show a draft piece by piece: who with whom and why, who is left over and why; ids and codes, nothing private."""
        found = await self._permitted(round_id, admin)
        shown = _draft(found, draft)
        get_log().info(log_events.PERSON_READ, principal=admin.opaque_id, round=round_id, route="/rounds/{round_id}/review")
        if member_id is not None:
            leaves = await self._library.leaf_with(round_id, shown.number, member_id)
            return ReviewOut.only(found, shown, leaves, member_id)
        leaf = await self._library.leaf(round_id, shown.number, piece)
        more = shown.solution is not None and piece + 1 < shown.solution.leaves
        return ReviewOut.of(found, shown, [] if leaf is None else [leaf], piece + 1 if more else None)

    async def wish(self, round_id: str, body: WishesIn, request: Request, admin: Admin) -> RoundOut:
        """Lock groups of the draft and keep people apart, for the next draft."""
        await self._permitted(round_id, admin)
        command = body.command(round_id)
        return await self._run(request, admin, "review-draft", lambda uow: review_draft.review_draft(command, uow), body)

    async def what_if(self, round_id: str, body: DraftIn, request: Request, admin: Admin) -> StreamingResponse:
        """Compare the draft with what other rules or another seed would give: a JSON line each; nothing is written.

        Lines are `stage` and `share` while it works, `change` for every two who meet, `comparison` at the end, or `failed`.
        """
        found = await self._permitted(round_id, admin)
        request.state.command = "what-if"
        programme = await self._library.programme(found.programme_id)
        minimum = 0 if programme is None else programme.terms.minimum_group_size
        order = replace(review_draft.what_if(found, body.command(found), minimum), skills=await self._library.skills(round_id))
        return StreamingResponse(self._lines(order, found.reviewed), media_type="application/x-ndjson")

    async def _lines(self, order: SolveOrder, base: Draft) -> AsyncIterator[str]:
        members, leaves = self._library.snapshot(order.round_id), self._library.leaves(order.round_id, base)
        try:
            async for answer in self._engine.compare(order, members, base=leaves):
                yield json.dumps(answer, separators=(",", ":")) + "\n"
        except EngineFailed as failed:
            yield json.dumps({"failed": failed.code}) + "\n"
        except DatabaseFault:
            yield json.dumps({"failed": "database-away"}) + "\n"

    async def solve(self, round_id: str, body: SolveIn, request: Request, admin: Admin) -> RoundOut:
        """Have the next draft solved, around what is locked; with `expected` exactly the what-if's result, or the conflict is named."""
        found = await self._permitted(round_id, admin)
        command = body.command(found)
        return await self._run(request, admin, "solve-again", lambda uow: review_draft.solve_again(command, uow), body)

    async def repair(self, round_id: str, request: Request, admin: Admin) -> RoundOut:
        """Have those re-solved whom something happened to since the freeze; all others keep their group."""
        await self._permitted(round_id, admin)
        return await self._run(request, admin, "repair-draft", lambda uow: review_draft.repair_draft(round_id, uow))

    async def publish(self, round_id: str, request: Request, admin: Admin, body: PublishIn | None = None) -> RoundOut:
        """Begin to send the proposals; done piece by piece, each exactly once."""
        await self._permitted(round_id, admin)
        expected = body.expected if body else None
        return await self._run(
            request, admin, "publish-round", lambda uow: publish_round.publish_round(round_id, uow, expected=expected), body
        )

    async def cancel(self, round_id: str, request: Request, admin: Admin) -> RoundOut:
        """Give a round up before publication."""
        await self._permitted(round_id, admin)
        command = cancel_round.CancelRound(round_id=round_id)
        return await self._run(request, admin, "cancel-round", lambda uow: cancel_round.cancel_round(command, uow))


def _draft(found: Round, number: int | None) -> Draft:
    if not found.drafts:
        raise RoundNotSolved(state=found.state.value)
    if number is None:
        return found.drafts[-1]
    if number > len(found.drafts):
        raise NotFound(id=f"{found.id}:{number}")
    return found.drafts[number - 1]
