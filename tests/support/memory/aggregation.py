"""The few aggregation stages that the code uses; every other is refused."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.support.memory.documents import MISSING, Document, Unknown, matches, ordered, projected, value_at


def aggregated(documents: Sequence[Document], pipeline: Sequence[Mapping[str, Any]]) -> list[Document]:
    """Run a pipeline over documents."""
    rows = list(documents)
    for stage in pipeline:
        (name, argument), *more = stage.items()
        if more:
            raise Unknown("a stage with two names")
        rows = _stage(name, argument, rows)
    return rows


def _stage(name: str, argument: Any, rows: list[Document]) -> list[Document]:  # noqa: PLR0911 - one line per stage
    if name == "$match":
        return [row for row in rows if matches(row, argument)]
    if name == "$sort":
        return ordered(rows, list(argument.items()))
    if name == "$limit":
        return rows[:argument]
    if name == "$project":
        return [projected(row, argument) for row in rows]
    if name == "$count":
        return [{argument: len(rows)}] if rows else []
    if name == "$unwind":
        path = argument.removeprefix("$")
        return [row | {path: each} for row in rows for each in _list_at(row, path)]
    if name == "$group":
        return _grouped(argument, rows)
    raise Unknown(name)


def _list_at(row: Document, path: str) -> list[Any]:
    found = value_at(row, path)
    return found if isinstance(found, list) else [] if found is MISSING or found is None else [found]


def _grouped(argument: Mapping[str, Any], rows: list[Document]) -> list[Document]:
    groups: dict[str, tuple[Any, list[Document]]] = {}
    for row in rows:
        key = _expression(argument["_id"], row)
        groups.setdefault(repr(key), (key, []))[1].append(row)
    fields = {name: each for name, each in argument.items() if name != "_id"}
    return [{"_id": key} | {name: _accumulated(each, members) for name, each in fields.items()} for key, members in groups.values()]


def _accumulated(accumulator: Mapping[str, Any], rows: list[Document]) -> Any:
    ((operator, expression),) = accumulator.items()
    values = [_expression(expression, row) for row in rows]
    present = [value for value in values if value is not None]
    if operator == "$sum":
        return sum(present)
    if operator == "$min":
        return min(present, default=None)
    if operator == "$max":
        return max(present, default=None)
    if operator == "$first":
        return values[0]
    raise Unknown(operator)


def _expression(expression: Any, row: Document) -> Any:
    if isinstance(expression, str) and expression.startswith("$"):
        found = value_at(row, expression[1:])
        return None if found is MISSING else found
    if isinstance(expression, Mapping):
        if any(key.startswith("$") for key in expression):
            raise Unknown(str(next(iter(expression))))
        return {name: _expression(each, row) for name, each in expression.items()}
    return expression
