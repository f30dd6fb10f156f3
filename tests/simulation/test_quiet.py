"""A run without faults: everything is done, nothing is sent twice, and the workload really goes all the way."""

from collections import Counter

from tests.simulation.explore import told
from tests.simulation.faults import Plan
from tests.simulation.run import run

SEEDS = (1, 2, 5)
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
        reached: Counter[str] = Counter()
        for seed in SEEDS:
            verdict = run(seed, [], keep_trace=True)
            assert verdict.violations == [], told(verdict, Plan(()))
            assert (verdict.copies, verdict.mails_again) == (0, 0)
            reached.update(verdict.reached)
        assert [name for name in REACHED if not reached[name]] == []
