"""Finds the run's servers for a test, or says why it cannot have them (skipped by capability, never quietly)."""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.local.kafka.apache import ApacheKafka
from deploy.local.kafka.jars import NoApacheKafka
from deploy.local.server import CAPABILITIES, Capability, Product, Server
from tests.support.run_folder import RunFolder

REQUIRED = "TANDEM_TEST_REQUIRE"
SKIPS_FILE = "TANDEM_TEST_SKIPS"
"""Where `tests/run.py` collects the skips of all its parts."""
START_WITHIN_SECONDS = 400.0
STOP_WITHIN_SECONDS = 30.0
SKIP_WORDS = "missing capability"
KINDS = {capability: "kafka" if capability in CAPABILITIES[Product.APACHE_KAFKA] else "mongo" for capability in Capability}


def required() -> list[str]:
    """Return the products and capabilities that this run must have (`TANDEM_TEST_REQUIRE=apache-kafka,idempotence`).

    Raises:
        pytest.UsageError: for a name that is neither.

    """
    names = [name.strip() for name in os.environ.get(REQUIRED, "").split(",") if name.strip()]
    known = [*Product, *Capability]
    for name in names:
        if name not in known:
            raise pytest.UsageError(f"{REQUIRED}: {name} is unknown; known are {', '.join(known)}")
    return names


async def start_or_skip(kafka: ApacheKafka) -> ApacheKafka:
    """Start a broker of a test's own; a machine that was given a broker may have no Java for another one."""
    try:
        await kafka.start()
    except NoApacheKafka as reason:
        pytest.skip(f"{SKIP_WORDS} durable: no broker of the test's own: {reason}")
    return kafka


def tell_run(reasons: dict[str, int]) -> None:
    """Tell `tests/run.py` what was skipped for want of a capability."""
    if path := os.environ.get(SKIPS_FILE):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(reasons) + "\n")


@dataclass(slots=True)
class TestServers:
    """The servers that this pytest process holds."""

    __test__ = False

    run: RunFolder
    _found: dict[str, dict[str, Any]] = field(default_factory=dict)
    _keepers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def get(self, kind: str) -> Server:
        """Return the run's `kafka` or `mongo`, started by whoever asks first; skip or fail when there is none."""
        answer = self._found.get(kind) or self._ask(kind)
        self._found[kind] = answer
        if "trouble" in answer:
            self._refuse(kind, answer)
        server = Server.from_plain(answer)
        for name in required():
            self._check_required(name, server)
        return server

    def need(self, capability: Capability) -> None:
        """Skip the test, with a reason, when the run's server cannot do this."""
        server = self.get(KINDS[capability])
        if capability not in server.capabilities:
            pytest.skip(f"{SKIP_WORDS} {capability}: {server.kind} is {server.product} {server.version} ({server.why})")

    def let_go(self) -> None:
        """Need nothing any more; the last one waits until the servers are gone."""
        if not self._found:
            return
        self.run.let_go()
        if not self.run.held():
            psutil.wait_procs(self.run.keepers(), timeout=STOP_WITHIN_SECONDS)
            self.run.remove_if_unused()
        for keeper in self._keepers:
            keeper.poll()

    def _refuse(self, kind: str, answer: dict[str, Any]) -> None:
        if answer["skip"] and not required():
            pytest.skip(f"{SKIP_WORDS} {kind}: {answer['trouble']}")
        pytest.fail(answer["trouble"], pytrace=False)

    def _check_required(self, name: str, server: Server) -> None:
        kind = "kafka" if name in {Product.APACHE_KAFKA, Product.TANSU} or name in CAPABILITIES[Product.APACHE_KAFKA] else "mongo"
        if kind == server.kind and name not in {server.product, *server.capabilities}:
            pytest.fail(f"{REQUIRED} asks for {name}, but {server.banner()}", pytrace=False)

    def _ask(self, kind: str) -> dict[str, Any]:
        self.run.hold()
        with self.run.lock():
            path = self.run.answer(kind)
            if not path.exists():
                self._await_answer(path, self._start_keeper(kind))
            answer: dict[str, Any] = json.loads(path.read_text())
        return answer

    def _start_keeper(self, kind: str) -> subprocess.Popen[bytes]:
        with self.run.keeper_log(kind).open("ab") as log:
            keeper = subprocess.Popen(
                [sys.executable, "-m", "tests.support.keeper", kind, str(self.run.root)],
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        (self.run.root / f"{kind}.keeper.pid").write_text(str(keeper.pid))
        self._keepers.append(keeper)
        return keeper

    def _await_answer(self, path: Path, keeper: subprocess.Popen[bytes]) -> None:
        deadline = time.perf_counter() + START_WITHIN_SECONDS
        while not path.exists():
            if keeper.poll() is not None and not path.exists():
                printed = self.run.keeper_log(path.stem).read_text()
                raise RuntimeError(f"the keeper of {path.stem} ended without a word:\n{printed}")
            if time.perf_counter() > deadline:
                raise RuntimeError(f"the keeper of {path.stem} gave no answer within {START_WITHIN_SECONDS:.0f} s")
            try:
                keeper.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
