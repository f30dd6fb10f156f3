"""Imports and members once more, with every transaction run twice: a rerun starts clean (simulation rule 8)."""

from collections.abc import AsyncIterator

import pytest_asyncio

from services.profile.main import build
from services.profile.settings import ProfileSettings
from tests.component.profile import test_imports as imports
from tests.component.profile import test_members as members
from tests.component.profile.conftest import Profile
from tests.support.apps import running_app
from tests.support.memory.reruns import rerunning_database

ada = members.ada


@pytest_asyncio.fixture
async def profile() -> AsyncIterator[Profile]:
    """Run profile over a database that loses every other commit to a conflict."""
    async with running_app("profile", build, ProfileSettings(), database=rerunning_database()) as app:
        yield Profile(app)


class TestImportingRerun(imports.TestImporting):
    """R1, N6: each row is counted and told once."""


class TestOwnProfileRerun(members.TestOwnProfile):
    """R2."""


class TestTakingPartRerun(members.TestTakingPart):
    """R2."""


class TestPartingRerun(members.TestParting):
    """N18."""
