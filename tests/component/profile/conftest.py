"""Profile put together as in production, over the database in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest_asyncio

from services.profile.entrypoints.jobs import ImportWorker
from services.profile.main import build
from services.profile.settings import ProfileSettings
from shared.http.auth import Role
from tests.support.apps import App, running_app
from tests.support.logs import written_log
from tests.support.principals import bearer, caller, member

__all__ = ["HR", "Json", "Profile", "own", "profile", "written_log"]
HR = bearer(caller(Role.HR_ADMIN))
Json = dict[str, Any]


@dataclass(frozen=True)
class Profile:
    """Profile and how to use it."""

    app: App[ProfileSettings]

    @property
    def worker(self) -> ImportWorker:
        """Return what does the imports."""
        return cast("ImportWorker", getattr(self.app.service.jobs["imports"], "__self__"))  # noqa: B009  # the bound job

    async def upload(self, data: bytes | str, **query: str) -> str:
        """Upload a file; return the import's id."""
        body = data if isinstance(data, bytes) else data.encode()
        answer = await self.app.client.post("/imports", params={"filename": "people.csv"} | query, content=body, headers=HR)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["import_id"])

    async def imported(self, data: bytes | str, **query: str) -> Json:
        """Upload a file and import it; return where the import stands, with its `rows`."""
        import_id = await self.upload(data, **query)
        while await self.worker.run_next():
            pass
        return await self.report(import_id)

    async def report(self, import_id: str) -> Json:
        """Return an import with all its rows."""
        status = cast("Json", (await self.app.client.get(f"/imports/{import_id}", headers=HR)).json())
        rows, cursor = [], ""
        while True:
            page = (await self.app.client.get(f"/imports/{import_id}/rows", params={"cursor": cursor} if cursor else {}, headers=HR)).json()
            rows += page["items"]
            cursor = page["next"]
            if not cursor:
                return status | {"rows": rows}

    async def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] = HR) -> Any:
        """Call as HR (or as `headers` say); return the response."""
        return await self.app.client.request(method, path, json=body, headers=headers)

    async def told(self, topic: str | None = None) -> list[Json]:
        """Return the rows of the outbox in their order."""
        rows = await self.app.database.collection("outbox").find({} if topic is None else {"topic": topic})
        return sorted(rows, key=lambda row: (row["at"], row["key"], row["version"], row["index"]))

    async def forget_told(self) -> None:
        """Empty the outbox, as the relay does."""
        await self.app.database.collection("outbox").delete_many({})


def own(member_id: str) -> dict[str, str]:
    """Return the headers of a member."""
    return bearer(member(member_id))


@pytest_asyncio.fixture
async def profile() -> AsyncIterator[Profile]:
    """Run profile."""
    async with running_app("profile", build, ProfileSettings()) as app:
        yield Profile(app)
