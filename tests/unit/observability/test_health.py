"""Ready means: everything the process needs answers; what is missing is named by a code."""

import asyncio

import pytest

from shared.observability import health as module
from shared.observability.health import Health, NotReady


async def fine() -> None:
    """Answer at once."""


class TestHealth:
    """A broker or database that is away makes the process not ready, nothing more."""

    async def test_all_checks_fine_is_ready(self) -> None:
        """N17: each check is listed by name."""
        health = Health()
        health.add("database", fine)
        health.add("broker", fine)
        report = await health.ready()
        assert report.ok
        assert report.checks == {"broker": "ok", "database": "ok"}

    async def test_what_is_missing_is_named_by_a_code_never_by_text(self) -> None:
        """N9: an exception's text stays out of the answer."""

        async def away() -> None:
            raise ConnectionError("secret-host:9092")

        async def unprepared() -> None:
            raise NotReady("indexes-missing")

        health = Health()
        health.add("broker", away)
        health.add("database", unprepared)
        report = await health.ready()
        assert not report.ok
        assert report.checks == {"broker": "ConnectionError", "database": "indexes-missing"}

    async def test_a_check_that_hangs_is_cut(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Probes have a limit of their own."""
        monkeypatch.setattr(module, "CHECK_SECONDS_MAX", 0.01)

        async def hangs() -> None:
            await asyncio.Event().wait()

        health = Health()
        health.add("broker", hangs)
        assert (await health.ready()).checks == {"broker": "no-answer"}

    async def test_a_failing_part_is_named_until_it_runs_again(self) -> None:
        """A background part in its pause before the next start makes the process not ready."""
        health = Health()
        health.failing("relay", RuntimeError("text"))
        assert (await health.ready()).checks == {"relay": "RuntimeError"}
        assert health.live().ok
        health.running("relay")
        assert (await health.ready()).ok

    async def test_a_part_that_fails_for_good_ends_liveness(self) -> None:
        """The orchestrator starts the process anew; a broker that is away never gets that far."""
        health = Health()
        health.failing("relay", RuntimeError("text"), for_good=True)
        assert not health.live().ok
        assert health.live().checks == {"relay": "RuntimeError"}
