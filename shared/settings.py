"""Settings from the environment: read together, checked together, one readable line when something is wrong.

Shared blocks are named `TANDEM_<BLOCK>__<FIELD>` (`TANDEM_KAFKA__BOOTSTRAP_SERVERS`), a service's own settings
`TANDEM_<SERVICE>_<FIELD>` (`TANDEM_MATCHING_HTTP_PORT`). A secret may lie in a file named as the whole variable in lower
case (`tandem_auth__client_secret`) in the folder that `TANDEM_SECRETS_DIR` names, by default `/run/secrets`.
"""

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NestedSecretsSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from shared.http.settings import AuthSettings
from shared.kernel.clock import Clock, ScaledClock
from shared.messaging.settings import KafkaSettings
from shared.persistence.mongo import MongoSettings

PREFIX = "TANDEM_"
SERVICES = ("PROFILE", "MATCHING", "SCHEDULING", "NOTIFICATION")
OTHERS = ("TEST", "STACK", "SECRETS", "SMTP", "CONSOLE", "DEMO", "ENGINE")
"""First words of names that are Tandem's but that not every process reads (tools, tests, notification's mail block)."""
SECRETS_DIR = "TANDEM_SECRETS_DIR"
SECRETS_DIR_DEFAULT = Path("/run/secrets")

S = TypeVar("S", bound=BaseSettings)
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+")]


class BadSettings(Exception):
    """The environment is not usable. Each problem names the variable and the remedy, never a value."""

    def __init__(self, problems: Iterable[str]) -> None:
        """Keep the problems."""
        self.problems = list(problems)
        super().__init__("; ".join(self.problems))


class Block(BaseModel):
    """One group of settings."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ClockSettings(Block):
    """Business time for demos and soak tests: start, epoch and rate together or none; the same in all processes."""

    start: AwareDatetime | None = Field(None, description="Business time at `epoch` (RFC 3339).")
    epoch: AwareDatetime | None = Field(None, description="Wall time at which business time was `start`.")
    rate: float | None = Field(None, gt=0, description="How many business seconds pass in one second.")
    until: AwareDatetime | None = Field(None, description="Business time at which it stands still (RFC 3339).")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        given = [value is not None for value in (self.start, self.epoch, self.rate)]
        if any(given) and not all(given):
            raise ValueError("START, EPOCH and RATE belong together: set all three or none")
        return self

    def business(self, wall: Clock) -> Clock:
        """Return the clock that rules and timers use."""
        if self.start is None or self.epoch is None or self.rate is None:
            return wall
        return ScaledClock(self.start, self.epoch, self.rate, wall, self.until)


class LogSettings(Block):
    """Log lines go to stdout; with a file also there (one JSON object a line)."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="The least level that is written.")
    file: Path | None = Field(None, description="A file that gets the lines, too.")


class PeerSettings(Block):
    """Where the services' HTTP APIs are, for reads at the moment of use."""

    profile_url: Url = Field("http://127.0.0.1:8101", description="Base URL of profile.")
    matching_url: Url = Field("http://127.0.0.1:8102", description="Base URL of matching.")
    scheduling_url: Url = Field("http://127.0.0.1:8103", description="Base URL of scheduling.")
    notification_url: Url = Field("http://127.0.0.1:8104", description="Base URL of notification.")


class TelemetrySettings(Block):
    """OpenTelemetry, off by default; needs the extra `telemetry` (`pip install tandem[telemetry]`)."""

    endpoint: Url | None = Field(None, description="An OTLP/HTTP collector that gets spans, such as http://127.0.0.1:4318; none: off.")
    share: float = Field(1.0, ge=0, le=1, description="The share of traces that begin here and are sent; callers' own choice counts first.")


class FromEnvironment(BaseSettings):
    """Reads environment, then secret files. Sources are listed here so that nothing else is read by accident."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003  # the name is given by pydantic-settings
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # a stray .env file never changes a service
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then secret files, and nothing else."""
        folder = secrets_dir()
        if folder is None:
            return init_settings, env_settings
        prefix = str(cls.model_config.get("env_prefix", PREFIX)).lower()
        files = NestedSecretsSettingsSource(file_secret_settings, secrets_dir=folder, secrets_prefix=prefix, secrets_nested_delimiter="__")
        return init_settings, env_settings, files


class SharedSettings(FromEnvironment):
    """The blocks that every service reads (`TANDEM_<BLOCK>__<FIELD>`)."""

    model_config = SettingsConfigDict(env_nested_delimiter="__")

    kafka: KafkaSettings = Field(default_factory=KafkaSettings)
    mongo: MongoSettings = Field(default_factory=MongoSettings)
    auth: AuthSettings
    clock: ClockSettings = Field(default_factory=ClockSettings)
    log: LogSettings = Field(default_factory=LogSettings)
    peers: PeerSettings = Field(default_factory=PeerSettings)
    telemetry: TelemetrySettings = Field(default_factory=TelemetrySettings)


class ServiceSettings(FromEnvironment):
    """What each service has of its own. A service's class sets `env_prefix` to `TANDEM_<SERVICE>_`."""

    http_host: str = Field("127.0.0.1", description="The address on which HTTP is served.")
    http_port: int = Field(8000, ge=0, le=65535, description="The port; 0 takes a free one.")


def secrets_dir() -> Path | None:
    """Return the folder of secret files, None when there is none."""
    folder = Path(os.environ.get(SECRETS_DIR) or SECRETS_DIR_DEFAULT)
    return folder if folder.is_dir() else None


def load(own: type[S], *others: type[BaseSettings]) -> tuple[SharedSettings, S]:
    """Read the shared blocks and a service's own settings; check `others`, which the service reads by itself.

    Raises:
        BadSettings: with every problem found, unknown names included.

    """
    problems = list(unknown_names(os.environ, own, SharedSettings, *others))
    shared = _read(SharedSettings, problems)
    mine = _read(own, problems)
    for other in others:
        _read(other, problems)
    if problems or shared is None or mine is None:
        raise BadSettings(problems)
    return shared, mine


def _read(kind: type[S], problems: list[str]) -> S | None:
    try:
        return kind()
    except ValidationError as fault:
        found = [(name, error) for error in fault.errors(include_input=False, include_url=False) for name in _names(kind, error)]
        problems += [_readable(name, error) for name, error in found if not _told_already(name, error)]
    except SettingsError:
        problems.append(f"a list or mapping of {prefix_of(kind)}… is not valid JSON")
    return None


def _names(kind: type[BaseSettings], error: Mapping[str, Any]) -> list[str]:
    name = prefix_of(kind) + "__".join(str(part) for part in error["loc"]).upper()
    field = kind.model_fields.get(str(error["loc"][0])) if error["loc"] else None
    block = None if field is None else field.annotation
    if error["type"] == "missing" and len(error["loc"]) == 1 and isinstance(block, type) and issubclass(block, BaseModel):
        return [f"{name}__{inner.upper()}" for inner, detail in block.model_fields.items() if detail.is_required()]
    return [name]


def _told_already(name: str, error: Mapping[str, Any]) -> bool:
    return error["type"] == "extra_forbidden" and name in os.environ  # `unknown_names` says it better


def _readable(name: str, error: Mapping[str, Any]) -> str:
    if error["type"] == "missing":
        return f"{name} is not set"
    return f"{name}: {str(error['msg']).removeprefix('Value error, ')}"


def prefix_of(kind: type[BaseSettings]) -> str:
    """Return what the variables of a settings class begin with."""
    return str(kind.model_config.get("env_prefix", ""))


def variables(kind: type[BaseSettings]) -> Iterator[tuple[str, str]]:
    """Yield every variable that a settings class reads, with its description."""
    for name, field in kind.model_fields.items():
        block = field.annotation
        if isinstance(block, type) and issubclass(block, BaseModel):
            for inner, detail in block.model_fields.items():
                yield f"{prefix_of(kind)}{name}__{inner}".upper(), detail.description or ""
        else:
            yield f"{prefix_of(kind)}{name}".upper(), field.description or ""


def unknown_names(environment: Mapping[str, str], own: type[BaseSettings], *others: type[BaseSettings]) -> Iterator[str]:
    """Yield a line for each `TANDEM_…` name that nothing reads, with the nearest known one ("did you mean")."""
    known = sorted({name for kind in (own, *others) for name, _ in variables(kind)})
    read = [prefix_of(kind).removeprefix(PREFIX).split("_")[0] for kind in (own, *others)]
    foreign = [word for word in (*SERVICES, *OTHERS) if word not in read]
    for name in sorted(environment):
        if not name.startswith(PREFIX) or name in known or name.removeprefix(PREFIX).split("_")[0] in foreign:
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
        yield f"{name} is not a setting of Tandem" + (f": did you mean {near[0]}?" if near else "")
