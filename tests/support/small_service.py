"""A service that does next to nothing, as a process: `python -m tests.support.small_service`. For tests of what all services share."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel
from pydantic_settings import SettingsConfigDict

from shared.foundation import Foundation
from shared.http.auth import Principal, Role, requires
from shared.kernel.cause import Cause
from shared.kernel.errors import Refusal
from shared.persistence.database import Transaction
from shared.persistence.indexes import Index
from shared.process import run_service
from shared.service import Service
from shared.settings import ServiceSettings
from shared.timers.timers import Due

NAME = "matching"
"""One of the known services, so that its dead-letter topic exists."""
THINGS = "things"


class SmallSettings(ServiceSettings):
    """What the small service can be told."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_MATCHING_")

    greeting: str = "hello"


class ThingTaken(Refusal):
    """The name is taken."""

    code = "thing-taken"
    title = "There is such a thing already."


class Thing(BaseModel):
    """What the small service keeps."""

    name: str
    number: int


class SmallUnitOfWork:
    """One transaction of the small service."""

    def __init__(self, tx: Transaction) -> None:
        """Bind to a transaction."""
        self.things = tx.collection(THINGS)

    async def add(self, name: str) -> Thing:
        """Add a thing and number it."""
        number = await self.things.count({}) + 1
        if await self.things.find_one({"name": name}) is not None:
            raise ThingTaken(name_length=len(name))
        await self.things.insert_one({"_id": f"t-{number}", "name": name})
        return Thing(name=name, number=number)


def build(f: Foundation[SmallSettings]) -> Service:
    """Put the small service together."""

    def bind(tx: Transaction, _cause: Cause) -> SmallUnitOfWork:
        return SmallUnitOfWork(tx)

    commands = f.commands(bind)
    router = APIRouter()

    @router.post("/things", status_code=201)
    async def add_thing(request: Request, body: Thing, principal: Annotated[Principal, requires(Role.MEMBER)]) -> Thing:
        return await commands.run(request, principal, "add-thing", lambda uow: uow.add(body.name), answer=Thing, body=body)

    async def on_due(_due: Due, _uow: SmallUnitOfWork) -> None:
        return None

    return Service(
        title="Small",
        routers=[router],
        consumer=f.consumer(bind),
        indexes=[Index(collection=THINGS, keys=(("name", 1),))],
        timers=f.timer_runner(bind, {"nothing": on_due}),
    )


if __name__ == "__main__":
    raise SystemExit(run_service(NAME, SmallSettings, build))
