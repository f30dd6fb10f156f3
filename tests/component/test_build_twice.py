"""Build a service twice: the two share nothing that can change (simulation rule 5)."""

from collections.abc import Callable
from typing import Any

import pytest

from services.matching.main import build as build_matching
from services.matching.settings import MatchingSettings
from services.notification.main import build as build_notification
from services.notification.settings import NotificationSettings
from services.profile.main import build as build_profile
from services.profile.settings import ProfileSettings
from services.scheduling.main import build as build_scheduling
from services.scheduling.settings import SchedulingSettings
from shared.service import Service
from tests.support.apps import App, running_app
from tests.support.module_memory import shared_between

SERVICES: dict[str, tuple[Callable[..., Service], Callable[[], Any]]] = {
    "profile": (build_profile, ProfileSettings),
    "matching": (build_matching, MatchingSettings),
    "scheduling": (build_scheduling, SchedulingSettings),
    "notification": (build_notification, NotificationSettings),
}


class Careless:
    """Something that can change."""

    def __init__(self, memory: list[int]) -> None:
        """Keep what others keep, too."""
        self.memory = memory


class TestBuildTwice:
    """All memory hangs on what `main.py` builds, so that a restart forgets all of it."""

    @pytest.mark.parametrize("name", SERVICES)
    async def test_two_builds_share_nothing(self, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Rule 5: neither an object of ours nor a list or dictionary that such an object holds."""
        monkeypatch.setenv("TANDEM_SMTP__HOST", "127.0.0.1")
        build, settings = SERVICES[name]
        async with running_app(name, build, settings()) as one, running_app(name, build, settings()) as other:
            assert shared_between(_roots(one), _roots(other)) == []

    def test_the_judge_bites(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A list that both hold is found, through a closure as well."""
        monkeypatch.setattr(Careless, "__module__", "services.planted")
        memory: list[int] = []
        one, other = Careless(memory), Careless(memory)
        assert shared_between([one], [other]) == ["list.Careless.memory (list)"]
        assert shared_between([lambda: one], [lambda: one]) != []


def _roots(app: App[Any]) -> list[Any]:
    return [app.foundation, app.service, app.http]
