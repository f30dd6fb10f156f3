"""A service as a process: it answers while broker and database are away, stops within ten seconds, and leaves with code 0."""

import signal
import socket
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.probing import until
from tests.support.processes import STOP_SECONDS_MAX, small_process


class TestAway:
    """A broker or a database that is away stops nothing but readiness."""

    async def test_http_answers_and_ready_names_what_is_missing(self, tmp_path: Path) -> None:
        """Live at once; not ready, with a code for each."""
        async with small_process(tmp_path) as small:
            await until(small.is_live, within=30, saying="the process answers /live")
            answer = await small.client.get("/ready")
            assert answer.status_code == 503
            assert answer.json()["status"] == "not-ready"
            assert set(answer.json()["checks"]) == {"broker", "database"}
            assert "ok" not in answer.json()["checks"].values()


class TestStop:
    """SIGTERM and SIGINT end the process in good order."""

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    async def test_within_ten_seconds_and_with_code_0(self, tmp_path: Path, number: signal.Signals) -> None:
        """Also while broker and database are away, and with a connection left open."""
        async with small_process(tmp_path) as small:
            await until(small.is_live, within=30, saying="the process answers /live")
            took = await small.stop(number)
            assert small.process.returncode == 0
            assert took < STOP_SECONDS_MAX
            actions = small.actions()
            assert (actions[0], actions[-1]) == ("process.started", "process.stopped")
            assert "process.stopping" in actions


class TestBadStart:
    """What is wrong is said in one line."""

    async def test_a_mistyped_name(self, tmp_path: Path) -> None:
        """Exit code 2, one line on stderr, no stack trace."""
        async with small_process(tmp_path, TANDEM_MATCHING_GREETIN="x") as small:
            _, errors = await small.process.communicate()
            assert small.process.returncode == 2
            assert errors.decode().splitlines() == [
                "tandem matching cannot start: TANDEM_MATCHING_GREETIN is not a setting of Tandem: did you mean TANDEM_MATCHING_GREETING?"
            ]

    async def test_a_port_that_is_taken(self, tmp_path: Path) -> None:
        """A line in the log, no stack trace, exit code 3 (the HTTP server's own)."""
        with closing(socket.socket()) as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            async with small_process(tmp_path, TANDEM_MATCHING_HTTP_PORT=str(taken.getsockname()[1])) as small:
                _, errors = await small.process.communicate()
                assert small.process.returncode == 3
                assert b"Traceback" not in errors
                assert any("address already in use" in line["message"] for line in small.lines())
