"""After a company's months under faults a verification finds every replica as the facts say: a witness beside the oracle (I8)."""

import pytest

from tests.component.replay.scene import scene
from tests.simulation.faults import plan_of
from tests.simulation.node import BUILDS
from tests.simulation.run import PROCESSES, _Run

SEED = 9
SERVICES = ("matching", "scheduling", "notification")


@pytest.fixture(scope="module")
def lived() -> _Run:
    """Return a run that came to rest, with crashes, repeats, poison and whatever else its seed holds."""
    plan = plan_of(SEED, PROCESSES)
    made = _Run(SEED, plan.faults, keep_trace=False, lasts=plan.lasts, settles=100.0)
    made.live()
    assert made.found == []
    return made


class TestVerification:
    """I8: the same handlers over the whole topics come to the same documents."""

    @pytest.mark.parametrize("service", SERVICES)
    async def test_every_replica_is_as_the_facts_say(self, lived: _Run, service: str) -> None:
        """N2: whatever happened on the way, in whatever order batches and services took their turns."""
        build, settings = BUILDS[service]
        database, broker = lived.servers.databases[service], lived.servers.broker
        async with scene(service, build, settings(), server=database, broker=broker) as opened:
            found = await opened.ended(await opened.start(repair=False))
        verdicts = [verdict for counts in found["verdicts"].values() for verdict in counts]
        assert set(verdicts) == {"equal"}, found["examples"]
