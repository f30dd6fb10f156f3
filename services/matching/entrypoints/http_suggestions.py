"""Suggestions and "why not X?" over HTTP: a member asks for themselves, nobody else may (R3, R15-R17, R21)."""

from functools import partial
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict

from services.matching.application.suggesting import Asked, Suggestions, Why, suggestions_for, why_not
from services.matching.entrypoints.answers import ListsOut
from services.matching.entrypoints.jobs import Transact
from shared.http.auth import Principal, Role, requires
from shared.http.commands import cause_of

Member = Annotated[Principal, requires(Role.MEMBER)]
Count = Annotated[int, Query(ge=1, le=50, description="How many.")]
Intent = Annotated[
    Literal["seek", "offer"],
    Query(description="In programmes of kind `mentor`: who could help me, or whom I could help. Else without effect."),
]


class _Out(BaseModel):
    model_config = ConfigDict(frozen=True)


class SuggestionOut(_Out):
    """Somebody to think of, the score that a round would use (0..1), and the four lists."""

    member_id: str
    score: float
    explanation: ListsOut


class SuggestionsOut(_Out):
    """The best first. While the first index of a programme is being made: 503 `suggestions-not-ready` with Retry-After."""

    suggestions: list[SuggestionOut]


class WhyOut(_Out):
    """`code` says what stands between the two; without one they could be paired, and the parts of the score are told."""

    code: str | None
    score: float
    you_gain: float
    they_gain: float


class SuggestionRoutes:
    """R15-R17: choosing from a short scored list beats being assigned."""

    def __init__(self, transact: Transact, desk: Suggestions) -> None:
        self._transact = transact
        self._desk = desk

    @property
    def router(self) -> APIRouter:
        """Return the table of routes."""
        router = APIRouter(prefix="/programmes", tags=["suggestions"])
        router.add_api_route("/{programme_id}/suggestions", self.suggestions, methods=["GET"])
        router.add_api_route("/{programme_id}/suggestions/{other_id}/why-not", self.why_not, methods=["GET"])
        return router

    async def suggestions(
        self, programme_id: str, request: Request, member: Member, count: Count = 10, intent: Intent = "seek"
    ) -> SuggestionsOut:
        """List whom one might ask, explained; nobody full, away, barred or met lately."""
        asked = Asked(programme_id=programme_id, member_id=member.as_member(), offers=intent == "offer")
        found = await self._transact("suggestions", cause_of(request), partial(suggestions_for, asked, count, self._desk))
        told = [SuggestionOut(member_id=each.member_id, score=each.score, explanation=ListsOut.showing(each.explanation)) for each in found]
        return SuggestionsOut(suggestions=told)

    async def why_not(self, programme_id: str, other_id: str, request: Request, member: Member, intent: Intent = "seek") -> WhyOut:
        """Tell why somebody is not suggested. A do-not-pair entry answers as a full partner does (R5)."""
        asked = Asked(programme_id=programme_id, member_id=member.as_member(), offers=intent == "offer")
        told: Why = await self._transact("why-not", cause_of(request), partial(why_not, asked, other_id, self._desk))
        return WhyOut(code=told.code, score=told.score, you_gain=told.you_gain, they_gain=told.they_gain)
