"""A preview of a rule set over HTTP: what it does to the people who are enrolled, before any round (N5, N7)."""

from collections.abc import AsyncIterator, Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from services.matching.application.preview_programme import PreviewProgramme, Tried, begin_preview, members_in
from services.matching.application.solver import EngineFailed, RoundEngine
from services.matching.domain.refusals import PreviewFailed
from services.matching.domain.snapshot import FrozenMember
from services.matching.entrypoints.jobs import Transact
from services.matching.entrypoints.requests import ProgrammeIn
from shared.http.auth import Principal, Role, requires
from shared.http.commands import cause_of
from shared.kernel.cause import Cause

Admin = Annotated[Principal, requires(Role.PROGRAMME_ADMIN, Role.HR_ADMIN)]

Seed = Annotated[int, Query(ge=0, le=2**53, description="Decides which pairs are looked at where not all are.")]


class PreviewRoutes:
    """R13: aggregates for a programme's admin; computed in a process of its own, so that no event loop waits."""

    def __init__(self, transact: Transact, engine: RoundEngine) -> None:
        """`engine` serves previews alone: they do not wait for a running round."""
        self._transact = transact
        self._engine = engine

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/programmes", tags=["programmes"])
        router.add_api_route("/{programme_id}/preview", self.preview, methods=["POST"])
        return router

    async def preview(
        self, programme_id: str, request: Request, admin: Admin, body: ProgrammeIn | None = None, seed: Seed = 1
    ) -> dict[str, Any]:
        """Show sameness, gains, who is cut off by each gate, and the ceiling of two-way pairs; without a body by the rules in force."""
        admin.require_programme(programme_id)
        rules, terms = (None, None) if body is None else (body.rule_set(), body.terms())
        command = PreviewProgramme(programme_id=programme_id, rules=rules, terms=terms, seed=seed)
        cause = cause_of(request)
        tried: Tried = await self._transact("preview.begin", cause, partial(begin_preview, command))
        try:
            told = await self._engine.preview(tried.order, self._members(tried, cause))
        except EngineFailed as failed:
            raise PreviewFailed(reason=failed.code) from None
        return {"programme_id": programme_id, "rules": tried.programme.rules.to_mapping()} | told

    async def _members(self, tried: Tried, cause: Cause) -> AsyncIterator[Sequence[FrozenMember]]:
        for window in tried.windows:
            yield await self._transact("preview.members", cause, partial(members_in, tried, window))
