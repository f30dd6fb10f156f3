"""The pairing's life once more, on a real database: fakes lie."""

import pytest

from tests.component.scheduling import test_pairing_life as life

pytestmark = pytest.mark.mongo


class TestActivationOnMongo(life.TestActivation):
    """N8, R30."""


class TestSeriesRollsOnOnMongo(life.TestSeriesRollsOn):
    """R30."""


class TestNoCommonTimeOnMongo(life.TestNoCommonTime):
    """C: never silence."""


class TestHoursChangeOnMongo(life.TestHoursChange):
    """N16."""


class TestRestAndEndOnMongo(life.TestRestAndEnd):
    """Architecture section 6."""


class TestOnePersonInTwoPairingsOnMongo(life.TestOnePersonInTwoPairings):
    """C: nobody is booked twice at one time."""
