"""The short form of `make chaos`: twenty faults on three brokers, a synced database and replicas; nothing lost, doubled or out of order."""

import asyncio

import pytest

from tests.chaos.run import Options, Outcome, run

pytestmark = [pytest.mark.cluster, pytest.mark.mongo, pytest.mark.slow, pytest.mark.xdist_group("chaos on a cluster")]
FAULTS, SEED = 20, 2214
"""Every kind but the rolling restart, in five steps of short faults."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """Live through it once: four faults at a time, two replicas of the service that has most to do."""
    options = Options(seed=SEED, faults=FAULTS, replicas={"matching": 2}, out=tmp_path_factory.mktemp("cluster"), together=(4,))
    return asyncio.run(run(options, lambda _: None))


class TestChaos:
    """N2: kill, stop, cut, delay, silence, fill: the oracle of the simulation over real topics and commits."""

    def test_the_oracle_finds_nothing(self, outcome: Outcome) -> None:
        """0 lost, 0 doubled, order kept per key; copies only under the same id; lag back to zero after every step."""
        assert outcome.judgement is not None
        assert outcome.judgement.violations == []

    def test_all_faults_befell_and_nothing_else_went_wrong(self, outcome: Outcome) -> None:
        """Every step recovered, the end came to rest, and no bug was survived in silence."""
        assert sum(len(step.faults) for step in outcome.steps) == FAULTS
        assert outcome.troubles == []

    def test_members_were_busy_meanwhile(self, outcome: Outcome) -> None:
        """An idle suite proves nothing: people were paired, signed, met, and were told by mail."""
        assert outcome.judgement is not None
        reached = outcome.judgement.reached
        wanted = ("matching:pairing.formed", "matching:pairing.activated", "scheduling:session.booked", "notification:delivery.sent")
        assert [name for name in wanted if not reached[name]] == []
