"""Scheduling's own settings (`TANDEM_SCHEDULING_…`)."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from services.scheduling.domain.desk import Horizon
from shared.settings import ServiceSettings


class SchedulingSettings(ServiceSettings):
    """How far the planner looks, and below which group size counts are kept to itself."""

    model_config = SettingsConfigDict(env_prefix="TANDEM_SCHEDULING_")

    http_port: int = Field(8103, ge=0, le=65535, description="The port; 0 takes a free one.")
    sessions_ahead: int = Field(3, ge=1, le=26, description="So many occurrences of a series are booked ahead.")
    search_days: int = Field(28, ge=1, le=180, description="So far ahead the planner looks for a first or extra session's slot.")
    give_way_days: int = Field(7, ge=1, le=28, description="So far an occurrence may move when its own time is not free.")
    minimum_group_size: int = Field(5, ge=1, description="Administrators get no counts of fewer pairings than this.")

    def horizon(self) -> Horizon:
        """Return the planner's horizon."""
        return Horizon(
            sessions_ahead=self.sessions_ahead, search=timedelta(days=self.search_days), give_way=timedelta(days=self.give_way_days)
        )
