"""`python -m tests.chaos.takeover`: three replicas of matching; who has what, and how soon others have it when one is killed.

Each case is one kill -9 of the replica that holds the relay's lease: it comes back at once or stays away, with a stable name or without.
"""

import asyncio
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aiokafka.coordinator.protocol import ConsumerProtocol

from deploy.local.services import replica_name
from deploy.local.signals import interruptible
from shared.kernel.clock import WallClock
from tests.chaos.copies import Struck
from tests.chaos.faults import Fault, Kind
from tests.chaos.reading import GROUPS
from tests.chaos.recovery import patiently, until_true
from tests.chaos.rig import running_rig
from tests.chaos.run import RATE, Harness, harness, rest

SERVICE, REPLICAS, PARTITIONS, SEED = "matching", 3, 3, 4
NAMELESS: Mapping[str, Mapping[str, str]] = {
    replica_name(SERVICE, number): {"TANDEM_KAFKA__GROUP_INSTANCE_ID": ""} for number in range(REPLICAS)
}
GROUP = next(group for group in GROUPS if group.startswith(f"{SERVICE}."))


async def shares(around: Harness) -> dict[str, int]:
    """Return how many partitions of a topic each member of the group has, by the member's id."""
    members = await patiently(lambda: around.cluster.members(GROUP))
    return {each["member_id"]: _partitions(each["member_assignment"]) for each in members}


def _partitions(assigned: bytes) -> int:
    """Count what a member was assigned: nothing while its group is being formed."""
    return sum(len(partitions) for _, partitions in ConsumerProtocol.ASSIGNMENT.decode(assigned).assignment) if assigned else 0


async def holder(around: Harness) -> dict[str, Any]:
    """Return the relay's lease."""
    found: dict[str, Any] = await patiently(lambda: around.rig.databases.of(SERVICE)["leases"].find_one({"_id": "relay"}))
    return found


async def kill(around: Harness, *, back: bool) -> dict[str, float]:
    """Kill the replica that holds the lease; return the seconds until lease, partitions and all work were somebody's again."""
    services, loop, lease = around.rig.stack.services, asyncio.get_running_loop(), await holder(around)
    members = set(await shares(around))
    victim = await _owner(around, lease)
    began = loop.time()
    struck = Struck(Fault(Kind.KILL_SERVICE, victim, 0.0), WallClock().now())
    around.struck.append(struck)
    services.kill(victim)

    async def taken() -> bool:
        return bool((await holder(around))["token"] > lease["token"])

    async def shared_anew() -> bool:
        now = await shares(around)
        return not members <= set(now) and sum(now.values()) == PARTITIONS

    async def since(what: Any) -> float:
        await what
        return loop.time() - began

    async def returned() -> None:
        if back:
            await services.restart(victim)

    waits = since(until_true(taken)), since(until_true(shared_anew)), since(around.recovery.seconds()), returned()
    lease_seconds, partitions_seconds, well_seconds, _ = await asyncio.gather(*waits)
    if not back:
        await services.restart(victim)
    await around.recovery.seconds()
    struck.ended = WallClock().now()
    seconds = {"lease": lease_seconds, "partitions": partitions_seconds, "well": well_seconds}
    return {name: round(value, 1) for name, value in seconds.items()}


async def _owner(around: Harness, lease: dict[str, Any]) -> str:
    """Return which replica holds a lease: by its stable name, or by the log in which it says so."""
    if lease["replica"]:
        number = int(lease["replica"].rpartition("-")[2])
        return replica_name(SERVICE, number)
    said = {name: (around.rig.stack.logs / f"{name}.ndjson").read_text() for name in around.rig.replicas[SERVICE]}
    lines = [(line, name) for name, text in said.items() for line in text.splitlines() if "relay.lease-taken" in line]
    return max(lines)[1]


async def _measure(own: Mapping[str, Mapping[str, str]], title: str) -> bool:
    with tempfile.TemporaryDirectory(prefix="tandem-takeover-") as folder:
        troubles: list[str] = []
        rigged = running_rig(Path(folder), troubles, replicas={SERVICE: REPLICAS}, rate=RATE, own=own)
        async with rigged as rig, harness(rig, SEED, troubles) as around:
            await around.recovery.seconds()
            _say(f"{title}: a topic's partitions by replica {sorted((await shares(around)).values())}")
            for back in (True, False, True, False):
                times = await kill(around, back=back)
                _say(f"{title}, {'back at once' if back else 'stays away'}: seconds until others have them: {times}")
            _say(f"{title}: partitions by replica afterwards {sorted((await shares(around)).values())}")
            _, judgement = await rest(around, troubles, _say)
        _say(f"{title}: {judgement.facts} facts, broken rules: {judgement.violations or 'none'} {troubles or ''}")
        return not judgement.violations and not troubles


async def _main() -> int:
    good = await _measure({}, "stable name")
    return 0 if await _measure(NAMELESS, "no name") and good else 1


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(interruptible(_main())))
