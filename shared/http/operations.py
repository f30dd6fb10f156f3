"""What operations ask a running service: how far behind it is, what was set aside; never anything about people."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from shared.http.auth import Principal, Role, requires

Operator = Annotated[Principal, requires(Role.OPERATOR)]
StatusOf = Callable[[], Awaitable[Mapping[str, Any]]]


class DeadLetterBox(Protocol):
    """What the routes need of `shared.messaging.dead_letters`."""

    async def list(self, *, state: str, code: str | None, limit: int) -> list[dict[str, Any]]:
        """Return dead letters, oldest first."""
        ...

    async def show(self, event_id: str) -> dict[str, Any]:
        """Return one dead letter."""
        ...

    async def read(self, event_id: str, *, by: str) -> dict[str, Any] | None:
        """Return what it said, redacted."""
        ...

    async def redrive(self, event_id: str, *, by: str) -> dict[str, Any]:
        """Run its handler again."""
        ...

    async def discard(self, event_id: str, *, by: str, reason: str) -> None:
        """Give it up."""
        ...


class Audited(BaseModel):
    """One step that somebody took with a dead letter."""

    at: datetime
    by: str
    action: str
    outcome: str
    reason: str | None = None


class DeadLetter(BaseModel):
    """Where a message that was set aside came from, and why; never what it said."""

    model_config = ConfigDict(extra="ignore")

    event_id: str
    state: Literal["open", "redriven", "discarded"]
    topic: str
    partition: int
    offset: int
    type: str
    code: str
    attempts: int
    first_at: datetime
    last_at: datetime
    correlation_id: str | None = None
    held: int = Field(default=0, description="events of its key that wait behind it")
    audit: list[Audited] = Field(default_factory=list)


class DeadLetterShown(DeadLetter):
    """One dead letter with the names of its headers and the size of its value."""

    headers: list[str] = Field(default_factory=list)
    size: int | None = None


class DeadLetterPayload(BaseModel):
    """What one said, as far as its contract calls it ids, codes, times and numbers; null when that cannot be told."""

    event_id: str
    data: dict[str, Any] | None


class DeadLetterList(BaseModel):
    """Dead letters of one state, oldest first."""

    items: list[DeadLetter]


class Redriven(BaseModel):
    """What came of a redrive; `code` says why it failed again."""

    outcome: Literal["redriven", "failed"]
    code: str | None = None


class Discard(BaseModel):
    """Why a dead letter is given up; kept in its audit."""

    reason: str = Field(min_length=1, max_length=500)


def operations_router(status_of: StatusOf, letters: DeadLetterBox) -> APIRouter:
    """Build `/ops/…` for the role `operator` (N2, N17). The id of a message that nobody could read is its place, slashes included."""
    router = APIRouter(prefix="/ops", tags=["operations"], dependencies=[requires(Role.OPERATOR)])

    @router.get("/status")
    async def status() -> dict[str, Any]:
        """Return consumer lag, outbox depth, what is parked, dead or due."""
        return dict(await status_of())

    @router.get("/dead-letters")
    async def list_dead_letters(
        state: Literal["open", "redriven", "discarded"] = "open",
        code: str | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> DeadLetterList:
        """List what was set aside, of one cause when `code` names it."""
        found = await letters.list(state=state, code=code, limit=limit)
        return DeadLetterList(items=[DeadLetter.model_validate(row) for row in found])

    @router.get("/dead-letters/{event_id:path}/payload")
    async def read_dead_letter(event_id: str, principal: Operator) -> DeadLetterPayload:
        """Show what it said, redacted by its contract; whoever looks is noted in its audit."""
        return DeadLetterPayload(event_id=event_id, data=await letters.read(event_id, by=principal.opaque_id))

    @router.get("/dead-letters/{event_id:path}")
    async def show_dead_letter(event_id: str) -> DeadLetterShown:
        """Show one, without its payload."""
        return DeadLetterShown.model_validate(await letters.show(event_id))

    @router.post("/dead-letters/{event_id:path}/redrive")
    async def redrive_dead_letter(event_id: str, principal: Operator) -> Redriven:
        """Let it run again; on success what was held behind it goes on."""
        return Redriven.model_validate(await letters.redrive(event_id, by=principal.opaque_id))

    @router.post("/dead-letters/{event_id:path}/discard", status_code=204)
    async def discard_dead_letter(event_id: str, body: Discard, principal: Operator) -> None:
        """Give it up, with a reason."""
        await letters.discard(event_id, by=principal.opaque_id, reason=body.reason)

    return router
