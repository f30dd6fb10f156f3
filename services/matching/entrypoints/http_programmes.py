"""Programmes, the opening of rounds, and do-not-pair entries over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.matching.application import apply_programme, bar_pair, open_round, retire_programme
from services.matching.application.ports import UnitOfWork
from services.matching.application.queries import Library
from services.matching.entrypoints.answers import ProgrammeOut
from services.matching.entrypoints.requests import ProgrammeIn
from services.matching.entrypoints.round_answers import RoundOut
from services.matching.entrypoints.round_requests import RoundIn
from shared.http.auth import Principal, Role, requires
from shared.http.commands import CommandRunner
from shared.http.etags import etag_of
from shared.kernel.errors import NotAllowed, NotFound

Anybody = Annotated[Principal, requires(Role.MEMBER, Role.PROGRAMME_ADMIN, Role.HR_ADMIN, Role.AUDITOR, Role.OPERATOR, Role.SERVICE)]
Admin = Annotated[Principal, requires(Role.PROGRAMME_ADMIN, Role.HR_ADMIN)]
Overseer = Annotated[Principal, requires(Role.PROGRAMME_ADMIN, Role.HR_ADMIN, Role.AUDITOR)]
MemberOrHr = Annotated[Principal, requires(Role.MEMBER, Role.HR_ADMIN)]
Commands = CommandRunner[UnitOfWork]


class ProgrammeRoutes:
    """R43: the kind of relationship and its rules are data; admins change them, everybody may read them."""

    def __init__(self, commands: Commands, library: Library) -> None:
        self._commands = commands
        self._library = library

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/programmes", tags=["programmes"])
        router.add_api_route("/{programme_id}", self.apply, methods=["PUT"])
        router.add_api_route("", self.programmes, methods=["GET"])
        router.add_api_route("/{programme_id}", self.programme, methods=["GET"])
        router.add_api_route("/{programme_id}/retire", self.retire, methods=["POST"])
        router.add_api_route("/{programme_id}/rounds", self.open_, methods=["POST"], status_code=202)
        router.add_api_route("/{programme_id}/rounds", self.rounds, methods=["GET"])
        return router

    async def apply(self, programme_id: str, body: ProgrammeIn, request: Request, response: Response, admin: Admin) -> ProgrammeOut:
        """Publish a programme's rules; the same document again changes nothing."""
        admin.require_programme(programme_id)
        command = apply_programme.ApplyProgramme(programme_id=programme_id, rules=body.rule_set(), terms=body.terms())

        async def work(uow: UnitOfWork) -> ProgrammeOut:
            return ProgrammeOut.of(await apply_programme.apply_programme(command, uow))

        shown = await self._commands.run(request, admin, "apply-programme", work, answer=ProgrammeOut, body=body)
        response.headers["ETag"] = etag_of(shown.rules_version)
        return shown

    async def programmes(self, _: Anybody) -> list[ProgrammeOut]:
        """List the programmes; there are few."""
        return [ProgrammeOut.of(each) for each in await self._library.programmes()]

    async def programme(self, programme_id: str, response: Response, _: Anybody) -> ProgrammeOut:
        """Show one programme with the rules in force."""
        found = await self._library.programme(programme_id)
        if found is None:
            raise NotFound(id=programme_id)
        response.headers["ETag"] = etag_of(found.rules_version)
        return ProgrammeOut.of(found)

    async def retire(self, programme_id: str, request: Request, admin: Admin) -> ProgrammeOut:
        """Take no new rounds and pairings; what exists goes on."""
        admin.require_programme(programme_id)

        async def work(uow: UnitOfWork) -> ProgrammeOut:
            return ProgrammeOut.of(await retire_programme.retire_programme(programme_id, uow))

        return await self._commands.run(request, admin, "retire-programme", work, answer=ProgrammeOut)

    async def open_(self, programme_id: str, request: Request, admin: Admin, body: RoundIn | None = None) -> RoundOut:
        """Open a round; it freezes and solves by itself. Nobody is told anything before it is published."""
        admin.require_programme(programme_id)
        asked = body or RoundIn()
        command = open_round.OpenRound(programme_id=programme_id, seed=asked.seed, publishes_itself=asked.publish_when_solved)

        async def work(uow: UnitOfWork) -> RoundOut:
            return RoundOut.of(await open_round.open_round(command, uow))

        return await self._commands.run(request, admin, "open-round", work, answer=RoundOut, body=body)

    async def rounds(self, programme_id: str, overseer: Overseer) -> list[RoundOut]:
        """List a programme's rounds, newest first."""
        if not overseer.has(Role.AUDITOR):
            overseer.require_programme(programme_id)
        return [RoundOut.of(each) for each in await self._library.rounds(programme_id)]


class DoNotPairRoutes:
    """C: two people are never to be paired. A member says so for themselves, HR for anybody; nobody can read it."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/do-not-pair", tags=["do-not-pair"])
        router.add_api_route("/{one}/{other}", self.bar, methods=["PUT"], status_code=204)
        router.add_api_route("/{one}/{other}", self.unbar, methods=["DELETE"], status_code=204)
        return router

    def _wish_of(self, one: str, other: str, principal: Principal) -> bar_pair.BarPair:
        if principal.has(Role.HR_ADMIN):
            return bar_pair.BarPair(one=one, other=other, by=bar_pair.ADMIN)
        if not (principal.is_member(one) or principal.is_member(other)):
            raise NotAllowed
        return bar_pair.BarPair(one=one, other=other, by=principal.as_member())

    async def bar(self, one: str, other: str, request: Request, principal: MemberOrHr) -> None:
        """Never pair these two; an open proposal between them ends."""
        wish = self._wish_of(one, other, principal)

        async def work(uow: UnitOfWork) -> None:
            await bar_pair.bar_pair(wish, uow)

        await self._commands.run(request, principal, "bar-pair", work)

    async def unbar(self, one: str, other: str, request: Request, principal: MemberOrHr) -> None:
        """Take one's own wish back; that of others stays, and the answer does not tell."""
        wish = self._wish_of(one, other, principal)

        async def work(uow: UnitOfWork) -> None:
            await bar_pair.unbar_pair(wish, uow)

        await self._commands.run(request, principal, "unbar-pair", work)
