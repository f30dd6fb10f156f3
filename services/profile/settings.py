"""Profile's own settings (`TANDEM_PROFILE_…`); the shared blocks are in `shared.settings`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import ServiceSettings

MEBIBYTE = 1024 * 1024


class ProfileSettings(ServiceSettings):
    """What a company may set about its people."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_PROFILE_")

    http_port: int = Field(8101, ge=0, le=65535, description="The port; 0 takes a free one.")
    vocabulary: Path | None = Field(None, description="The company's list of skills, goals and challenges (TOML); the shipped one without.")
    default_timezone: str = Field("UTC", description="The zone of members who state none and whose country has several.")
    default_language: str = Field("en", description="The language of members who state none and whose country is unknown.")
    default_working_hours: str = Field("mo-fr 09:00-17:00", description="The hours of members who state none.")
    import_bytes_max: int = Field(200 * MEBIBYTE, ge=1024, description="How large a people file may be.")
