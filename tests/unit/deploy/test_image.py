"""What runs inside the image besides the services: start, healthcheck, the trial's issuer."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import settings_table
from deploy.image import healthcheck, issuer, start
from shared.http.keys import KeyCache
from shared.http.principals import Role
from shared.http.settings import AuthSettings
from shared.http.tokens import TokenAuthenticator
from shared.kernel.clock import WallClock

ROOT = Path(__file__).parents[3]


class TestStart:
    """`docker run tandem matching`."""

    @pytest.mark.parametrize("arguments", [[], ["--help"], ["os"], ["../matching"]])
    def test_only_services_can_be_started(self, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
        """Anything else is told what there is."""
        assert start.main(arguments) == 2
        assert capsys.readouterr().err.startswith("usage: <image> profile|matching|scheduling|notification|console")

    def test_the_process_becomes_the_service(self) -> None:
        """Signals reach it, its exit code is the container's; here it refuses to start without settings."""
        command = [sys.executable, "-m", "deploy.image.start", "profile"]
        answer = subprocess.run(command, cwd=ROOT, env={}, capture_output=True, text=True, timeout=60, check=False)
        assert answer.returncode == 2
        assert answer.stderr == "tandem profile cannot start: TANDEM_AUTH__ISSUER is not set; TANDEM_AUTH__JWKS is not set\n"


class TestHealthcheck:
    """The exit code is the answer."""

    @pytest.mark.parametrize(("status", "code"), [("200 OK", 0), ("503 Service Unavailable", 1)])
    async def test_200_is_healthy(self, status: str, code: int) -> None:
        """Anything else is not."""

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            check = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "deploy.image.healthcheck", f"http://127.0.0.1:{port}/ready", cwd=ROOT
            )
            assert await check.wait() == code

    def test_nobody_there_is_not_healthy(self) -> None:
        """A refused connection is an answer, too."""
        assert healthcheck.main(["http://127.0.0.1:9/ready"]) == 1


class TestIssuer:
    """The trial's tokens pass the same check as a real issuer's."""

    async def test_tokens_are_believed_by_the_services_check(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """A service's own token from its file, and one printed for a person."""
        private, public = tmp_path / "issuer", tmp_path / "identity"
        places = ["--private", str(private), "--public", str(public)]
        assert issuer.main([*places, "hand-out"]) == 0
        settings = AuthSettings(issuer="urn:tandem:local-issuer", jwks=str(public / "jwks.json"))

        async def keys() -> bytes:
            return (public / "jwks.json").read_bytes()

        check = TokenAuthenticator(settings, KeyCache(keys), service="profile", wall=WallClock())
        service = await check.principal((public / "notification" / "tandem_auth__service_token").read_text())
        assert (service.subject, service.roles) == ("notification", (Role.SERVICE,))
        assert issuer.main([*places, "token", "me", "--role", "hr_admin"]) == 0
        person = await check.principal(capsys.readouterr().out.splitlines()[-1])
        assert (person.subject, person.roles) == ("me", (Role.HR_ADMIN,))

    def test_a_second_start_keeps_the_keys_and_the_private_one_stays_private(self, tmp_path: Path) -> None:
        """Tokens handed out before stay good; nothing secret is in the public folder."""
        private, public = tmp_path / "issuer", tmp_path / "identity"
        for _ in range(2):
            issuer.hand_out(private, public)
            (key,) = json.loads((public / "jwks.json").read_text())["keys"]
            assert "d" not in key
        assert not (public / "issuer.json").exists()


class TestSettingsTable:
    """One page of all settings, true to the code."""

    def test_it_is_up_to_date(self) -> None:
        """`python -m deploy.settings_table` writes it anew."""
        assert settings_table.FILE.read_text(encoding="utf-8") == settings_table.table()

    def test_every_setting_says_what_it_means(self) -> None:
        """No empty cell in the last column."""
        rows = [line for line in settings_table.table().splitlines() if line.startswith("| `")]
        assert [row for row in rows if row.endswith("|  |")] == []
