"""Services as processes: told by their environment, watched, restarted on their port."""

import json
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import Processes
from deploy.local.services import Services
from deploy.local.trouble import LaunchTrouble


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return a folder for logs."""
    (tmp_path / "pids").mkdir()
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def services(logs: Path, *names: str) -> Services:
    """Return services made of stubs."""
    return Services(
        Processes(logs.parent / "pids"),
        logs,
        {"TANDEM_KAFKA__BOOTSTRAP_SERVERS": "k:1"},
        {"first": {"TANDEM_SMTP__HOST": "mail"}},
        names=names,
        package="tests.support.stub_services",
    )


def told(logs: Path, name: str) -> dict[str, str]:
    """Return the environment that a stub found."""
    found: dict[str, str] = json.loads((logs / f"{name}.ndjson").read_text())
    return found


class TestStart:
    """All at once, each told what it needs."""

    async def test_each_knows_its_port_its_peers_and_its_own_settings(self, logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Settings go by environment; what is for tests and tools does not reach a service."""
        monkeypatch.setenv("TANDEM_TEST_BACKEND", "tansu")
        running = services(logs, "first", "second")
        await running.start()
        first, second = told(logs, "first"), told(logs, "second")
        assert first["TANDEM_PEERS__SECOND_URL"] == running.urls["second"]
        assert running.urls["second"].endswith(second["TANDEM_SECOND_HTTP_PORT"])
        assert first["TANDEM_KAFKA__BOOTSTRAP_SERVERS"] == "k:1"
        assert first["TANDEM_SMTP__HOST"] == "mail"
        assert "TANDEM_SMTP__HOST" not in second
        assert "TANDEM_TEST_BACKEND" not in first
        assert await running.stop() == []

    async def test_one_that_dies_is_named_and_the_others_end(self, logs: Path) -> None:
        """Which one, and its last words."""
        running = services(logs, "first", "dying")
        with pytest.raises(LaunchTrouble, match="dying ended with exit code 1") as caught:
            await running.start()
        assert caught.value.lines == ("TANDEM_MONGO__URL is not usable",)
        assert [child.name() for child in psutil.Process().children()] == []


class TestRestart:
    """For tests that kill a service in mid-stream."""

    async def test_a_killed_one_comes_back_on_its_port(self, logs: Path) -> None:
        """Peers need not be told."""
        running = services(logs, "first")
        await running.start()
        url, pid = running.urls["first"], running.running["first"].pid
        running.kill("first")
        await running.restart("first")
        assert running.urls["first"] == url
        assert running.running["first"].pid != pid
        await running.stop()
