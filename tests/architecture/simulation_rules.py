"""What breaks a deterministic simulation, as seen in a syntax tree: one function a rule, each returns what it found."""

import ast
from collections.abc import Iterator

from tests.architecture.source import dotted, functions

ROUTE_VERBS = {"get", "post", "put", "patch", "delete", "head", "api_route", "subscriber", "exception_handler", "middleware"}
MUTABLE = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)
MAKERS = {
    *("dict", "list", "set", "defaultdict", "deque", "Counter", "OrderedDict", "WeakValueDictionary", "WeakKeyDictionary"),
    *("asyncio.Lock", "asyncio.Event", "asyncio.Queue", "asyncio.Semaphore", "Tasks", "Doorbell"),
}
MACHINE_MODULES = {"random", "secrets", "time", "threading", "multiprocessing", "concurrent", "queue", "sched", "socket", "select"}
MACHINE_CALLS = {"uuid1", "uuid4", "uuid7", "urandom", "getrandom", "now", "utcnow", "today"}
THREADS = {"to_thread", "run_in_executor", "run_in_threadpool", "ThreadPoolExecutor", "ProcessPoolExecutor", "BackgroundTasks"}
TASKS = {"create_task", "ensure_future", "TaskGroup", "run_coroutine_threadsafe", "wait_for", "eager_task_factory"}
CACHES = {"lru_cache", "cache", "cached_property", "alru_cache"}
EVERYTHING = "everything"
ENDINGS = {EVERYTHING, "BaseException", "CancelledError", "KeyboardInterrupt", "SystemExit"}
CHANGES = {"append", "extend", "insert", "add", "update", "setdefault", "appendleft", "discard", "remove", "pop"}


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func) or (node.func.attr if isinstance(node.func, ast.Attribute) else "")


def _last(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def machine_reads(tree: ast.Module) -> list[str]:
    """Rules 1, 2: return imports and calls that read the machine's time, randomness, threads or sockets."""
    found = [
        _last(name) for call, name in _calls(tree) if _last(name) in MACHINE_CALLS and (call.args or name.count(".") > 0) and _foreign(name)
    ]
    for node in ast.walk(tree):
        modules = [each.name for each in node.names] if isinstance(node, ast.Import) else []
        modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [module for module in modules if module.split(".")[0] in MACHINE_MODULES]
    return found


def _foreign(name: str) -> bool:
    """Say whether `now` and the like are asked of a class of the standard library, not of a clock."""
    return _last(name) not in {"now", "utcnow", "today"} or name.split(".")[-2] in {"datetime", "date", "dt"}


def bare_tasks(tree: ast.Module) -> list[str]:
    """Rule 3: return tasks that nobody keeps, and naps for the sake of order."""
    naps = [
        name
        for call, name in _calls(tree)
        if _last(name) == "sleep" and call.args and isinstance(call.args[0], ast.Constant) and not call.args[0].value
    ]
    return naps + [name for _, name in _calls(tree) if _last(name) in TASKS]


def threads(tree: ast.Module) -> list[str]:
    """Rule 4: return what runs in a thread, and endpoints written as plain `def`, which would."""
    plain = [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        and any(isinstance(mark, ast.Call) and _last(dotted(mark.func)) in ROUTE_VERBS for mark in node.decorator_list)
    ]
    return plain + [name for _, name in _calls(tree) if _last(name) in THREADS]


def module_memory(tree: ast.Module) -> list[str]:
    """Rule 5: return names of a module or class, not written as constants, that hold something which can change; and caches.

    Annotated fields of classes are left out: dataclasses and models make each object's own.
    """
    bodies = [tree.body]
    bodies += [[each for each in node.body if isinstance(each, ast.Assign)] for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = [name for body in bodies for statement in body for name in _changing(statement) if not _constant(name)]
    found += [name for node in ast.walk(tree) if isinstance(node, ast.Global) for name in node.names]
    marks = [mark for function in functions(tree) for mark in function.decorator_list]
    return found + [name for mark in marks if _last(name := dotted(mark.func if isinstance(mark, ast.Call) else mark)) in CACHES]


def _changing(statement: ast.stmt) -> list[str]:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target] if isinstance(statement, ast.AnnAssign) else []
    value = getattr(statement, "value", None)
    changing = isinstance(value, MUTABLE) or (isinstance(value, ast.Call) and dotted(value.func) in MAKERS)
    return [name for target in targets if changing and (name := dotted(target))]


def _constant(name: str) -> bool:
    return name.lstrip("_").isupper() or name in {"__all__", "__slots__", "model_config"}


def unlabelled_transactions(tree: ast.Module) -> list[int]:
    """Rule 6: return the lines of `transact(...)` calls whose first argument is not a label."""
    return [
        call.lineno
        for call, name in _calls(tree)
        if _last(name) == "transact" and not call.args and not any(word.arg == "label" for word in call.keywords)
    ]


def swallowed_endings(tree: ast.Module) -> list[int]:
    """Rule 7: return the lines of handlers that catch BaseException (or everything) and do not raise again."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and any(name in ENDINGS for name in _caught(node))
        and not any(isinstance(inner, ast.Raise) for inner in ast.walk(node))
    ] + [call.lineno for call, name in _calls(tree) if _last(name) == "suppress" for each in call.args if _last(dotted(each)) in ENDINGS]


def _caught(handler: ast.ExceptHandler) -> list[str]:
    if handler.type is None:
        return [EVERYTHING]
    several = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [_last(dotted(each)) for each in several]


def ends_that_decide(tree: ast.Module) -> list[int]:
    """Rule 7: return the lines of `finally` blocks that write, send or answer: a crash skips them."""
    blocks = [statement for node in ast.walk(tree) if isinstance(node, ast.Try) for statement in node.finalbody]
    writing = {"transact", "insert_one", "insert_many", "replace_one", "update_one", "delete_one", "delete_many", "send"}
    return [node.lineno for block in blocks for node in ast.walk(block) if isinstance(node, ast.Return)] + [
        call.lineno for block in blocks for call, name in _calls(block) if _last(name) in writing
    ]


def unclean_reruns(tree: ast.Module) -> list[str]:
    """Rule 8: return what a transaction's work adds to outside itself without clearing it at its start."""
    found: list[str] = []
    for outer in functions(tree):
        inner = {node.name: node for node in ast.walk(outer) if isinstance(node, ast.AsyncFunctionDef) and node is not outer}
        handed = {each.id for call, name in _calls(outer) if _last(name) == "transact" for each in call.args if isinstance(each, ast.Name)}
        for name in sorted(handed & inner.keys()):
            found += [f"{outer.name}.{name}: {each}" for each in _added_outside(inner[name])]
    return found


def _added_outside(work: ast.AsyncFunctionDef) -> list[str]:
    own = {argument.arg for argument in ast.walk(work) if isinstance(argument, ast.arg)}
    own |= {node.id for node in ast.walk(work) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    named = [name for _, name in _calls(work)]
    cleared = {name.removesuffix(".clear") for name in named if name.endswith(".clear")}
    changed = {name.rpartition(".")[0] for name in named if _last(name) in CHANGES and name.count(".") == 1}
    return sorted(changed - own - cleared)


def walked_sets(tree: ast.Module) -> list[int]:
    """Rule 2: return the lines of loops directly over a set: their order differs from run to run."""
    over = [node.iter for node in ast.walk(tree) if isinstance(node, ast.For | ast.comprehension)]
    return [
        node.lineno
        for node in over
        if isinstance(node, ast.Set | ast.SetComp) or (isinstance(node, ast.Call) and dotted(node.func) in {"set", "frozenset"})
    ]


def hashed(tree: ast.Module) -> list[int]:
    """Rule 2: return the lines that call `hash()` or `id()`: they differ from process to process."""
    return [call.lineno for call, name in _calls(tree) if name in {"hash", "id"}]
