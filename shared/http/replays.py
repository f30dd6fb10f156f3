"""`/ops/replays`: what a service remembers of others' facts, held against the topics or built anew (N1, N2). For operators only."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from shared.http.auth import Principal, Role, requires

Operator = Annotated[Principal, requires(Role.OPERATOR)]


class ReplayDesk(Protocol):
    """What the routes need of `shared.replay.replays`."""

    async def start(self, topics: Sequence[str], since: datetime | None, *, repair: bool, by: str) -> dict[str, Any]:
        """Start one, or go on with the same unfinished one."""
        ...

    async def show(self, replay_id: str) -> dict[str, Any]:
        """Return how far one is."""
        ...

    async def unfinished(self) -> list[dict[str, Any]]:
        """Return the one that works or was stopped, if there is one."""
        ...

    async def stop(self, replay_id: str, *, by: str, discard: bool) -> None:
        """Stop one."""
        ...


class ReplayWish(BaseModel):
    """What to replay; the same wish again goes on where it was stopped."""

    topics: list[str] = Field(default_factory=list, max_length=20, description="what these topics feed; everything when empty")
    since: AwareDatetime | None = Field(default=None, description="only what was told from then on; from the beginning when null")
    repair: bool = Field(description="true puts what was built in the place of what differs, false only looks")


class Step(BaseModel):
    """One step that somebody took with a replay."""

    at: datetime
    by: str
    action: str


class Replay(BaseModel):
    """How far a replay is, and what it found: counts of keys per collection and verdict, and some keys that were not equal."""

    model_config = ConfigDict(extra="ignore")

    replay_id: str
    topics: list[str]
    since: datetime | None
    repair: bool
    state: str
    started_at: datetime
    changed_at: datetime
    read: int
    total: int | None
    window: int
    windows: int
    verdicts: dict[str, dict[str, int]]
    examples: list[tuple[str, str, str]]
    audit: list[Step]


class ReplayList(BaseModel):
    """At most one: a service has one replay at a time."""

    items: list[Replay]


class Stop(BaseModel):
    """Stopped ones go on at the next start; discarded ones are gone with all that was built beside."""

    discard: bool = False


def replays_router(replays: ReplayDesk) -> APIRouter:
    """Build `/ops/replays…`."""
    router = APIRouter(prefix="/ops/replays", tags=["operations"], dependencies=[requires(Role.OPERATOR)])

    @router.post("", status_code=202)
    async def start_replay(body: ReplayWish, principal: Operator) -> Replay:
        """Start a replay beside the running service, or go on with the same unfinished one."""
        return Replay.model_validate(await replays.start(body.topics, body.since, repair=body.repair, by=principal.opaque_id))

    @router.get("")
    async def list_replays() -> ReplayList:
        """List what is not finished."""
        return ReplayList(items=[Replay.model_validate(row) for row in await replays.unfinished()])

    @router.get("/{replay_id}")
    async def show_replay(replay_id: str) -> Replay:
        """Show how far it is; a replay whose process died is carried on by the one that is asked."""
        return Replay.model_validate(await replays.show(replay_id))

    @router.post("/{replay_id}/stop", status_code=204)
    async def stop_replay(replay_id: str, body: Stop, principal: Operator) -> None:
        """Stop it; it can go on later, unless it is discarded."""
        await replays.stop(replay_id, by=principal.opaque_id, discard=body.discard)

    return router
