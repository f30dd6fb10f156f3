"""The code obeys what a deterministic simulation needs: rules of time, ids, tasks, threads, memory, calls and endings.

Most of time, ids, randomness, tasks and threads is held by the linter's banned names (pyproject.toml); these tests hold
the rest, and `test_rules_bite.py` shows that both bite.
"""

import ast
from pathlib import Path

import pytest

from tests.architecture.source import dotted, python_files, tree_of

SIMULATED = [
    path
    for path in python_files("shared", "services")
    if path.parts[:2] != ("services", "console") and "engine" not in path.parts and path.name != "cli.py"
]
each_file = pytest.mark.parametrize("path", SIMULATED, ids=str)
ROUTE_VERBS = {"get", "post", "put", "patch", "delete", "head", "api_route", "subscriber", "exception_handler", "middleware"}
MUTABLE = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MAKERS = {
    "dict",
    "list",
    "set",
    "defaultdict",
    "deque",
    "Counter",
    "OrderedDict",
    "WeakValueDictionary",
    "asyncio.Lock",
    "asyncio.Event",
    "asyncio.Queue",
}


def sync_endpoints(tree: ast.Module) -> list[str]:
    """Return endpoints written as plain `def`: they would run in a thread."""
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Call) and dotted(mark.func).rsplit(".", 1)[-1] in ROUTE_VERBS for mark in node.decorator_list)
    ]


def module_memory(tree: ast.Module) -> list[str]:
    """Return module-level names, not written as constants, that hold something which can change."""
    found = []
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        value = getattr(node, "value", None)
        changing = isinstance(value, MUTABLE) or (isinstance(value, ast.Call) and dotted(value.func) in MAKERS)
        found += [
            name for target in targets if changing and (name := dotted(target)) and not name.lstrip("_").isupper() and name != "__all__"
        ]
    return found + [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]


def unlabelled_transactions(tree: ast.Module) -> list[int]:
    """Return the lines of `transact(...)` calls whose first argument is not a label."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and dotted(node.func).endswith(".transact")
        and not node.args
        and not any(word.arg == "label" for word in node.keywords)
    ]


def swallowed_endings(tree: ast.Module) -> list[int]:
    """Return the lines of handlers that catch BaseException (or everything) and do not raise again."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in {"BaseException", "asyncio.CancelledError", "CancelledError"})
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ]


def walked_sets(tree: ast.Module) -> list[int]:
    """Return the lines of loops directly over a set: their order differs from run to run."""
    over = [node.iter for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
    return [
        node.lineno
        for node in over
        if isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Call) and dotted(node.func) in {"set", "frozenset"})
    ]


def hashed(tree: ast.Module) -> list[int]:
    """Return the lines that call `hash()`: it differs from process to process."""
    return [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Call) and dotted(node.func) == "hash"]


class TestSimulatable:
    """One rule a test; each takes a file of the shipped services."""

    @each_file
    def test_endpoints_are_async(self, path: Path) -> None:
        """Rule 4: a plain `def` endpoint starts a thread."""
        assert sync_endpoints(tree_of(path)) == []

    @each_file
    def test_no_memory_hangs_on_a_module(self, path: Path) -> None:
        """Rule 5: all memory hangs on what `main.py` builds; constants are written in capitals and never change."""
        assert module_memory(tree_of(path)) == []

    @each_file
    def test_transactions_carry_a_label(self, path: Path) -> None:
        """Rule 6: each remote call has a name for its fault point."""
        assert unlabelled_transactions(tree_of(path)) == []

    @each_file
    def test_endings_are_not_swallowed(self, path: Path) -> None:
        """Rule 7: never catch BaseException without raising it again."""
        assert swallowed_endings(tree_of(path)) == []

    @each_file
    def test_sets_are_not_walked(self, path: Path) -> None:
        """Rule 2: no set is iterated where order could reach a write, a send or a log line."""
        assert walked_sets(tree_of(path)) == []

    @each_file
    def test_no_unstable_hash(self, path: Path) -> None:
        """Rule 2: partitions and choices by a stable hash."""
        assert hashed(tree_of(path)) == []


class TestTheseRulesBite:
    """Each rule has been seen to refuse what it is there to refuse."""

    @pytest.mark.parametrize(
        ("rule", "source"),
        [
            (sync_endpoints, "@router.get('/')\ndef index(): ..."),
            (module_memory, "cache = {}"),
            (module_memory, "seen: list[str] = list()"),
            (module_memory, "def f():\n    global x\n    x = 1"),
            (unlabelled_transactions, "async def f(db): await db.transact()"),
            (swallowed_endings, "try: ...\nexcept BaseException: pass"),
            (swallowed_endings, "try: ...\nexcept: pass"),
            (walked_sets, "for x in {1, 2}: ..."),
            (walked_sets, "[x for x in set(y)]"),
            (hashed, "hash('a') % 3"),
        ],
    )
    def test_rule_refuses(self, rule: object, source: str) -> None:
        """A rule that cannot fail is no rule."""
        assert callable(rule)
        assert rule(ast.parse(source))
