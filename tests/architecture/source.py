"""Reads the project's own source for the architecture tests."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ("shared", "services", "deploy")
_TREES: dict[Path, ast.Module] = {}


def python_files(*rooms: str) -> list[Path]:
    """Return the Python files of `rooms` (all when none is named), sorted, relative to the project."""
    return sorted(path.relative_to(ROOT) for room in rooms or (*SHIPPED, "tests") for path in (ROOT / room).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    """Return the syntax tree of a file; each file is read once, and nobody changes a tree."""
    if path not in _TREES:
        _TREES[path] = ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))
    return _TREES[path]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Return every function and method below `tree`."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def dotted(node: ast.AST) -> str:
    """Return `a.b.c` for a name or attribute chain, else an empty text."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr}" if left else ""
    return ""
