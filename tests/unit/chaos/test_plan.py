"""The plan of faults: repeatable, even, and never more at once than the suite promises to bear."""

from collections import Counter

from tests.chaos.faults import BROKERS, DATABASE, Kind, plan

REPLICAS = ["profile", "profile-1", "matching", "matching-1", "scheduling", "notification"]
DOORS = ["broker-1", "broker-2", "broker-3"]


class TestPlan:
    """N2: what `make chaos` does is said by its seed."""

    def test_the_same_seed_gives_the_same_plan(self) -> None:
        """A failing run can be repeated; another seed is another run."""
        assert plan(7, 100, REPLICAS, DOORS) == plan(7, 100, REPLICAS, DOORS)
        assert plan(7, 100, REPLICAS, DOORS) != plan(8, 100, REPLICAS, DOORS)

    def test_every_kind_comes_and_the_count_is_kept(self) -> None:
        """Issue: 300 faults of every kind; a rolling restart now and then."""
        faults = [fault for step in plan(1, 300, REPLICAS, DOORS) for fault in step]
        counts = Counter(fault.kind for fault in faults)
        assert len(faults) == 300
        assert set(counts) == set(Kind)
        assert counts[Kind.ROLLING_RESTART] >= 3
        assert min(counts[kind] for kind in Kind if kind is not Kind.ROLLING_RESTART) >= 10

    def test_no_step_takes_away_two_brokers_or_the_same_thing_twice(self) -> None:
        """Replication 3 with two in sync bears one broker away; a rolling restart stands alone."""
        for seed in range(20):
            for step in plan(seed, 150, REPLICAS, DOORS, (3, 4)):
                kinds = [fault.kind for fault in step]
                assert sum(kind in BROKERS for kind in kinds) <= 1
                assert sum(kind in DATABASE for kind in kinds) <= 1
                assert len({fault.target for fault in step}) == len(step)
                assert Kind.ROLLING_RESTART not in kinds or len(step) == 1
