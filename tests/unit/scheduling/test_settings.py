"""Scheduling's settings and what they mean to the planner."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from services.scheduling.domain.desk import Horizon
from services.scheduling.settings import SchedulingSettings


class TestHorizon:
    """R30: how far the planner looks."""

    def test_defaults_of_settings_and_domain_agree(self) -> None:
        """R30: first session and the next three, four weeks of search, a week to give way."""
        expected = Horizon(sessions_ahead=3, search=timedelta(days=28), give_way=timedelta(days=7))
        assert SchedulingSettings().horizon() == Horizon() == expected

    def test_limits(self) -> None:
        """Architecture section 10: every list has a limit, also the one of sessions ahead."""
        with pytest.raises(ValidationError):
            SchedulingSettings(sessions_ahead=1000)
