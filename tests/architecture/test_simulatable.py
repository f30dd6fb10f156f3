"""The code obeys what a deterministic simulation needs: rules of time, ids, tasks, threads, memory, calls and endings.

The linter's banned names (pyproject.toml) hold a part of time, ids, randomness, tasks and threads everywhere; these tests hold all
eight rules in what ships as a service. That nothing is remembered by modules and nothing shared by two builds is also tried out
(`tests/component/conftest.py`, `tests/component/test_build_twice.py`), and that a transaction may run twice
(`tests/component/*/test_reruns.py`).
"""

import ast
import re
from collections.abc import Callable

import pytest

from tests.architecture import simulation_rules as rules
from tests.architecture.source import ROOT, python_files, tree_of

Rule = Callable[[ast.Module], list[int] | list[str]]
SIMULATED = [
    path
    for path in python_files("shared", "services")
    if path.parts[:2] != ("services", "console")
    and "engine" not in path.parts
    and path.name not in {"cli.py", "round_worker.py"}
    and "analyst" not in path.parts
]
ONE_PLACE: dict[Rule, set[str]] = {
    rules.machine_reads: {"shared/kernel/clock.py", "shared/kernel/randomness.py"},
    rules.bare_tasks: {"shared/kernel/tasks.py"},
}
"""Where the wrapper itself stands."""
EACH: dict[Rule, str] = {
    rules.machine_reads: "1, 2: time and randomness come from ports",
    rules.walked_sets: "2: no set is walked where order could reach a write, a send or a log line",
    rules.hashed: "2: partitions and choices by a stable hash",
    rules.bare_tasks: "3: tasks only by `Tasks.spawn`, no nap for the sake of order",
    rules.threads: "4: no threads, no plain `def` endpoint, which would run in one",
    rules.module_memory: "5: all memory hangs on what `main.py` builds; constants are written in capitals and never change",
    rules.unlabelled_transactions: "6: each remote call has a name for its fault point",
    rules.swallowed_endings: "7: never catch BaseException without raising it again",
    rules.ends_that_decide: "7: `finally` may tidy; nothing may depend on it",
    rules.unclean_reruns: "8: lists filled inside a transaction's work are cleared at its start",
}
CUTS = {
    "the database": (re.compile(r"^\s*(?:import|from) (?:motor|pymongo)\b", re.MULTILINE), ("shared/persistence/",)),
    "the broker": (re.compile(r"^\s*(?:import|from) (?:aiokafka|faststream)\b", re.MULTILINE), ("shared/messaging/",)),
    "HTTP": (re.compile(r"\bhttpx2\.(?:AsyncClient|Client|get|post)\("), ("shared/foundation.py", "shared/http/")),
    "mail": (re.compile(r"^\s*(?:import|from) aiosmtplib\b", re.MULTILINE), ("services/notification/adapters/",)),
}
"""The places through which a service speaks to the world, for a simulation to cut."""


class TestSimulatable:
    """One rule a test, over all files of the shipped services."""

    @pytest.mark.parametrize("rule", EACH, ids=lambda rule: rule.__name__)
    def test_rule_is_kept(self, rule: Rule) -> None:
        """Rules 1 to 8 of simulation."""
        exempt = ONE_PLACE.get(rule, set())
        found = {str(path): rule(tree_of(path)) for path in SIMULATED if str(path) not in exempt}
        assert {path: what for path, what in found.items() if what} == {}, EACH[rule]

    @pytest.mark.parametrize("cut", CUTS)
    def test_the_world_is_reached_through_one_room(self, cut: str) -> None:
        """Rule 6: remote calls only through the driver cuts."""
        used, rooms = CUTS[cut]
        users = [str(path) for path in SIMULATED if used.search((ROOT / path).read_text(encoding="utf-8"))]
        assert users, "nobody speaks to it: this test looks for the wrong words"
        assert [path for path in users if not path.startswith(rooms)] == []

    def test_an_unknown_outcome_is_one_class(self) -> None:
        """Rule 8: whoever does not know whether it happened says so by one error, and nothing else is derived from it."""
        named = {
            node.name: [ast.unparse(base) for base in node.bases]
            for path in SIMULATED
            for node in ast.walk(tree_of(path))
            if isinstance(node, ast.ClassDef) and "Unknown" in node.name
        }
        assert named.get("OutcomeUnknown") == ["Exception"]
        assert [name for name, bases in named.items() if "OutcomeUnknown" in bases] == []


class TestTheseRulesBite:
    """Each rule has been seen to refuse what it is there to refuse."""

    @pytest.mark.parametrize(
        ("rule", "source"),
        [
            (rules.machine_reads, "import random"),
            (rules.machine_reads, "from time import monotonic"),
            (rules.machine_reads, "import uuid\nx = uuid.uuid4()"),
            (rules.machine_reads, "import datetime\nx = datetime.datetime.now(tz)"),
            (rules.machine_reads, "from datetime import date\nx = date.today()"),
            (rules.machine_reads, "import os\nx = os.urandom(8)"),
            (rules.bare_tasks, "async def f(): loop.create_task(g())"),
            (rules.bare_tasks, "async def f():\n    async with asyncio.TaskGroup() as group: ..."),
            (rules.bare_tasks, "async def f(): await asyncio.sleep(0)"),
            (rules.threads, "@router.get('/')\ndef index(): ..."),
            (rules.threads, "async def f(loop): await loop.run_in_executor(None, g)"),
            (rules.module_memory, "cache = {}"),
            (rules.module_memory, "seen: list[str] = list()"),
            (rules.module_memory, "class A:\n    seen = []"),
            (rules.module_memory, "def f():\n    global x\n    x = 1"),
            (rules.module_memory, "@functools.lru_cache(8)\ndef f(): ..."),
            (rules.unlabelled_transactions, "async def f(db): await db.transact()"),
            (rules.swallowed_endings, "try: ...\nexcept BaseException: pass"),
            (rules.swallowed_endings, "try: ...\nexcept (ValueError, asyncio.CancelledError): pass"),
            (rules.swallowed_endings, "try: ...\nexcept: pass"),
            (rules.swallowed_endings, "with suppress(asyncio.CancelledError): ..."),
            (rules.ends_that_decide, "async def f(c):\n    try: ...\n    finally: await c.delete_one({})"),
            (rules.unclean_reruns, "async def f(db):\n    a = []\n    async def w(tx): a.append(1)\n    await db.transact('x', w)"),
            (rules.walked_sets, "for x in {1, 2}: ..."),
            (rules.walked_sets, "[x for x in set(y)]"),
            (rules.hashed, "hash('a') % 3"),
        ],
    )
    def test_rule_refuses(self, rule: Rule, source: str) -> None:
        """A rule that cannot fail is no rule."""
        assert rule(ast.parse(source))

    def test_a_rerun_that_clears_is_let_through(self) -> None:
        """Rule 8 asks for a clean start, not for no lists."""
        source = "async def f(db):\n    a = []\n    async def w(tx):\n        a.clear()\n        a.append(1)\n    await db.transact('x', w)"
        assert rules.unclean_reruns(ast.parse(source)) == []
