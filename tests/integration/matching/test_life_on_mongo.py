"""The pairing's life and the members' moves once more, on a real database: fakes lie."""

import pytest

from tests.component.matching import test_members as members
from tests.component.matching import test_pairing_life as life
from tests.component.matching import test_rounds as rounds

pytestmark = pytest.mark.mongo


class TestBeginningOnMongo(life.TestBeginning):
    """R10."""


class TestSeatsOnMongo(life.TestSeats):
    """C: twenty racing accepts against real transactions."""


class TestExpiryOnMongo(life.TestExpiry):
    """Architecture 6."""


class TestCharterOnMongo(life.TestCharter):
    """N8."""


class TestLeaversOnMongo(members.TestLeavers):
    """N3."""


class TestMoversOnMongo(members.TestMovers):
    """N3."""


class TestErasureOnMongo(members.TestErasure):
    """N18."""


class TestRoundOnMongo(rounds.TestRound):
    """N4, N7."""
