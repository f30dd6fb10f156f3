"""Settings are read and checked together; what is wrong is said in one line that names the variable, never a value."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.http.principals import Role
from shared.kernel.clock import ScaledClock, WallClock
from shared.process import run_service
from shared.settings import BadSettings, ServiceSettings, SharedSettings, load, variables

SECRET = "hunter2"


class MatchingSettings(ServiceSettings):
    """The settings of a service."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_MATCHING_")

    http_port: int = Field(8102, ge=0, le=65535)
    api_key: SecretStr | None = None
    kinds: list[str] = []


class MailSettings(BaseSettings):
    """A block that only one service reads."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_SMTP__")

    host: str = "localhost"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """Start from an environment with nothing of Tandem but what must be there."""
    for name in [name for name in os.environ if name.startswith("TANDEM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("TANDEM_AUTH__ISSUER", "https://issuer.test")
    monkeypatch.setenv("TANDEM_AUTH__JWKS", "keys.json")
    monkeypatch.setenv("TANDEM_SECRETS_DIR", str(tmp_path))
    return monkeypatch


def problems() -> list[str]:
    """Return what is wrong."""
    with pytest.raises(BadSettings) as fault:
        load(MatchingSettings)
    return fault.value.problems


class TestReading:
    """Blocks and own settings come from their variables."""

    def test_shared_blocks_and_own_settings(self, environment: pytest.MonkeyPatch) -> None:
        """Two underscores lead into a block, one stays in the service."""
        environment.setenv("TANDEM_KAFKA__BOOTSTRAP_SERVERS", "kafka:9092")
        environment.setenv("TANDEM_MONGO__URL", "mongodb://db/?replicaSet=rs0")
        environment.setenv("TANDEM_PEERS__PROFILE_URL", "http://profile:8101")
        environment.setenv("TANDEM_MATCHING_HTTP_PORT", "9000")
        shared, own = load(MatchingSettings)
        assert shared.kafka.bootstrap_servers == "kafka:9092"
        assert shared.mongo.url == "mongodb://db/?replicaSet=rs0"
        assert shared.peers.profile_url == "http://profile:8101"
        assert own.http_port == 9000

    def test_an_empty_variable_is_no_value(self, environment: pytest.MonkeyPatch) -> None:
        """Compose passes empty strings for what is not set."""
        environment.setenv("TANDEM_LOG__FILE", "")
        assert load(MatchingSettings)[0].log.file is None

    def test_a_secret_from_a_file(self, tmp_path: Path) -> None:
        """The file is named as the whole variable in lower case."""
        (tmp_path / "tandem_auth__client_secret").write_text(SECRET + "\n")
        (tmp_path / "tandem_matching_api_key").write_text(SECRET)
        shared, own = load(MatchingSettings)
        assert shared.auth.client_secret == SecretStr(SECRET)
        assert own.api_key == SecretStr(SECRET)
        assert SECRET not in repr(shared) + repr(own)

    def test_the_environment_goes_before_the_file(self, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """What is set by hand wins."""
        (tmp_path / "tandem_matching_api_key").write_text("from the file")
        environment.setenv("TANDEM_MATCHING_API_KEY", "by hand")
        assert load(MatchingSettings)[1].api_key == SecretStr("by hand")


class TestClockBlock:
    """Architecture section 7: the business clock may run faster, the same in all processes."""

    def test_nothing_set_is_the_wall_clock(self) -> None:
        """Production: business time is real time."""
        wall = WallClock()
        assert load(MatchingSettings)[0].clock.business(wall) is wall

    def test_three_values_are_a_scaled_clock(self, environment: pytest.MonkeyPatch) -> None:
        """Start, epoch and rate."""
        environment.setenv("TANDEM_CLOCK__START", "2027-01-04T08:00:00Z")
        environment.setenv("TANDEM_CLOCK__EPOCH", "2026-11-24T12:00:00+01:00")
        environment.setenv("TANDEM_CLOCK__RATE", "60000")
        clock = load(MatchingSettings)[0].clock.business(WallClock())
        assert isinstance(clock, ScaledClock)
        assert clock.start == datetime(2027, 1, 4, 8, tzinfo=UTC)
        assert clock.real_seconds(timedelta(minutes=1000)) == 1.0

    def test_one_alone_is_a_mistake(self, environment: pytest.MonkeyPatch) -> None:
        """A rate without a start would be a clock of each process's own."""
        environment.setenv("TANDEM_CLOCK__RATE", "60000")
        assert problems() == ["TANDEM_CLOCK: START, EPOCH and RATE belong together: set all three or none"]


class TestMistakes:
    """One readable line; a value is never part of it."""

    def test_a_missing_variable_is_named(self, environment: pytest.MonkeyPatch) -> None:
        """The remedy is to set it."""
        environment.delenv("TANDEM_AUTH__ISSUER")
        assert problems() == ["TANDEM_AUTH__ISSUER is not set"]

    def test_an_unknown_name_is_refused_with_the_nearest_known_one(self, environment: pytest.MonkeyPatch) -> None:
        """A typing mistake never passes for a default."""
        environment.setenv("TANDEM_KAFKA__BOOTSTRAP_SERVER", "x")
        environment.setenv("TANDEM_MATCHING_HTP_PORT", "x")
        assert problems() == [
            "TANDEM_KAFKA__BOOTSTRAP_SERVER is not a setting of Tandem: did you mean TANDEM_KAFKA__BOOTSTRAP_SERVERS?",
            "TANDEM_MATCHING_HTP_PORT is not a setting of Tandem: did you mean TANDEM_MATCHING_HTTP_PORT?",
        ]

    def test_an_unknown_name_without_a_neighbour(self, environment: pytest.MonkeyPatch) -> None:
        """Nothing is invented."""
        environment.setenv("TANDEM_XYZ", "x")
        assert problems() == ["TANDEM_XYZ is not a setting of Tandem"]

    def test_a_wrong_value_is_not_repeated(self, environment: pytest.MonkeyPatch) -> None:
        """It might be a secret in the wrong place."""
        environment.setenv("TANDEM_MATCHING_HTTP_PORT", SECRET)
        environment.setenv("TANDEM_MATCHING_KINDS", SECRET)
        found = problems()
        assert SECRET not in str(found)
        assert "TANDEM_MATCHING" in found[0]

    def test_all_problems_are_told_at_once(self, environment: pytest.MonkeyPatch) -> None:
        """Nobody starts a service five times to find five mistakes."""
        environment.delenv("TANDEM_AUTH__JWKS")
        environment.setenv("TANDEM_MATCHING_HTTP_PORT", "70000")
        environment.setenv("TANDEM_LOG__LEVL", "info")
        assert len(problems()) == 3

    def test_other_services_names_are_none_of_ours(self, environment: pytest.MonkeyPatch) -> None:
        """One env file may serve all services."""
        environment.setenv("TANDEM_PROFILE_HTTP_PORT", "8101")
        environment.setenv("TANDEM_SMTP__HOST", "mail")
        environment.setenv("TANDEM_TEST_BACKEND", "containers")
        load(MatchingSettings)

    def test_a_block_that_is_read_is_checked(self, environment: pytest.MonkeyPatch) -> None:
        """The service that reads the mail block knows its names."""
        environment.setenv("TANDEM_SMTP__HOSTT", "mail")
        with pytest.raises(BadSettings, match="did you mean TANDEM_SMTP__HOST"):
            load(MatchingSettings, MailSettings)

    def test_the_process_says_one_line_and_leaves(self, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        """No stack trace, exit code 2, nothing on stdout."""
        environment.setenv("TANDEM_MATCHING_HTTP_PORT", "x")
        environment.delenv("TANDEM_AUTH__ISSUER")

        def never(_foundation: object) -> None:
            raise AssertionError

        assert run_service("matching", MatchingSettings, never) == 2  # type: ignore[arg-type]
        written = capsys.readouterr()
        assert written.out == ""
        (line,) = written.err.splitlines()
        assert line.startswith("tandem matching cannot start: TANDEM_AUTH__ISSUER is not set; TANDEM_MATCHING_HTTP_PORT: ")

    def test_a_log_file_that_cannot_be_written(
        self, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        """Said in a line like the others."""
        (tmp_path / "file").write_text("")
        environment.setenv("TANDEM_LOG__FILE", str(tmp_path / "file" / "log.ndjson"))
        assert run_service("matching", MatchingSettings, lambda _foundation: None) == 2  # type: ignore[arg-type,return-value]
        assert capsys.readouterr().err == "tandem matching cannot start: TANDEM_LOG__FILE: this file cannot be written\n"

    def test_lists_and_mappings_are_json(self, environment: pytest.MonkeyPatch) -> None:
        """A company's groups become roles."""
        environment.setenv("TANDEM_AUTH__ROLE_MAP", '{"GG-HR": "hr_admin"}')
        environment.setenv("TANDEM_AUTH__ALGORITHMS", '["ES256"]')
        auth = load(MatchingSettings)[0].auth
        assert (auth.role_map, auth.algorithms) == ({"GG-HR": Role.HR_ADMIN}, ("ES256",))
        environment.setenv("TANDEM_AUTH__ROLE_MAP", '{"GG-HR": "emperor"}')
        (problem,) = problems()
        assert problem.startswith("TANDEM_AUTH__ROLE_MAP__GG-HR: Input should be 'member'")


class TestTable:
    """Every setting is listed with its meaning."""

    def test_every_shared_variable_of_http_has_a_description(self) -> None:
        """A table of settings can be generated."""
        ours = ("TANDEM_AUTH__", "TANDEM_LOG__", "TANDEM_CLOCK__", "TANDEM_PEERS__")
        listed = {name: text for name, text in variables(SharedSettings) if name.startswith(ours)}
        assert "TANDEM_AUTH__ISSUER" in listed
        assert [name for name, text in listed.items() if not text] == []
