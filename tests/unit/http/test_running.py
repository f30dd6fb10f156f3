"""Background parts: a failure is told, counted, and followed by another start; too many in a row end liveness."""

from collections.abc import AsyncIterator

import pytest

from shared import running
from shared.foundation import Foundation
from shared.http.settings import AuthSettings
from shared.kernel.clock import WallClock
from shared.kernel.randomness import seeded
from shared.running import Running
from shared.settings import SharedSettings
from tests.support.memory.database import memory_database
from tests.support.probing import until
from tests.support.small_service import NAME, SmallSettings, build


@pytest.fixture
async def foundation() -> AsyncIterator[Foundation[SmallSettings]]:
    """Build a foundation in memory."""
    shared = SharedSettings(auth=AuthSettings(issuer="https://issuer.test", jwks="unused.json"))
    wall = WallClock()
    built = Foundation(NAME, shared, SmallSettings(), wall=wall, randomness=seeded("running"), database=memory_database(wall=wall))
    yield built
    await built.tasks.stop(1.0)
    await built.close()


class TestParts:
    """A part's fault ends neither the process nor the other parts."""

    async def test_a_part_that_fails_is_started_again(self, foundation: Foundation[SmallSettings]) -> None:
        """Not ready meanwhile, ready once it runs; counted."""
        runs = []

        async def fails_once() -> None:
            runs.append(1)
            if len(runs) == 1:
                raise RuntimeError

        keeper = Running(foundation, build(foundation))
        await keeper._keep("job", fails_once)
        assert len(runs) == 2
        assert foundation.health.live().ok
        assert 'tandem_part_failures_total{part="job"} 1.0' in foundation.metrics.render().decode()

    async def test_a_part_that_always_fails_ends_liveness(
        self, foundation: Foundation[SmallSettings], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The orchestrator starts the process anew; until then it goes on trying."""
        monkeypatch.setattr(running, "FAILURES_MAX", 2)

        async def fails() -> None:
            raise RuntimeError

        keeper = Running(foundation, build(foundation))
        foundation.tasks.spawn("job", keeper._keep("job", fails))
        await until(lambda: not foundation.health.live().ok, saying="the process says that it is not live")
        assert foundation.health.live().checks == {"job": "RuntimeError"}


class TestFoundation:
    """All memory hangs on what main.py builds."""

    async def test_two_of_them_share_nothing(self, foundation: Foundation[SmallSettings]) -> None:
        """Building twice gives two worlds: bells, figures, health, routes."""
        wall = WallClock()
        other = Foundation(NAME, foundation.shared, SmallSettings(), wall=wall, randomness=seeded("x"), database=memory_database(wall=wall))
        build(foundation), build(other)  # the second would fail on shared figures or routes
        for name in ("database", "health", "metrics", "tasks", "outbox_bell", "timers_bell", "http", "authenticator"):
            assert getattr(foundation, name) is not getattr(other, name)
        await other.close()
