"""Who is told what once more, with every transaction run twice: a rerun starts clean (simulation rule 8)."""

import pytest

from shared.persistence.database import Database
from tests.component.notification import test_invitations as invitations
from tests.component.notification import test_mail_server as mail_server
from tests.component.notification import test_who_is_told as who
from tests.component.notification.office import HandClock
from tests.support.memory.reruns import rerunning_database


@pytest.fixture
def database(wall: HandClock) -> Database:
    """Return a database that loses every other commit to a conflict."""
    return rerunning_database(wall=wall)


class TestOneMessageRerun(who.TestOneMessagePerEventAndMember):
    """N16."""


class TestPartingRerun(who.TestParting):
    """N3."""


class TestLifeRerun(invitations.TestLife):
    """N15."""


class TestRefusalsRerun(mail_server.TestRefusals):
    """N16: a refusal is counted once."""
