"""A run without faults: everything is done, nothing is sent twice, and the workload really goes all the way."""

from tests.simulation.explore import told
from tests.simulation.faults import Plan
from tests.simulation.run import run

REACHED = (
    "profile:member.joined",
    "profile:member.moved",
    "profile:member.left",
    "profile:member.paused",
    "profile:member.resumed",
    "matching:round.published",
    "matching:pairing.proposed",
    "matching:pairing.activated",
    "matching:pairing.closed",
    "scheduling:session.booked",
    "scheduling:session.held",
    "scheduling:session.missed",
    "scheduling:session.cancelled",
    "notification:delivery.sent",
)


class TestQuiet:
    """Without faults an alarm is plain."""

    def test_everything_is_done_and_nothing_twice(self) -> None:
        """N2: one record per fact, one mail per delivery, every rule holds, every part of the story was told."""
        verdict = run(4, [], keep_trace=True)
        assert verdict.violations == [], told(verdict, Plan(()))
        assert [name for name in REACHED if not verdict.reached.get(name)] == []
        assert verdict.copies == 0
        assert verdict.mails_again == 0
