"""A service on real servers: ready when both are there, its topics and indexes made, a graceful stop, servers that come late."""

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from deploy.local.mongo.secantus import SecantusDB
from deploy.local.server import Server
from tests.support.probing import until
from tests.support.processes import NOWHERE, STOP_SECONDS_MAX, Started, small_process

pytestmark = [pytest.mark.kafka, pytest.mark.mongo]


def own_names(name: str) -> dict[str, str]:
    """Return settings that give a process topics, groups and databases of its own."""
    return {"TANDEM_KAFKA__TOPIC_PREFIX": f"{name}-", "TANDEM_MONGO__DATABASE_PREFIX": name}


def bearer(small: Started, role: str = "member") -> dict[str, str]:
    """Return the header of a caller with one role."""
    return {"Authorization": f"Bearer {small.issuer.token('m-1', (role,))}"}


class TestRunning:
    """From start to stop."""

    async def test_a_whole_life(self, tmp_path: Path, kafka_server: Server, mongo_server: Server, fresh_name: str) -> None:
        """Ready, a command with racing repeats, status, a graceful stop in time with code 0; every line of the process is JSON."""
        environment = {**kafka_server.settings, **mongo_server.settings, **own_names(fresh_name)}
        async with small_process(tmp_path, **environment) as small:
            await until(small.is_ready, within=60, saying="the process is ready")
            headers = bearer(small) | {"Idempotency-Key": "k", "X-Correlation-ID": "life-1"}
            thing = {"name": "a", "number": 0}
            answers = await asyncio.gather(*(small.client.post("/things", json=thing, headers=headers) for _ in range(5)))
            assert {(answer.status_code, answer.text) for answer in answers} == {(201, '{"name":"a","number":1}')}
            status = (await small.client.get("/ops/status", headers=bearer(small, "operator"))).json()
            assert status["outbox"] == {"depth": 0, "oldest_seconds": 0.0}
            assert await small.stop(signal.SIGTERM) < STOP_SECONDS_MAX
            assert small.process.returncode == 0
            out, errors = await small.process.communicate()
            assert errors == b""
            assert [json.loads(line) for line in out.splitlines()] == small.lines()
            accepted = [line for line in small.lines() if line["event"]["action"] == "command.accepted"]
            assert {line["trace"]["id"] for line in accepted} == {"life-1"}
            assert "part.cut" not in small.actions()

    async def test_a_database_that_comes_late_and_goes(
        self, tmp_path: Path, kafka_server: Server, own_mongo: SecantusDB, fresh_name: str
    ) -> None:
        """The process was started first, answered all the while, and becomes ready by itself; without it a command gets 503."""
        environment = {**kafka_server.settings, "TANDEM_MONGO__URL": own_mongo.address, **own_names(fresh_name)}
        await own_mongo.stop()
        async with small_process(tmp_path, **environment) as small:
            await until(small.is_live, within=60, saying="the process answers")
            assert (await small.client.get("/ready")).status_code == 503
            await own_mongo.restart()
            await until(small.is_ready, within=60, saying="the process is ready")
            answer = await small.client.post("/things", json={"name": "a", "number": 0}, headers=bearer(small))
            assert answer.status_code == 201
            await own_mongo.stop()
            answer = await small.client.post("/things", json={"name": "b", "number": 0}, headers=bearer(small), timeout=30)
            assert (answer.status_code, answer.json()["code"], answer.headers.get("retry-after")) == (503, "unavailable", "2")
            assert (await small.client.get("/live")).status_code == 200

    async def test_a_database_that_hangs_does_not_hold_the_stop(self, tmp_path: Path, own_mongo: SecantusDB, fresh_name: str) -> None:
        """A stop ends within ten seconds, whoever does not answer."""
        environment = {"TANDEM_MONGO__URL": own_mongo.address, "TANDEM_KAFKA__BOOTSTRAP_SERVERS": NOWHERE, **own_names(fresh_name)}
        async with small_process(tmp_path, **environment) as small:
            await until(small.is_live, within=60, saying="the process answers")
            await until(lambda: "part.started" in small.actions(), within=30, saying="its parts run")
            pid = own_mongo.running[0].pid
            os.kill(pid, signal.SIGSTOP)
            try:
                assert await small.stop(signal.SIGINT) < STOP_SECONDS_MAX
            finally:
                os.kill(pid, signal.SIGCONT)
            assert small.process.returncode == 0
