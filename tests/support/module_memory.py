"""How much hangs on modules and classes of the shipped code, and what two builds of a service share."""

import gc
import sys
from collections import deque
from collections.abc import Iterator, Mapping
from enum import Enum
from types import BuiltinFunctionType, CellType, FunctionType, MethodType, ModuleType
from typing import Any

ROOMS = ("services.", "shared.")
CONTAINERS = (dict, list, set, deque, bytearray)
DEPTH_MAX = 60


def ours(thing: Any) -> bool:
    """Say whether a class or function is of the shipped code."""
    return str(getattr(thing, "__module__", "")).startswith(ROOMS)


def modules() -> list[tuple[str, ModuleType]]:
    """Return the shipped modules that are loaded."""
    return [(name, module) for name, module in sorted(sys.modules.items()) if name.startswith(ROOMS)]


def remembered() -> dict[str, int]:
    """Return the size of everything changeable that a module or one of its classes names, down to what it contains."""
    found: dict[str, int] = {}
    for name, module in modules():
        for word, value in list(vars(module).items()):
            if isinstance(value, type) and ours(value) and value.__module__ == name:
                found |= {f"{name}.{word}.{inner}": _size(each) for inner, each in vars(value).items() if _counts(inner, each)}
            elif _counts(word, value):
                found[f"{name}.{word}"] = _size(value)
    return found


def _counts(word: str, value: Any) -> bool:
    if word.startswith(("__", "_abc", "_member", "_value2", "_unhashable", "_hashable", "model_")):
        return False
    return isinstance(value, CONTAINERS) or hasattr(value, "cache_info") or (ours(type(value)) and not isinstance(value, type | Enum))


def _size(value: Any, depth: int = 4) -> int:
    if hasattr(value, "cache_info"):
        return int(value.cache_info().currsize)
    inner: list[Any] = []
    if isinstance(value, Mapping):
        inner = list(value.values())
    elif isinstance(value, list | set | tuple | deque):
        inner = list(value)
    elif ours(type(value)) and hasattr(value, "__dict__"):
        inner = list(vars(value).values())
    return len(inner) + sum(_size(each, depth - 1) for each in inner if depth and not isinstance(each, str | bytes | type))


def shared_between(one: Any, other: Any) -> list[str]:
    """Return what can change and is reachable from both: objects of our own classes, and containers that such an object holds."""
    constants = {id(value) for _, module in modules() for word, value in vars(module).items() if word.lstrip("_").isupper()}
    first, second = _reachable(one), _reachable(other)
    both = sorted(path for number, path in first.items() if number in second and number not in constants)
    return [path for path in both if path]


def _reachable(root: Any) -> dict[int, str]:
    """Return by identity every changeable thing that hangs on `root`, with the way to it; everything else is passed through."""
    found: dict[int, str] = {}
    seen: dict[int, Any] = {id(root): root}
    waiting: deque[tuple[Any, str, int]] = deque([(root, type(root).__name__, 0)])
    while waiting:
        thing, path, depth = waiting.popleft()
        for name, inner in _held(thing) if depth < DEPTH_MAX else ():
            if id(inner) in seen:
                continue
            seen[id(inner)] = inner
            way = f"{path}.{name}"
            if (ours(type(inner)) and _changeable(inner)) or (isinstance(inner, CONTAINERS) and ours(type(thing))):
                found[id(inner)] = f"{way} ({type(inner).__name__})"
            waiting.append((inner, way, depth + 1))
    return found


def _changeable(thing: Any) -> bool:
    parameters = getattr(type(thing), "__dataclass_params__", None)
    frozen = (parameters is not None and parameters.frozen) or getattr(type(thing), "model_config", {}).get("frozen", False)
    return not frozen and not isinstance(thing, Enum) and bool(getattr(thing, "__dict__", None) or isinstance(thing, CONTAINERS))


def _held(thing: Any) -> Iterator[tuple[str, Any]]:
    """Return what a thing holds by itself: no classes, no modules, no module's names by way of a function."""
    if isinstance(thing, type | ModuleType | BuiltinFunctionType | Enum | str | bytes | int | float | None.__class__):
        return
    if isinstance(thing, FunctionType):
        yield from (("closure", cell.cell_contents) for cell in thing.__closure__ or () if _filled(cell))
        yield from (("default", each) for each in (*(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()))
    elif isinstance(thing, MethodType):
        yield "self", thing.__self__
    elif ours(type(thing)) and hasattr(thing, "__dict__"):
        yield from vars(thing).items()
    elif isinstance(thing, dict):
        yield from ((str(name)[:30], each) for name, each in thing.items())
    else:
        yield from ((type(each).__name__, each) for each in gc.get_referents(thing) if each is not type(thing))


def _filled(cell: CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - asking is how one learns it
    except ValueError:
        return False
    return True
