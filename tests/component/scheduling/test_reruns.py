"""A schedule's life once more, with every transaction run twice: a rerun starts clean (simulation rule 8)."""

import pytest

from shared.persistence.database import Database
from tests.component.scheduling import test_http as http
from tests.component.scheduling import test_pairing_life as life
from tests.support.memory.reruns import rerunning_database

first = http.first


@pytest.fixture
def database() -> Database:
    """Return a database that loses every other commit to a conflict."""
    return rerunning_database()


class TestActivationRerun(life.TestActivation):
    """N15: booked once."""


class TestSeriesRerun(life.TestSeriesRollsOn):
    """N15."""


class TestRestAndEndRerun(life.TestRestAndEnd):
    """N15."""


class TestMovingRerun(http.TestMoving):
    """N15: SEQUENCE rises by one."""
