"""A pairing's life, members' moves and a round once more, with every transaction run twice: a rerun starts clean."""

import pytest

from shared.persistence.database import Database
from tests.component.matching import test_members as members
from tests.component.matching import test_pairing_life as life
from tests.component.matching import test_rounds as rounds
from tests.component.matching.house import HandClock
from tests.support.memory.reruns import rerunning_database


@pytest.fixture
def database(clock: HandClock) -> Database:
    """Return a database that loses every other commit to a conflict."""
    return rerunning_database(wall=clock)


class TestBeginningRerun(life.TestBeginning):
    """R10."""


class TestSeatsRerun(life.TestSeats):
    """C: no seat is counted twice."""


class TestExpiryRerun(life.TestExpiry):
    """Architecture 6: timers are set once."""


class TestCharterRerun(life.TestCharter):
    """N8."""


class TestLeaversRerun(members.TestLeavers):
    """N3."""


class TestMoversRerun(members.TestMovers):
    """N3."""


class TestRoundRerun(rounds.TestRound):
    """N4, N7: nobody is counted or told twice."""
