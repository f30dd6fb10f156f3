"""Profile over the run's MongoDB: in this process, and as a process that may be killed."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from services.profile.main import build
from services.profile.settings import ProfileSettings
from shared.http.settings import AuthSettings
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from shared.messaging.settings import KafkaSettings
from shared.persistence.database import Database
from shared.persistence.mongo import MongoSettings, connect
from shared.settings import SharedSettings
from tests.component.profile.conftest import Profile
from tests.support.apps import running_app
from tests.support.probing import until
from tests.support.processes import NOWHERE, ROOT, free_port
from tests.support.tokens import ISSUER, TestIssuer

OpenProfile = Callable[..., AbstractAsyncContextManager[Profile]]


@pytest_asyncio.fixture
async def database(mongo_url: str, fresh_name: str) -> AsyncIterator[Database]:
    """Return profile's database, of this test's own."""
    opened = connect(MongoSettings(url=mongo_url, database_prefix=fresh_name), "profile", wall=WallClock(), randomness=SystemRandomness())
    yield opened
    await opened.close()


@pytest.fixture
def open_profile(mongo_url: str, fresh_name: str) -> OpenProfile:
    """Return what opens profile, several times over one database if need be; nothing runs by itself."""

    @asynccontextmanager
    async def opening(replica: str = "profile-0") -> AsyncIterator[Profile]:
        own = connect(MongoSettings(url=mongo_url, database_prefix=fresh_name), "profile", wall=WallClock(), randomness=SystemRandomness())
        shared = SharedSettings(auth=AuthSettings(issuer=ISSUER, jwks="unused.json"), kafka=KafkaSettings(group_instance_id=replica))
        async with running_app("profile", build, ProfileSettings(), database=own, shared=shared) as app:
            yield Profile(app)

    return opening


@dataclass
class Process:
    """`python -m services.profile`, without a broker: its outbox waits in the database."""

    settings: dict[str, str]
    issuer: TestIssuer
    port: int = field(default_factory=free_port)
    _running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Start it and wait until it answers."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
        self._running = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "services.profile"),
            cwd=ROOT,
            env=inherited | self.settings | {"TANDEM_PROFILE_HTTP_PORT": str(self.port)},
            stdout=asyncio.subprocess.DEVNULL,
        )
        await until(self._is_live, within=60, saying="profile answers")

    async def kill(self) -> None:
        """End it as a power cut does."""
        if self._running is not None and self._running.returncode is None:
            self._running.kill()
            await self._running.wait()

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Call as HR; return the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.issuer.token('hr', ('hr_admin',))}"}
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30, headers=headers) as client:
            answer = await client.request(method, path, **options)
        assert answer.is_success, answer.text
        return answer.json()

    async def _is_live(self) -> bool:
        try:
            await self.call("GET", "/live")
        except httpx2.TransportError:
            return False
        return True


@pytest_asyncio.fixture
async def process(mongo_url: str, fresh_name: str, tmp_path: Path) -> AsyncIterator[Process]:
    """Return profile as a process, not started yet."""
    issuer, keys = TestIssuer(), tmp_path / "keys.json"
    keys.write_text(json.dumps(issuer.jwks()))
    settings = {
        "TANDEM_AUTH__ISSUER": ISSUER,
        "TANDEM_AUTH__JWKS": str(keys),
        "TANDEM_KAFKA__BOOTSTRAP_SERVERS": NOWHERE,
        "TANDEM_KAFKA__GROUP_INSTANCE_ID": "profile-0",
        "TANDEM_MONGO__URL": mongo_url,
        "TANDEM_MONGO__DATABASE_PREFIX": fresh_name,
    }
    started = Process(settings, issuer)
    yield started
    await started.kill()
