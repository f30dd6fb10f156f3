"""What was shown over the database in memory holds over the real protocol."""

import pytest

from tests.component.notification.test_http import TestInbox, TestPreferences
from tests.component.notification.test_invitations import TestLife, TestTruth
from tests.component.notification.test_mail_server import TestRefusals, TestSeveralDispatchers
from tests.component.notification.test_who_is_told import TestOneMessagePerEventAndMember, TestParting, TestReminder

pytestmark = pytest.mark.mongo
__all__ = [
    "TestInbox",
    "TestLife",
    "TestOneMessagePerEventAndMember",
    "TestParting",
    "TestPreferences",
    "TestRefusals",
    "TestReminder",
    "TestSeveralDispatchers",
    "TestTruth",
]
