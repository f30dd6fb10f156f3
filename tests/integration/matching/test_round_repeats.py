"""N7, N2: a round is watched over HTTP, killed with its worker, carried on from the frozen snapshot, and the same result comes out."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.tokens import TokenIssuer
from shared.kernel.clock import WallClock
from shared.kernel.randomness import SystemRandomness
from tests.component.matching.house import PROGRAMME
from tests.integration.matching.outside import ADMIN, Outside
from tests.integration.matching.test_killed_in_midstream import crowd, reaches
from tests.support.probing import until

pytestmark = [pytest.mark.kafka, pytest.mark.mongo, pytest.mark.slow]
PEOPLE = 80


@pytest.fixture(autouse=True)
def interpreted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the worker run interpreted: the same bytes, nothing to compile, and slow enough to be killed."""
    monkeypatch.setenv("TANDEM_ENGINE_INTERPRETED", "1")


def workers_of(outside: Outside) -> list[int]:
    """Return the worker processes of the service."""
    found = []
    for child in psutil.Process(outside.services.running["matching"].pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it ends while it is looked at
            found += [child.pid] if "round_worker" in " ".join(child.cmdline()) else []
    return found


async def command(outside: Outside, token: str, *words: str) -> Any:
    """Run `tandem round …` as a process and return its JSON."""
    told = {**os.environ, "TANDEM_CONSOLE_TOKEN": token}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.console", "round", *words, "--json", "--matching-url", outside.services.urls["matching"]),
        stdout=asyncio.subprocess.PIPE,
        env=told,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, words
    return json.loads(said)


class TestRepeats:
    """Issue 5: restartable after kill -9 of service or worker, with the same result."""

    async def test_killed_worker_and_killed_service_change_no_byte(self, outside: Outside, tmp_path: Path) -> None:
        """N7: stages are seen; the what-if of the same rules and seed on the kept snapshot, undisturbed, has the same hash."""
        await outside.does(ADMIN, "PUT", f"/programmes/{PROGRAMME}", {"proposal_lifetime": "P90D"})
        members = crowd(PEOPLE)
        await outside.says(*members)
        await outside.knows(*(each.member_id for each in members))
        round_id = (await outside.does(ADMIN, "POST", f"/programmes/{PROGRAMME}/rounds", {"seed": 5}))["round_id"]
        stages: set[str] = set()

        async def works() -> bool:
            shown = await outside.does(ADMIN, "GET", f"/rounds/{round_id}")
            stages.update([shown["progress"]["stage"]] if shown["progress"] else [])
            return shown["state"] == "frozen" and bool(workers_of(outside))

        await until(works, within=150, saying="the worker solves", every=0.1)
        (worker, *_) = workers_of(outside)
        os.kill(worker, signal.SIGKILL)

        async def works_again() -> bool:
            there = workers_of(outside)
            return await works() and bool(there) and worker not in there

        await until(works_again, within=150, saying="another worker solves", every=0.1)
        await outside.kill()
        await reaches(outside, round_id, "solved")
        solved = await outside.does(ADMIN, "GET", f"/rounds/{round_id}")
        token = TokenIssuer(tmp_path, WallClock(), SystemRandomness()).token(ADMIN, ["hr_admin"])
        told = (await command(outside, token, "what-if", round_id, "--seed", "5"))["comparison"]
        assert told["result_hash"] == solved["result_hash"]
        assert (told["pairs"]["new"], told["pairs"]["gone"]) == (0, 0)
        assert told["pairs"]["kept"] > 0
        assert stages
        review = await command(outside, token, "review", round_id)
        await command(outside, token, "lock", round_id, *review["groups"][0]["members"])
        again = await command(outside, token, "solve", round_id)
        assert (again["state"], again["drafts"][1]["locked"]) == ("solved", 1)
        published = await command(outside, token, "publish", round_id, "--expect", again["result_hash"])
        assert (published["state"], published["counts"]["proposals"]) == ("published", len(review["groups"]))
