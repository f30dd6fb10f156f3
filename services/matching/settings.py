"""Matching's own settings (`TANDEM_MATCHING_…`)."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings


class MatchingSettings(ServiceSettings):
    """What is matching's alone; the shared blocks stand in `shared.settings`."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_MATCHING_")

    http_port: int = Field(8102, ge=0, le=65535, description="The port; 0 takes a free one.")
    solver_threads: int = Field(1, ge=1, le=64, description="How many threads a round's worker process may use.")
